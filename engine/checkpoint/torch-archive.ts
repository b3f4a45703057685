/** Reads the tensors of a `.bin` or `.pt` that torch.save wrote: a zip archive with a pickle and the storages (torch/serialization.py). */
import { readFile } from 'node:fs/promises';
import { ArchiveFault, openArchive, type Archive } from '../data/zip.ts';
import { asOurs, StudioError } from '../spec/errors.ts';
import { elementBytes, widen } from './convert.ts';
import { isPickledTensor, readPickle, type PickledTensor } from './pickle.ts';
import { elementCount, type TensorEntry, type TensorFile } from './tensor-file.ts';

const dtypes: ReadonlyMap<string, string> = new Map([
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

/** A dictionary of tensors, held in memory. Errors: `file.missing`, `file.unreadable`, `checkpoint.corrupt`, `checkpoint.code`. */
export async function openTorchArchive(path: string): Promise<TensorFile> {
  const corrupt = (reason: string): StudioError => new StudioError('checkpoint.corrupt', { path, reason });
  const archive = await openZip(path, corrupt);
  const read = (name: string): Uint8Array<ArrayBuffer> => {
    const bytes = archive.read(name);
    if (bytes === null) throw corrupt(`it lacks ${name}`);
    // A buffer of its own, so that its elements are aligned.
    return Uint8Array.from(bytes);
  };
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw corrupt('it holds no tensors that torch.save wrote');
  const root = pickle.slice(0, -'data.pkl'.length);
  const byteOrder = archive.read(`${root}byteorder`)?.toString('utf8') ?? 'little';
  if (byteOrder !== 'little') throw corrupt(`its numbers are ${byteOrder}-endian`);
  const state = readPickle(read(pickle), path);
  if (!(state instanceof Map)) throw corrupt('it holds no dictionary of tensors');
  const tensors = new Map([...state].map(([name, value]) => [String(name), tensorOf(value, String(name), corrupt)]));
  const rawOf = (name: string): { entry: TensorEntry; bytes: Uint8Array<ArrayBuffer> } => {
    const tensor = tensors.get(name);
    if (!tensor) throw new StudioError('model.weight-missing', { path, name });
    return {
      entry: entryOf(name, tensor, path),
      bytes: gathered(tensor, read(`${root}data/${tensor.storage.key}`), corrupt),
    };
  };
  return {
    path,
    metadata: {},
    tensors: new Map([...tensors].map(([name, tensor]) => [name, entryOf(name, tensor, path)])),
    read: (name) => {
      const { entry, bytes } = rawOf(name);
      const toFloat = widen.get(entry.dtype);
      if (!toFloat) throw new StudioError('checkpoint.type', { path, name, type: entry.dtype });
      return Promise.resolve(toFloat(bytes, elementCount(entry.shape) ?? 0));
    },
    readRaw: (name) => Promise.resolve(rawOf(name).bytes),
    close: () => Promise.resolve(),
  };
}

type Corrupt = (reason: string) => StudioError;

async function openZip(path: string, corrupt: Corrupt): Promise<Archive> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw asOurs(thrown);
  }
  if (bytes.subarray(0, 2).toString('latin1') !== 'PK') throw corrupt('it is no archive of PyTorch 1.6 or later');
  try {
    return openArchive(bytes);
  } catch (thrown) {
    if (thrown instanceof ArchiveFault) throw corrupt(thrown.message);
    throw thrown;
  }
}

function tensorOf(value: unknown, name: string, corrupt: Corrupt): PickledTensor {
  const sizes = (list: unknown): boolean =>
    Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  if (!isPickledTensor(value) || !sizes([value.offset]) || !sizes(value.shape) || !sizes(value.strides))
    throw corrupt(`${name} is no tensor`);
  return value;
}

function entryOf(name: string, { storage, shape }: PickledTensor, path: string): TensorEntry {
  const dtype = dtypes.get(storage.type) ?? storage.type;
  const bytes = (elementCount(shape) ?? 0) * (elementBytes.get(dtype) ?? 0);
  return { name, dtype, shape, offset: 0, bytes, file: path, asStored: false };
}

/** The tensor's own elements in row-major order: a view of a storage may be a part of it, or transposed. */
function gathered(tensor: PickledTensor, storage: Uint8Array, corrupt: Corrupt): Uint8Array<ArrayBuffer> {
  const { shape, strides, offset } = tensor;
  const width = elementBytes.get(dtypes.get(tensor.storage.type) ?? '') ?? 0;
  const count = elementCount(shape);
  const last = offset + shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  const needed = Math.max(count ?? Infinity, count === 0 ? 0 : last + 1) * width;
  if (count === null || strides.length !== shape.length || needed > storage.length)
    throw corrupt('a tensor reaches beyond its storage');
  const into = new Uint8Array(count * width);
  const row = shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 1;
  for (let start = 0; start < count; start += row) {
    let from = offset;
    let rest = start / row;
    for (let axis = shape.length - 2; axis >= 0; axis -= 1) {
      const size = shape[axis] ?? 1;
      from += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    if (step === 1 || row === 1) into.set(storage.subarray(from * width, (from + row) * width), start * width);
    else
      for (let column = 0; column < row; column += 1) {
        const at = (from + column * step) * width;
        into.set(storage.subarray(at, at + width), (start + column) * width);
      }
  }
  return into;
}

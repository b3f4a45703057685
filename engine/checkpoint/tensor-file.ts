/** What a file of tensors is, whichever format it has. */
import { StudioError } from '../spec/errors.ts';

/** One tensor of a file: what it is and where its bytes lie. */
export interface TensorEntry {
  readonly name: string;
  /** `F32`, `F16`, `BF16`, `I64` … or a GGUF block type such as `Q4_1`. */
  readonly dtype: string;
  /** Row-major, outermost first. */
  readonly shape: readonly number[];
  /** Absolute position of the first byte in `file`. */
  readonly offset: number;
  readonly bytes: number;
  /** Real path, links resolved. */
  readonly file: string;
  /** The stored bytes are, in this order, the tensor that `read` gives: they may be mapped instead of read. */
  readonly asStored: boolean;
}

export interface TensorFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The tensor as float32, row-major; reads its byte range only. Throws `checkpoint.type` where no conversion is known. */
  read(name: string): Promise<Float32Array>;
  /** The stored bytes as they are. */
  readRaw(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Number of elements of a shape, or null where it is more than a double can count. */
export function elementCount(shape: readonly number[]): number | null {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/** A tensor of learned weights, each of them a number: one that is none would make every answer none. Errors: `checkpoint.corrupt`. */
export async function readNumbers(file: Pick<TensorFile, 'path' | 'read'>, name: string): Promise<Float32Array> {
  const values = await file.read(name);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return values;
  const reason = `tensor ${name}: its value ${String(at)} is ${String(values[at])}, which is no number`;
  throw new StudioError('checkpoint.corrupt', { path: file.path, reason });
}

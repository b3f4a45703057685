/** A GGUF model in several files, as llama.cpp's gguf-split makes them: one door to all of their tensors. */
import { StudioError } from '../spec/errors.ts';
import { openGguf, type GgufFile } from './gguf.ts';

/** Opens the file, and those beside it where it is the first of several. Errors: those of `openGguf`. */
export async function openGgufShards(path: string): Promise<GgufFile> {
  const first = await openGguf(path);
  const opened = [first];
  try {
    const count = first.keys.get('split.count');
    if (typeof count !== 'number' || count <= 1) return first;
    for (const other of otherShards(path, count)) opened.push(await openGguf(other));
    return together(first, opened);
  } catch (thrown) {
    for (const file of opened) await file.close();
    throw thrown;
  }
}

/** The keys are in the first file, and every file is named after its place. */
function otherShards(path: string, count: number): readonly string[] {
  const [, stem = '', place = '', all = ''] = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(path) ?? [];
  if (Number(place) !== 1 || Number(all) !== count) {
    const first = `${stem === '' ? '…' : stem}-00001-of-${numbered(count)}.gguf`;
    throw new StudioError('checkpoint.corrupt', {
      path,
      reason: `it is one of ${count} files; open the first, ${first}`,
    });
  }
  return Array.from({ length: count - 1 }, (_, i) => `${stem}-${numbered(i + 2)}-of-${numbered(count)}.gguf`);
}

function numbered(place: number): string {
  return String(place).padStart(5, '0');
}

function together(first: GgufFile, files: readonly GgufFile[]): GgufFile {
  const owners = new Map<string, GgufFile>();
  for (const file of files) {
    for (const name of file.tensors.keys()) {
      if (owners.has(name)) {
        throw new StudioError('checkpoint.corrupt', { path: file.path, reason: `tensor ${name} is in two files` });
      }
      owners.set(name, file);
    }
  }
  const ownerOf = (name: string): GgufFile => owners.get(name) ?? first;
  return {
    path: first.path,
    keys: first.keys,
    metadata: first.metadata,
    tensors: new Map(files.flatMap((file) => [...file.tensors])),
    read: (name) => ownerOf(name).read(name),
    readRaw: (name) => ownerOf(name).readRaw(name),
    async close() {
      for (const file of files) await file.close();
    },
  };
}

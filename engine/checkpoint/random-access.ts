/** Positional reads from one open file: a range and nothing else. */
import { open, realpath, stat } from 'node:fs/promises';
import { StudioError, asOurs } from '../spec/errors.ts';

/** One call of the system reads less than 2 GiB. */
const largestRead = 1 << 30;

export interface RandomAccess {
  /** Real path, links resolved. */
  readonly path: string;
  readonly size: number;
  /** Exactly `length` bytes in a buffer of their own, or `checkpoint.corrupt` when the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Opens a regular file. Errors: `file.missing`, `file.unreadable`. */
export async function openRandomAccess(path: string): Promise<RandomAccess> {
  try {
    const real = await realpath(path);
    // Opening a pipe would wait for its writer.
    if (!(await stat(real)).isFile()) throw new StudioError('file.unreadable', { path, reason: 'not a regular file' });
    const handle = await open(real, 'r');
    const { size } = await handle.stat();
    return {
      path: real,
      size,
      async read(offset, length) {
        const into = new Uint8Array(length);
        for (let done = 0; done < length;) {
          const wanted = Math.min(length - done, largestRead);
          const { bytesRead } = await handle.read(into, done, wanted, offset + done);
          if (bytesRead === 0) {
            throw new StudioError('checkpoint.corrupt', { path, reason: `ends before byte ${offset + length}` });
          }
          done += bytesRead;
        }
        return into;
      },
      close: () => handle.close(),
    };
  } catch (thrown) {
    throw asOurs(thrown);
  }
}

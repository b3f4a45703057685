/** A file the browser sends, kept in the data folder in a folder of its hash, under its own name. */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StudioError } from '../../engine/spec/errors.ts';

/** Bytes one upload may have. */
export const uploadLimit = 4 * 2 ** 30;

/**
 * Streams a body to `<folder>/<hash>/<name>`: whoever speaks of the file calls it as the user does. The same file twice
 * is one file. Leaves nothing half-written.
 */
export async function receiveUpload(
  body: Readable,
  options: { folder: string; name: string; limit?: number },
): Promise<{ path: string }> {
  const { folder, limit = uploadLimit } = options;
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `.partial-${randomUUID()}`);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    await pipeline(
      async function* () {
        // A refused body is left open, so that its sender can still be answered.
        for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > limit) throw new StudioError('request.too-large', { bytes, limit });
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(partial, { flags: 'wx', mode: 0o600 }),
    );
    const home = join(folder, hash.digest('hex').slice(0, 16));
    await mkdir(home, { recursive: true });
    const path = join(home, safeName(options.name));
    await rename(partial, path);
    return { path };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The last part of a name with what no file system takes replaced; its end, the format, stays. */
export function safeName(name: string): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const clean = Array.from(last, (sign) => (sign < ' ' || '<>:"|?*\u007f'.includes(sign) ? '_' : sign))
    .join('')
    .replace(/^\.+|[. ]+$/g, '');
  if (clean === '') return 'file';
  return Array.from(clean).slice(-80).join('');
}

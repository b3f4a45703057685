/** Where adapters are best kept: the same bytes as a blob in the store and as a file beside the run, written safely and read back. */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { adaptersTable } from '../../main/store/adapters.ts';
import { openDatabase } from '../../main/store/sqlite.ts';

const sizes = [4e3, 16e3, 64e3, 256e3, 1e6, 4e6, 16e6, 64e6];

interface Line {
  readonly size: number;
  readonly blobWrite: number;
  readonly fileWrite: number;
  readonly blobRead: number;
  readonly fileRead: number;
  /** Milliseconds the store takes to open (health check included) with ten such blobs in it. */
  readonly open: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function measure(size: number, folder: string): Line {
  const repeats = size >= 16e6 ? 5 : 11;
  const path = join(folder, `${String(size)}.sqlite`);
  let database = openDatabase(path);
  database.exec(`
    INSERT INTO recipes VALUES ('s', '{}');
    INSERT INTO runs VALUES ('r', NULL, '', '', '', '', '', '', 's', '', 0, '', NULL, 0, 0, NULL, 0, 0, 0, NULL, NULL, NULL)`);
  const table = adaptersTable(database);
  const contents = Array.from({ length: repeats }, () => randomBytes(size));
  const [blobWrites, fileWrites, blobReads, fileReads]: number[][] = [[], [], [], []];
  contents.forEach((content, index) => {
    blobWrites?.push(
      timed(() => {
        table.save('r', [{ name: 'a', bytes: size, sha256: String(index), content }]);
        database.pragma('wal_checkpoint(TRUNCATE)');
      }),
    );
    const file = join(folder, `${String(size)}-${String(index)}`);
    fileWrites?.push(
      timed(() => {
        writeFileSafely(file, content);
      }),
    );
    blobReads?.push(timed(() => table.list('r')));
    fileReads?.push(timed(() => readFileSync(file)));
    rmSync(file);
  });
  table.save(
    'r',
    Array.from({ length: 10 }, (_, index) => ({
      name: String(index),
      bytes: size,
      sha256: `ten ${String(index)}`,
      content: contents[0] ?? null,
    })),
  );
  database.close();
  const open = timed(() => {
    database = openDatabase(path);
  });
  database.close();
  if (statSync(path).size < 10 * size) throw new Error('the blobs are not in the file');
  rmSync(path);
  return {
    size,
    blobWrite: median(blobWrites ?? []),
    fileWrite: median(fileWrites ?? []),
    blobRead: median(blobReads ?? []),
    fileRead: median(fileReads ?? []),
    open,
  };
}

/** As a run's file has to be written to survive a cut: whole, on disk, then in place. */
function writeFileSafely(path: string, content: Buffer): void {
  const handle = openSync(`${path}.partial`, 'w');
  writeSync(handle, content);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(`${path}.partial`, path);
}

const folder = mkdtempSync(join(tmpdir(), 'atelier-blobs-'));
try {
  console.log('bytes      | write blob | write file | read blob | read file | open with ten');
  for (const size of sizes) {
    const line = measure(size, folder);
    const times = [line.blobWrite, line.fileWrite, line.blobRead, line.fileRead, line.open].map(
      (time) => `${time.toFixed(2)} ms`,
    );
    console.log([size.toLocaleString('en').padStart(10), ...times.map((time) => time.padStart(10))].join(' | '));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

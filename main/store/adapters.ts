/** What a run learned: small files as blobs here, larger ones by their hash beside the run. */
import type { Database } from 'better-sqlite3';

/**
 * Bytes of the largest file that is kept in the store; larger ones stay in the run's folder, known by their SHA-256.
 * Measured by test/bench/store-blobs.ts on a busy 2-core machine with an SSD, median milliseconds to write durably, to
 * read, and to open a store with ten of them (in brackets the same as files):
 *   256 kB:  20 (4), 0.4 (0.1),   3
 *     1 MB:  28 (4), 0.8 (0.1),  22
 *     4 MB:  50 (8), 2.2 (0.3),  30
 *    16 MB: 180 (28), 32 (4),   152
 *    64 MB: 515 (53), 148 (46), 760
 * A file is never slower, so blobs are not for speed: they make what was learned one with the run's record, and it
 * survives a cleared run folder. 4 MB takes in the LoRA adapters, heads and tokenizers of the catalogue's models and
 * costs less than a person notices; from 16 MB on the one thread that answers the window would stand still visibly.
 */
export const blobLimit = 4_000_000;

export interface AdapterFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Null: only the file in the run's folder has it. */
  readonly content: Buffer | null;
}

export function adaptersTable(database: Database) {
  const insert = database.prepare('INSERT INTO adapters (run_id, name, bytes, sha256) VALUES (?, ?, ?, ?)');
  const keep = database.prepare('INSERT INTO blobs (sha256, content) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const sweep = database.prepare('DELETE FROM blobs WHERE sha256 NOT IN (SELECT sha256 FROM adapters)');
  const clear = database.prepare('DELETE FROM adapters WHERE run_id = ?');
  const list = database.prepare<[string], AdapterFile>(
    'SELECT name, bytes, sha256, content FROM adapters LEFT JOIN blobs USING (sha256) WHERE run_id = ? ORDER BY name',
  );
  const save = database.transaction((runId: string, files: readonly AdapterFile[]) => {
    clear.run(runId);
    for (const { name, bytes, sha256, content } of files) {
      insert.run(runId, name, bytes, sha256);
      if (content !== null) keep.run(sha256, content);
    }
    sweep.run();
  });
  return {
    /** Replaces what was kept of this run. The same content, a tokenizer say, is kept once for all runs. */
    save: (runId: string, files: readonly AdapterFile[]): void => {
      save(runId, files);
    },
    list: (runId: string): readonly AdapterFile[] => list.all(runId),
  };
}

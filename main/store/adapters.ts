/** What a run learned: small files as blobs here, larger ones by their hash beside the run. */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';

export const blobLimit = 1_000_000;

export interface AdapterFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Null: only the file in the run's folder has it. */
  readonly content: Buffer | null;
}

export function adaptersTable(database: Database) {
  const insert = database.prepare('INSERT INTO adapters (run_id, name, bytes, sha256, content) VALUES (?, ?, ?, ?, ?)');
  const clear = database.prepare('DELETE FROM adapters WHERE run_id = ?');
  const list = database.prepare<[string], AdapterFile>('SELECT name, bytes, sha256, content FROM adapters WHERE run_id = ? ORDER BY name');
  const save = database.transaction((runId: string, files: readonly AdapterFile[]) => {
    clear.run(runId);
    for (const file of files) insert.run(runId, file.name, file.bytes, file.sha256, file.content);
  });
  return {
    /** Replaces what was kept of this run. */
    save: (runId: string, files: readonly AdapterFile[]): void => {
      save(runId, files);
    },
    list: (runId: string): readonly AdapterFile[] => list.all(runId),
  };
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

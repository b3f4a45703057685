/** A project's dataset: its files with their hashes, the mapping and split in force, and what the engine reported. */
import type { Database } from 'better-sqlite3';
import type { DatasetView } from '../../engine/spec/dataset.ts';

export interface DatasetFile {
  readonly role: 'train' | 'validation' | 'test';
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface DatasetRecord {
  readonly files: readonly DatasetFile[];
  readonly report: DatasetView;
}

export function datasetsTable(database: Database) {
  const one = database.prepare<[string], { report: string }>('SELECT report FROM datasets WHERE project_id = ?');
  const files = database.prepare<[string], DatasetFile>(
    'SELECT role, path, bytes, sha256 FROM dataset_files WHERE project_id = ? ORDER BY position',
  );
  const clear = database.prepare('DELETE FROM datasets WHERE project_id = ?');
  const insert = database.prepare(
    'INSERT INTO datasets (project_id, mapping, split, findings, report) VALUES (?, ?, ?, ?, ?)',
  );
  const insertFile = database.prepare(
    'INSERT INTO dataset_files (project_id, position, role, path, bytes, sha256) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const save = database.transaction((projectId: string, { files: list, report }: DatasetRecord) => {
    clear.run(projectId);
    const mapping = report.mapping ? JSON.stringify(report.mapping) : null;
    insert.run(
      projectId,
      mapping,
      JSON.stringify(report.split),
      JSON.stringify(report.findings),
      JSON.stringify(report),
    );
    list.forEach((file, position) =>
      insertFile.run(projectId, position, file.role, file.path, file.bytes, file.sha256),
    );
  });
  return {
    get: (projectId: string): DatasetRecord | null => {
      const row = one.get(projectId);
      return row ? { report: JSON.parse(row.report) as DatasetView, files: files.all(projectId) } : null;
    },
    /** Replaces what was there. */
    save: (projectId: string, dataset: DatasetRecord): void => {
      save(projectId, dataset);
    },
  };
}

/** One studio a data folder: a lock that the system lets go of when the process dies, however it dies. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StudioError } from '../../engine/spec/errors.ts';

/** Holds an exclusive transaction on a small file. Throws 'instance.second' when another studio has it. */
export function lockFolder(path: string): { readonly release: () => void } {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new StudioError('instance.second', { folder }, { cause: error });
    }
    throw error;
  }
  return {
    release: () => {
      if (!database.open) return;
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

/** Opening a SQLite file: settings, migrations, and its faults as ours. */
import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { BugError, StudioError } from '../../engine/spec/errors.ts';
import { migrations, type Migration } from './migrations.ts';

/**
 * Opens or makes the file and brings it to the newest version. `:memory:` keeps it in memory.
 * Throws 'store.newer' for a file of a later Atelier and 'store.corrupt' for a damaged one; both are left as they are.
 */
export function openDatabase(path: string, list: readonly Migration[] = migrations): Database.Database {
  const known = list.at(-1)?.version ?? 0;
  const existed = existsSync(path) && statSync(path).size > 0;
  return translated(path, () => {
    const database = new Database(path);
    try {
      const found = Number(database.pragma('user_version', { simple: true }));
      if (found > known) throw new StudioError('store.newer', { found, known });
      if (existed) checkHealth(database, path);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.pragma('foreign_keys = ON');
      database.pragma('trusted_schema = OFF');
      migrate(database, found, list);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Runs what is missing above `found`, each step in a transaction of its own. */
function migrate(database: Database.Database, found: number, list: readonly Migration[]): void {
  for (const { version, apply } of list) {
    if (version <= found) continue;
    database
      .transaction(() => {
        apply(database);
        database.pragma(`user_version = ${String(version)}`);
      })
      .immediate();
  }
}

/** A page read now and found torn is better than one found in the middle of a run. */
function checkHealth(database: Database.Database, path: string): void {
  const verdict = String(database.pragma('quick_check(1)', { simple: true }));
  if (verdict !== 'ok') throw new StudioError('store.corrupt', { path, reason: verdict });
}

/** Runs something on the store; SQLite's faults come out as 'store.corrupt', 'disk.full', 'file.unreadable'. */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Database.SqliteError ? ours(error, path) : error;
  }
}

function ours(error: InstanceType<typeof Database.SqliteError>, path: string): StudioError | BugError {
  const options = { cause: error };
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(error.code))
    return new StudioError('store.corrupt', { path, reason: error.message }, options);
  if (error.code === 'SQLITE_FULL')
    return new StudioError('disk.full', { path, neededBytes: 0, freeBytes: 0 }, options);
  if (/^SQLITE_(CANTOPEN|READONLY|IOERR|PERM)/.test(error.code)) {
    return new StudioError('file.unreadable', { path, reason: error.message }, options);
  }
  return new BugError(`${error.code}: ${error.message}`, options);
}

/** Every connection the studio ever made. */
import type { Database } from 'better-sqlite3';
import type { ConnectionView } from '../contract/views.ts';

export function connectionsTable(database: Database) {
  const insert = database.prepare(
    'INSERT INTO connections (time, url, bytes, outcome) VALUES (@time, @url, @bytes, @outcome)',
  );
  const all = database.prepare<[], ConnectionView>(
    'SELECT time, url, bytes, outcome FROM connections ORDER BY id DESC',
  );
  return {
    add: (connection: ConnectionView): void => {
      insert.run(connection);
    },
    /** Newest first. */
    list: (): readonly ConnectionView[] => all.all(),
  };
}

/** Models the user added from folders and files of their own. */
import type { Database } from 'better-sqlite3';
import type { ModelSummary } from '../../engine/spec/commands.ts';

export function modelsTable(database: Database) {
  const put = database.prepare(
    'INSERT INTO models (path, summary, added_at) VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE SET summary = excluded.summary',
  );
  const all = database.prepare<[], { summary: string }>('SELECT summary FROM models ORDER BY added_at, path');
  return {
    /** Adding a path twice keeps the newer summary. */
    add: (summary: ModelSummary, time: string): void => {
      put.run(summary.path, JSON.stringify(summary), time);
    },
    list: (): readonly ModelSummary[] => all.all().map(({ summary }) => JSON.parse(summary) as ModelSummary),
  };
}

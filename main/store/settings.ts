/** The user's settings, a row each; what was never set has its default. */
import type { Database } from 'better-sqlite3';
import type { SettingsView } from '../contract/views.ts';

export type StoredSettings = Omit<SettingsView, 'folder'>;

const defaults: StoredSettings = { theme: 'system', expert: false, offline: false, threads: 0, writing: {} };

export function settingsTable(database: Database) {
  const all = database.prepare<[], { name: string; value: string }>('SELECT name, value FROM settings');
  const put = database.prepare(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );
  const set = database.transaction((changes: Partial<StoredSettings>) => {
    for (const [name, value] of Object.entries(changes)) put.run(name, JSON.stringify(value));
  });
  return {
    get: (): StoredSettings => ({
      ...defaults,
      ...(Object.fromEntries(
        all.all().map(({ name, value }) => [name, JSON.parse(value) as unknown]),
      ) as Partial<StoredSettings>),
    }),
    set: (changes: Partial<StoredSettings>): void => {
      set(changes);
    },
  };
}

/** The store: one SQLite file with projects, data, runs and what they learned. The one door to `main/store`. */
import { adaptersTable } from './adapters.ts';
import { connectionsTable } from './connections.ts';
import { curvesTable } from './curves.ts';
import { datasetsTable } from './datasets.ts';
import { modelsTable } from './models.ts';
import { projectsTable } from './projects.ts';
import { runsTable } from './runs.ts';
import { settingsTable } from './settings.ts';
import { openDatabase, translated } from './sqlite.ts';

export { blobLimit, type AdapterFile } from './adapters.ts';
export type { DatasetFile, DatasetRecord } from './datasets.ts';
export type { ProjectRecord } from './projects.ts';
export type { RunRecord } from './runs.ts';

export interface Store {
  readonly projects: ReturnType<typeof projectsTable>;
  readonly datasets: ReturnType<typeof datasetsTable>;
  readonly runs: ReturnType<typeof runsTable>;
  readonly curves: ReturnType<typeof curvesTable>;
  readonly adapters: ReturnType<typeof adaptersTable>;
  readonly settings: ReturnType<typeof settingsTable>;
  readonly models: ReturnType<typeof modelsTable>;
  readonly connections: ReturnType<typeof connectionsTable>;
  /** All or nothing. Synchronous: nothing may wait inside. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens the store's file, or `:memory:`. Throws 'store.newer', 'store.corrupt', 'file.unreadable', 'disk.full'. */
export function openStore(path: string): Store {
  const database = openDatabase(path);
  const guard = <T extends Record<string, (...values: never[]) => unknown>>(table: T): T =>
    Object.fromEntries(
      Object.entries(table).map(([name, method]) => [
        name,
        (...values: never[]) => translated(path, () => method(...values)),
      ]),
    ) as T;
  return {
    projects: guard(projectsTable(database)),
    datasets: guard(datasetsTable(database)),
    runs: guard(runsTable(database)),
    curves: guard(curvesTable(database)),
    adapters: guard(adaptersTable(database)),
    settings: guard(settingsTable(database)),
    models: guard(modelsTable(database)),
    connections: guard(connectionsTable(database)),
    transaction: (work) => translated(path, () => database.transaction(work)()),
    close: () => {
      database.close();
    },
  };
}

/** Where things lie: the data folder with its parts, and what ships inside the app. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Paths {
  /** The data folder. */
  readonly home: string;
  readonly store: string;
  readonly lock: string;
  /** Downloaded models, a folder an id. */
  readonly models: string;
  readonly runs: string;
  readonly uploads: string;
  readonly exports: string;
  /** The starter model's folder. */
  readonly starter: string;
  /** The sample project's files. */
  readonly sample: { readonly train: string; readonly test: string };
  /** Extra folders searched for catalogue files by their names. */
  readonly extraModels: readonly string[];
}

export interface PathsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Folder that holds `engine/assets` and `main/assets`; absent: the sources' own. In a packaged app: its resources. */
  readonly assets?: string;
}

/**
 * The data folder is `$ATELIER_HOME`, or the platform's usual place. `$ATELIER_MODELS` names more folders (separated as
 * in `$PATH`) in which a catalogue model's file is looked for by name, at any of the first three levels: models kept on
 * a shared disk, or on a machine without network.
 */
export function studioPaths({ environment, platform, assets }: PathsOptions): Paths {
  const home = resolve(environment['ATELIER_HOME'] ?? usualHome(environment, platform));
  const root = assets ?? fileURLToPath(new URL('../..', import.meta.url));
  return {
    home,
    store: join(home, 'atelier.sqlite'),
    lock: join(home, 'lock.sqlite'),
    models: join(home, 'models'),
    runs: join(home, 'runs'),
    uploads: join(home, 'uploads'),
    exports: join(home, 'exports'),
    starter: join(root, 'engine', 'assets', 'minilm-l6'),
    sample: {
      train: join(root, 'main', 'assets', 'home-intents', 'train.csv'),
      test: join(root, 'main', 'assets', 'home-intents', 'test.csv'),
    },
    extraModels: (environment['ATELIER_MODELS'] ?? '')
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => resolve(folder)),
  };
}

export function makeFolders(paths: Paths): void {
  for (const folder of [paths.home, paths.models, paths.runs, paths.uploads, paths.exports])
    mkdirSync(folder, { recursive: true });
}

function usualHome(environment: PathsOptions['environment'], platform: NodeJS.Platform): string {
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Atelier');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Atelier');
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'atelier');
}

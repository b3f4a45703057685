/** The composition root under Node: the studio in a browser, for `npm start` without Electron and for `atelier serve`. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StudioError } from '../engine/spec/errors.ts';
import { dispatch } from './ipc/dispatch.ts';
import { serve } from './serve/serve.ts';
import { studioPaths, type Paths } from './services/paths.ts';
import { openStudio } from './services/studio.ts';
import { engineEnvironment } from './trainer/environment.ts';
import { createHost } from './trainer/host.ts';
import { forkNode } from './trainer/process.ts';

export interface StartOptions {
  /** 0 or absent: a free port. Any other: exactly this one, or 'port.in-use'. */
  readonly port?: number;
  /** Opens the default browser. */
  readonly open?: boolean;
  readonly paths?: Paths;
  /** Folder of the built window; the house's own when absent. */
  readonly pages?: string;
}

export interface StartedStudio {
  /** With its token; only this computer reaches it. */
  readonly address: string;
  close(): Promise<void>;
}

const usualPort = 4173;

/** Throws 'instance.second', 'port.in-use', 'store.newer', 'store.corrupt'. */
export async function startStudio(options: StartOptions = {}): Promise<StartedStudio> {
  const { port = 0, open = false } = options;
  const paths = options.paths ?? studioPaths({ environment: process.env, platform: process.platform });
  const pages = options.pages ?? fileURLToPath(new URL('../dist/renderer', import.meta.url));
  if (!existsSync(join(pages, 'index.html'))) throw new StudioError('pages.missing', { folder: pages });
  const studio = await openStudio({
    paths,
    engine: createHost({ fork: forkNode, env: engineEnvironment }),
    version: version(),
  });
  try {
    const serving = await serve({
      dispatch: dispatch(studio.services),
      subscribe: studio.subscribe,
      pages,
      uploads: paths.uploads,
      port: port === 0 ? usualPort : port,
      fixedPort: port !== 0,
    });
    if (open) openBrowser(serving.address);
    return {
      address: serving.address,
      close: async () => {
        await serving.close();
        await studio.close();
      },
    };
  } catch (error) {
    await studio.close();
    throw error;
  }
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

/** A computer without a browser still has the printed address. */
function openBrowser(address: string): void {
  const commands: Partial<Readonly<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
    win32: ['rundll32', 'url.dll,FileProtocolHandler'],
    darwin: ['open'],
  };
  const [command, ...first] = commands[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...first, address], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

/** An open studio: folders, lock, store, network and use cases, without any window yet. Electron and serve open the same. */
import { openStore } from '../store/store.ts';
import { lockFolder } from '../store/lock.ts';
import { createNet } from '../net/net.ts';
import type { Engine } from '../trainer/engine.ts';
import { newsHub, type NewsHub } from './news.ts';
import type { Services } from './parts.ts';
import { makeFolders, type Paths } from './paths.ts';
import { createServices } from './services.ts';

export interface StudioOptions {
  readonly paths: Paths;
  readonly engine: Engine;
  readonly version: string;
}

export interface OpenStudio {
  readonly services: Services;
  readonly subscribe: NewsHub['subscribe'];
  /** Ends runs and downloads, both to be continued, then the engine and the store. */
  close(): Promise<void>;
}

/** Throws 'instance.second', 'store.newer', 'store.corrupt', and what the folder itself refuses. Takes the engine over. */
export async function openStudio({ paths, engine, version }: StudioOptions): Promise<OpenStudio> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    makeFolders(paths);
    const lock = lockFolder(paths.lock);
    closers.push(() => {
      lock.release();
    });
    const store = openStore(paths.store);
    closers.push(() => {
      store.close();
    });
    const net = createNet({
      folder: paths.models,
      offline: () => store.settings.get().offline,
      log: (connection) => {
        store.connections.add(connection);
      },
    });
    closers.push(() => net.dispose());
    closers.push(() => engine.dispose());
    const hub = newsHub();
    const { services, dispose } = await createServices({
      store,
      engine,
      downloads: net.downloads,
      paths,
      publish: hub.publish,
      version,
    });
    closers.push(dispose);
    return { services, subscribe: hub.subscribe, close };
  } catch (error) {
    await close();
    await engine.dispose();
    throw error;
  }
}

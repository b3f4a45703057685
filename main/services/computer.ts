/** The computer, the settings, and what has gone over the network. */
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Parts, Services } from './parts.ts';

export function computerServices({
  store,
  paths,
  version,
}: Parts): Pick<Services, 'computer' | 'getSettings' | 'setSettings' | 'connections'> {
  const settings = () => ({ ...store.settings.get(), folder: paths.home });
  return {
    computer: async () => {
      const { bavail, bsize } = await statfs(paths.home);
      return {
        cores: availableParallelism(),
        memoryBytes: totalmem(),
        freeMemoryBytes: freemem(),
        freeDiskBytes: bavail * bsize,
        gpu: null,
        platform: `${process.platform} ${process.arch}`,
        version,
      };
    },
    getSettings: settings,
    setSettings: (changes) => {
      store.settings.set(Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)));
      return settings();
    },
    connections: () => store.connections.list(),
  };
}

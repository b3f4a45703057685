/** The computer, the settings, and what has gone over the network. */
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { generationSettings } from '../../engine/spec/generation.ts';
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
    setSettings: ({ writing = {}, ...changes }) => {
      // What an answer would refuse is refused before it is kept.
      for (const asked of Object.values(writing)) generationSettings(asked);
      store.settings.set({
        ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
        writing: { ...store.settings.get().writing, ...writing },
      });
      return settings();
    },
    connections: () => store.connections.list(),
  };
}

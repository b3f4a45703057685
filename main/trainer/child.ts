/** The entry of the engine's process: a forked Node child or Electron's utility process. */
import { runEngineProcess } from './engine-process.ts';

runEngineProcess(async () => (await import('../../engine/index.ts')).handlers);

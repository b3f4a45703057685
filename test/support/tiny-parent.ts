/** A process that starts an engine process, prints its id and then blocks: for the test that an engine outlives nobody. */
import { fileURLToPath } from 'node:url';
import { createHost } from '../../main/trainer/host.ts';
import { forkNode } from '../../main/trainer/process.ts';

const engine = createHost({ fork: forkNode, entry: fileURLToPath(new URL('tiny-engine.ts', import.meta.url)) });
const { parameters } = await engine.call('inspectModel', { modelPath: '' });
process.stdout.write(`${parameters}\n`);
setInterval(() => undefined, 1000);

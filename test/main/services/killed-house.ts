/** A studio in a process of its own that says when its run has learned a little, to be killed by the test that started it. */
import { openHouse, readyProject } from './house.ts';

const house = await openHouse(process.argv[2] ?? '');
const { id: projectId } = await readyProject(house, { maxSteps: 400, epochs: 100 });
const { id } = await house.services.startRun({ projectId });
await house.atStep(id, 5);
process.stdout.write(`learning ${id}\n`);

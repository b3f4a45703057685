/** A studio in a folder of its own, with the real store and the real engine, for tests of the use cases. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { News, Topic } from '../../../main/contract/index.ts';
import type { ProjectView, RunState, RunView } from '../../../main/contract/views.ts';
import { studioPaths, type Paths } from '../../../main/services/paths.ts';
import { openStudio, type OpenStudio } from '../../../main/services/studio.ts';
import { engineEnvironment } from '../../../main/trainer/environment.ts';
import { createHost } from '../../../main/trainer/host.ts';
import { forkNode } from '../../../main/trainer/process.ts';

export const shared = fileURLToPath(new URL('../../../../shared', import.meta.url));

export interface House {
  readonly folder: string;
  readonly paths: Paths;
  readonly studio: OpenStudio;
  readonly services: OpenStudio['services'];
  /** All news so far, oldest first. */
  readonly news: readonly { readonly topic: Topic; readonly news: News[Topic] }[];
  /** Resolves with the run once it is in one of these states. */
  reaches(runId: string, ...states: RunState[]): Promise<RunView>;
  /** Resolves once the run has done this many steps. */
  atStep(runId: string, step: number): Promise<RunView>;
}

export function housePaths(folder: string, models = ''): Paths {
  return studioPaths({
    environment: { ATELIER_HOME: join(folder, 'home'), ATELIER_MODELS: models },
    platform: 'linux',
  });
}

export async function openHouse(folder: string, models = ''): Promise<House> {
  const paths = housePaths(folder, models);
  const studio = await openStudio({
    paths,
    engine: createHost({ fork: forkNode, env: engineEnvironment }),
    version: 'test',
  });
  const news: { topic: Topic; news: News[Topic] }[] = [];
  studio.subscribe((topic, item) => news.push({ topic, news: item }));
  const until = async (runId: string, isThere: (run: RunView) => boolean): Promise<RunView> => {
    for (;;) {
      const run = await studio.services.getRun({ runId });
      if (isThere(run)) return run;
      if (['finished', 'stopped', 'failed', 'cancelled', 'interrupted'].includes(run.state)) {
        throw new Error(`the run ended as ${run.state} at step ${run.step}: ${JSON.stringify(run.error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    folder,
    paths,
    studio,
    services: studio.services,
    news,
    reaches: (runId, ...states) => until(runId, ({ state }) => states.includes(state)),
    atStep: (runId, step) => until(runId, (run) => run.step >= step),
  };
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'atelier-house-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const intents = new Set(['turn_on', 'set_temperature', 'play_media']);

/** The first rows of three intents of the shared set, as two CSV files. */
export function writeIntents(folder: string, rows = 60): { readonly train: string; readonly test: string } {
  const write = (name: string, limit: number): string => {
    const [header = '', ...lines] = readFileSync(join(shared, 'data/home-intents', name), 'utf8')
      .trimEnd()
      .split('\n');
    const chosen = lines.filter((line) => intents.has(line.slice(line.lastIndexOf(',') + 1).trim())).slice(0, limit);
    const path = join(folder, name);
    writeFileSync(path, [header, ...chosen, ''].join('\n'));
    return path;
  };
  return { train: write('train.csv', rows), test: write('test.csv', 24) };
}

/** A project with data, decided up to the settings: small steps, a safe point after nearly each. */
export async function readyProject(house: House, training: Record<string, number> = {}): Promise<ProjectView> {
  const { services, folder } = house;
  const { id: projectId } = await services.createProject({ name: 'Intents' });
  const { train, test } = writeIntents(folder);
  await services.addData({ projectId, train: [train], test: [test] });
  return await services.decide({
    projectId,
    task: 'text-classification',
    model: 'minilm-l6',
    method: 'lora',
    trainingChanges: { batchSize: 4, maxLength: 32, maxSteps: 24, checkpointSeconds: 0, ...training },
  });
}

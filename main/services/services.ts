/** All use cases on the parts they are handed: one function a call of the contract. */
import { answerServices } from './answers.ts';
import { computerServices } from './computer.ts';
import { dataRoom } from './data.ts';
import { evaluationServices } from './evaluations.ts';
import { exportServices } from './exports.ts';
import { importServices } from './imports.ts';
import { modelServices } from './models.ts';
import type { Parts, Services } from './parts.ts';
import { planner } from './plan.ts';
import { projectServices } from './projects.ts';
import { resultServices } from './result.ts';
import { RunQueue } from './runs.ts';
import { adapterStarts } from './starts.ts';
import { studioViews } from './views.ts';

export interface StudioServices {
  readonly services: Services;
  /** Ends the run under way; it is offered for continuing at the next start. */
  readonly dispose: () => Promise<void>;
}

/** Wires the use cases; runs that an earlier process left open are interrupted before the first call. */
export async function createServices(parts: Parts): Promise<StudioServices> {
  const views = studioViews(parts.store);
  const data = dataRoom(parts, views);
  const starts = adapterStarts(parts, views);
  const plans = planner(parts, { views, starts });
  const runs = new RunQueue(parts, { views, planner: plans });
  await runs.recover();
  return {
    services: {
      ...computerServices(parts),
      ...projectServices(parts, { views, data, planner: plans, starts }),
      ...data.services,
      ...modelServices(parts),
      ...plans.services,
      ...runs.services,
      ...resultServices(parts, views),
      ...evaluationServices(parts, views),
      ...answerServices(parts, { views, facts: plans.facts }),
      ...importServices(parts, views),
      ...exportServices(parts, { views, facts: plans.facts }),
    },
    dispose: () => runs.dispose(),
  };
}

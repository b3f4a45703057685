/** Training an adapter further: what it settles of a project's draft, and where it lies. */
import { StudioError } from '../../engine/spec/errors.ts';
import { keptSettings } from '../../engine/spec/methods/index.ts';
import type { DraftStart, ProjectDraft } from '../contract/views.ts';
import type { Parts } from './parts.ts';
import { restoredAdapter } from './run-folder.ts';
import type { Views } from './views.ts';

export interface Starts {
  /** What a run's adapter settles. Throws 'run.state' where there is no adapter, or nothing was learned. */
  settledBy(runId: string): Promise<Pick<ProjectDraft, 'start' | 'task' | 'model' | 'method' | 'methodChanges'>>;
  /** Its folder. */
  adapterOf(start: DraftStart): Promise<string>;
}

export function adapterStarts({ store, engine }: Parts, views: Views): Starts {
  const adapterOf = async (runId: string): Promise<string> => {
    const run = views.runRecord(runId);
    return await restoredAdapter(run.folder, store.adapters.list(run.id));
  };
  return {
    settledBy: async (runId) => {
      const run = views.runRecord(runId);
      const isThere = run.metrics !== null || run.state === 'finished';
      if (!isThere || run.metrics?.train.steps === 0)
        throw new StudioError('run.state', { state: run.state, wanted: 'trained further' });
      const { method, labels } = await engine.call('adapterSettings', { adapter: await adapterOf(runId) });
      const settings = Object.fromEntries(Object.entries(method).filter(([key]) => key !== 'name'));
      return {
        task: run.task,
        model: run.model,
        method: method.name,
        start: { runId, name: run.name, method: settings, labels },
        methodChanges: {},
      };
    },
    adapterOf: ({ runId }) => adapterOf(runId),
  };
}

/** Throws 'project.start' for the first decision that the adapter has taken. */
export function refuseOtherThanStart(before: ProjectDraft, after: ProjectDraft): void {
  const { start } = before;
  if (start === null || after.start === null) return;
  const names = { task: 'goal', model: 'model', method: 'method' } as const;
  for (const key of ['task', 'model', 'method'] as const)
    if (after[key] !== before[key]) throw new StudioError('project.start', { name: start.name, what: names[key] });
  const kept = before.method === null ? [] : keptSettings(before.method);
  const other = kept.find((key) => key in after.methodChanges);
  if (other !== undefined) throw new StudioError('project.start', { name: start.name, what: other });
}

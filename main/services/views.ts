/** Records of the store as the window is shown them. */
import { StudioError } from '../../engine/spec/errors.ts';
import type { ProjectView, RunView } from '../contract/views.ts';
import type { ProjectRecord, RunRecord, Store } from '../store/store.ts';

export interface Views {
  run(record: RunRecord): RunView;
  project(record: ProjectRecord): ProjectView;
  /** Throws 'not-found'. */
  runRecord(id: string): RunRecord;
  /** Throws 'not-found'. */
  projectRecord(id: string): ProjectRecord;
  /** What the run under way has left; null once nothing is known. */
  setSecondsLeft(runId: string, seconds: number | null): void;
}

export function studioViews(store: Store): Views {
  const secondsLeft = new Map<string, number>();
  const run = (record: RunRecord): RunView => ({
    id: record.id,
    projectId: record.projectId,
    name: record.name,
    state: record.state,
    task: record.task,
    method: record.method,
    model: record.model,
    folder: record.folder,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    step: record.step,
    steps: record.steps,
    keptStep: record.keptStep,
    secondsLeft: secondsLeft.get(record.id) ?? null,
    memoryBytes: record.memoryBytes,
    phase: record.phase,
    metrics: record.metrics,
    error: record.error,
  });
  return {
    run,
    project: (record) => {
      const latest = store.runs.newestOf(record.id);
      return {
        ...record,
        dataset: store.datasets.get(record.id)?.report ?? null,
        latestRun: latest === null ? null : run(latest),
      };
    },
    runRecord: (id) => store.runs.get(id) ?? notFound('run', id),
    projectRecord: (id) => store.projects.get(id) ?? notFound('project', id),
    setSecondsLeft: (runId, seconds) => {
      if (seconds === null) secondsLeft.delete(runId);
      else secondsLeft.set(runId, seconds);
    },
  };
}

function notFound(kind: string, id: string): never {
  throw new StudioError('not-found', { kind, id });
}

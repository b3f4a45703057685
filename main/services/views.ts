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
  const run = ({ recipe: _recipe, modelPath: _modelPath, queuedAt: _queuedAt, stepsPerEpoch: _steps, truncatedRows: _rows, ...shown }: RunRecord): RunView => ({
    ...shown,
    secondsLeft: secondsLeft.get(shown.id) ?? null,
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

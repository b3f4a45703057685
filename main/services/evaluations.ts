/** Measuring a run's adapter on new rows: an imported one has no other figures. */
import { resolve } from 'node:path';
import { CancelledError, StudioError } from '../../engine/spec/errors.ts';
import { modelPathOf } from './models.ts';
import type { Parts, Services } from './parts.ts';
import { measuredRows } from './result.ts';
import { restoredAdapter } from './run-folder.ts';
import type { Views } from './views.ts';

export function evaluationServices(
  { store, engine, paths, publish }: Parts,
  views: Views,
): Pick<Services, 'evaluateRun' | 'cancelEvaluation'> {
  const underWay = new Map<string, AbortController>();
  return {
    evaluateRun: async ({ runId, data }) => {
      const run = views.runRecord(runId);
      if (run.metrics === null && run.state !== 'finished')
        throw new StudioError('run.state', { state: run.state, wanted: 'measured' });
      if (underWay.has(runId)) throw new StudioError('busy', { what: 'Measuring' });
      const abort = new AbortController();
      underWay.set(runId, abort);
      try {
        const adapter = await restoredAdapter(run.folder, store.adapters.list(run.id));
        const { task, metric, figure, predictions } = await engine.call(
          'evaluate',
          { modelPath: modelPathOf(run, paths), adapter, data: resolve(data), columns: null },
          {
            signal: abort.signal,
            onNews: (progress) => publish('job', { method: 'evaluateRun', id: runId, ...progress }),
          },
        );
        if (abort.signal.aborted) throw new CancelledError('the measurement was cancelled');
        const { prompted } = run.metrics ?? {};
        const metrics = { task, metric, measuredOn: 'test', tuned: figure, baselines: null } as const;
        return {
          metrics: { ...metrics, ...(prompted && { prompted }) },
          ...measuredRows(predictions, await import('../../engine/index.ts')),
        };
      } finally {
        underWay.delete(runId);
      }
    },
    cancelEvaluation: ({ runId }) => {
      underWay.get(runId)?.abort();
      return null;
    },
  };
}

/** How a run's record follows from its events. Pure, so that a run read back from its file is the run that was watched. */
import type { RunEvent } from '../../engine/spec/events.ts';
import type { RunSeries } from '../contract/views.ts';
import type { RunRecord, Store } from '../store/store.ts';

export function afterEvent(run: RunRecord, event: RunEvent): RunRecord {
  switch (event.type) {
    case 'phase':
      return { ...run, phase: event.phase };
    case 'plan':
      return {
        ...run,
        state: 'running',
        steps: event.steps,
        stepsPerEpoch: event.stepsPerEpoch,
        truncatedRows: event.truncatedRows,
      };
    case 'step':
      return { ...run, state: 'running', phase: 'training', step: event.step, memoryBytes: event.memoryBytes };
    case 'evaluation':
      return event.kept ? { ...run, keptStep: event.step } : run;
    case 'resumed':
      return { ...run, state: 'running', step: event.step };
    case 'paused':
      return { ...run, state: 'paused', step: event.step };
    case 'continued':
      return { ...run, state: 'running' };
    case 'finished':
      return { ...run, keptStep: event.keptStep, metrics: event.metrics };
    case 'checkpoint':
    case 'stopped':
      return run;
  }
}

/** All of a run's curves; long ones thinned to about `limit` steps, first and last included. */
export function seriesOf(store: Store, run: RunRecord, limit = 4000): RunSeries {
  const steps = store.curves.steps(run.id);
  const evaluations = store.curves.evaluations(run.id);
  const stride = Math.max(1, Math.ceil(steps.length / limit));
  return {
    steps: stride === 1 ? steps : steps.filter((_, index) => index % stride === 0 || index === steps.length - 1),
    evaluations: evaluations.map(({ step, epoch, loss, metrics, kept }) => ({ step, epoch, loss, metrics, kept })),
    samples: evaluations.at(-1)?.samples ?? [],
    stepsPerEpoch: run.stepsPerEpoch,
    truncatedRows: run.truncatedRows,
  };
}

/** Where the count of rows and seconds stood: rows a second come from differences. */
export interface Tally {
  readonly rows: number;
  readonly seconds: number;
}

/** What a batch of events adds to the curves, and the tally after it. `before` is null when the last step is not known. */
export function addedSeries(
  run: RunRecord,
  events: readonly RunEvent[],
  before: Tally | null,
): { readonly series: RunSeries; readonly tally: Tally | null } {
  let tally = before;
  const steps: RunSeries['steps'][number][] = [];
  const evaluations: RunSeries['evaluations'][number][] = [];
  let samples: RunSeries['samples'] = [];
  for (const event of events) {
    if (event.type === 'step') {
      const { step, loss, learningRate, gradNorm, memoryBytes, rows, seconds } = event;
      const from = tally ?? { rows: (rows * (step - 1)) / step, seconds: (seconds * (step - 1)) / step };
      const spent = seconds - from.seconds;
      steps.push({
        step,
        loss,
        learningRate,
        gradNorm,
        memoryBytes,
        rowsPerSecond: spent > 0 ? (rows - from.rows) / spent : 0,
      });
      tally = { rows, seconds };
    } else if (event.type === 'evaluation') {
      const { step, epoch, loss, metrics, kept } = event;
      evaluations.push({ step, epoch, loss, metrics, kept });
      samples = event.samples;
    } else if (event.type === 'resumed') {
      tally = null;
    }
  }
  return {
    series: { steps, evaluations, samples, stepsPerEpoch: run.stepsPerEpoch, truncatedRows: run.truncatedRows },
    tally,
  };
}

/** Seconds left, from the wall clock of the last steps: checks and safe points between them are part of the pace. */
export class Pace {
  readonly #recent: { readonly step: number; readonly at: number }[] = [];
  readonly #window: number;

  constructor(window = 60) {
    this.#window = window;
  }

  /** @param at seconds of a clock that never goes back */
  take(event: RunEvent, at: number): void {
    if (event.type === 'step') {
      this.#recent.push({ step: event.step, at });
      if (this.#recent.length > this.#window) this.#recent.shift();
    } else if (event.type === 'paused' || event.type === 'continued' || event.type === 'resumed') {
      this.#recent.length = 0;
    }
  }

  left(steps: number): number | null {
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    if (!first || !last || last.step <= first.step) return null;
    return ((last.at - first.at) / (last.step - first.step)) * Math.max(0, steps - last.step);
  }
}

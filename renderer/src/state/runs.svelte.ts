/** Every run the studio knows: the one at work, the newest of each project, and their curves as they grow. */
import { SvelteMap } from 'svelte/reactivity';
import type { Studio } from '../../../main/contract/index.ts';
import type { RunSeries, RunState, RunView } from '../../../main/contract/views.ts';
import { emptySeries, joinSeries } from '../lib/series.ts';
import { failureOf, type Failure } from './failure.ts';

const working: readonly RunState[] = ['queued', 'starting', 'running', 'paused'];

export function isWorking(run: RunView): boolean {
  return working.includes(run.state);
}

/** True once a run has ended with a version that can be asked and exported. */
export function hasWeights(run: RunView): boolean {
  return run.state === 'finished' || run.state === 'stopped';
}

export class Runs {
  readonly #studio: Studio;
  readonly #runs = new SvelteMap<string, RunView>();
  readonly #series = new SvelteMap<string, RunSeries>();
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** All runs, the newest first. */
  readonly all: readonly RunView[] = $derived.by(() =>
    [...this.#runs.values()].toSorted((a, b) => b.startedAt.localeCompare(a.startedAt)),
  );
  /** The run at work, running before waiting; null when nothing is. */
  readonly active: RunView | null = $derived(
    this.all.find((run) => isWorking(run) && run.state !== 'queued') ?? this.all.find(isWorking) ?? null,
  );

  /** What the last wish met; null when it was granted. */
  get failure(): Failure | null {
    return this.#failure;
  }

  get(runId: string): RunView | null {
    return this.#runs.get(runId) ?? null;
  }

  newestOf(projectId: string): RunView | null {
    return this.all.find((run) => run.projectId === projectId) ?? null;
  }

  /** The newest run of a project whose weights can be used. */
  keptOf(projectId: string): RunView | null {
    return this.all.find((run) => run.projectId === projectId && hasWeights(run)) ?? null;
  }

  seriesOf(runId: string): RunSeries {
    return this.#series.get(runId) ?? emptySeries;
  }

  /** Listens to news and reads what is known. Returns how to stop listening. */
  open(): () => void {
    const closers = [
      this.#studio.on('run', (run) => this.#runs.set(run.id, run)),
      this.#studio.on('series', ({ runId, series }) =>
        this.#series.set(runId, joinSeries(this.seriesOf(runId), series)),
      ),
    ];
    void this.refresh();
    return () => closers.forEach((close) => close());
  }

  async refresh(): Promise<void> {
    await this.#guarded(async () => {
      for (const run of await this.#studio.call('listRuns', {})) this.#runs.set(run.id, run);
    });
  }

  /** Reads a run and its curves as they are now; news appends to them. */
  async load(runId: string): Promise<void> {
    await this.#guarded(async () => {
      const [run, series] = await Promise.all([
        this.#studio.call('getRun', { runId }),
        this.#studio.call('runSeries', { runId }),
      ]);
      this.#runs.set(run.id, run);
      this.#series.set(runId, series);
    });
  }

  start(projectId: string): Promise<RunView | null> {
    return this.#wish(() => this.#studio.call('startRun', { projectId }));
  }

  pause(runId: string): Promise<RunView | null> {
    return this.#wish(() => this.#studio.call('pauseRun', { runId }));
  }

  goOn(runId: string): Promise<RunView | null> {
    return this.#wish(() => this.#studio.call('continueRun', { runId }));
  }

  stop(runId: string): Promise<RunView | null> {
    return this.#wish(() => this.#studio.call('stopRun', { runId }));
  }

  cancel(runId: string): Promise<RunView | null> {
    return this.#wish(() => this.#studio.call('cancelRun', { runId }));
  }

  #wish(ask: () => Promise<RunView>): Promise<RunView | null> {
    return this.#guarded(async () => {
      const run = await ask();
      this.#runs.set(run.id, run);
      return run;
    });
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T | null> {
    this.#failure = null;
    try {
      return await work();
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      return null;
    }
  }
}

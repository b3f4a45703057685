/** Runs: made from a project, queued one behind the other, watched, steered, and taken up again after a crash. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { asOurs, CancelledError, StudioError, toEnvelope } from '../../engine/spec/errors.ts';
import type { RunEvent } from '../../engine/spec/events.ts';
import type { Json } from '../../engine/spec/json.ts';
import type { Metrics } from '../../engine/spec/metrics.ts';
import { parseRecipe } from '../../engine/spec/recipe.ts';
import type { RunState, RunView } from '../contract/views.ts';
import { blobLimit, type RunRecord } from '../store/store.ts';
import type { Running } from '../trainer/engine.ts';
import { modelPathOf } from './models.ts';
import type { Parts, Services } from './parts.ts';
import type { Planner } from './plan.ts';
import { hasCheckpoint, readAdapter, readEvents, readMetrics, readResolvedRecipe } from './run-folder.ts';
import { addedSeries, afterEvent, Pace, seriesOf, type Tally } from './run-state.ts';
import type { Views } from './views.ts';

/** How long news is gathered before it is written and told: one transaction, one message. */
const batchMilliseconds = 200;

/** The run under way. */
interface Active {
  run: RunRecord;
  readonly running: Running<'train'>;
  readonly pace: Pace;
  events: RunEvent[];
  tally: Tally | null;
  timer: NodeJS.Timeout | null;
  stopAsked: boolean;
  ended: Promise<void>;
}

type RunCalls = Pick<
  Services,
  'startRun' | 'pauseRun' | 'continueRun' | 'stopRun' | 'cancelRun' | 'getRun' | 'listRuns' | 'runSeries' | 'importRun'
>;

/** One run at a time, the others wait in the order they were asked for. */
export class RunQueue {
  readonly #parts: Parts;
  readonly #views: Views;
  readonly #planner: Planner;
  readonly #waiting: string[] = [];
  #active: Active | null = null;
  #disposed = false;

  constructor(parts: Parts, { views, planner }: { views: Views; planner: Planner }) {
    this.#parts = parts;
    this.#views = views;
    this.#planner = planner;
  }

  get services(): RunCalls {
    const record = (id: string) => this.#views.runRecord(id);
    return {
      startRun: ({ projectId }) => this.#start(projectId),
      pauseRun: ({ runId }) => this.#pause(record(runId)),
      continueRun: ({ runId }) => this.#continue(record(runId)),
      stopRun: ({ runId }) => this.#stop(record(runId)),
      cancelRun: ({ runId }) => this.#cancel(record(runId)),
      getRun: ({ runId }) => this.#views.run(this.#current(record(runId))),
      listRuns: () => this.#parts.store.runs.list().map((run) => this.#views.run(this.#current(run))),
      runSeries: ({ runId }) => {
        const run = record(runId);
        if (this.#active?.run.id === runId) this.#flush(this.#active);
        return seriesOf(this.#parts.store, run);
      },
      importRun: ({ folder }) => this.#import(resolve(folder)),
    };
  }

  /** What was under way when the app last ended is interrupted; what its files know beyond the store is read back. */
  async recover(): Promise<void> {
    const { store } = this.#parts;
    const open: readonly RunState[] = ['queued', 'starting', 'running', 'paused'];
    for (const run of store.runs.list().filter(({ state }) => open.includes(state))) {
      const events = await readEvents(run.folder);
      const again = this.#indexed({ ...run, state: 'interrupted', phase: null }, events);
      const metrics = events.some(({ type }) => type === 'finished') ? await readMetrics(run.folder) : null;
      if (metrics !== null) await this.#finish(again, metrics, 'finished');
      else store.runs.save({ ...again, state: 'interrupted', phase: null });
    }
  }

  /** Ends the run under way; it is offered for continuing at the next start. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const active = this.#active;
    if (active === null) return;
    active.running.cancel();
    await active.ended;
  }

  async #start(projectId: string): Promise<RunView> {
    const { store, paths } = this.#parts;
    const project = this.#views.projectRecord(projectId);
    const { request, task, method, model } = await this.#planner.recipe(project);
    const id = runId(new Date());
    const run: RunRecord = {
      id,
      projectId,
      name: `${project.name}, run ${String(store.runs.countOf(projectId) + 1)}`,
      state: 'queued',
      task,
      method,
      model,
      modelPath: request.modelPath,
      recipe: request.recipe,
      folder: join(paths.runs, id),
      queuedAt: Date.now(),
      startedAt: new Date().toISOString(),
      finishedAt: null,
      step: 0,
      steps: 0,
      keptStep: null,
      stepsPerEpoch: 0,
      truncatedRows: 0,
      memoryBytes: 0,
      phase: null,
      metrics: null,
      error: null,
    };
    this.#enqueue(run);
    return this.#views.run(this.#views.runRecord(id));
  }

  #enqueue(run: RunRecord): void {
    this.#save({ ...run, state: 'queued', error: null, finishedAt: null, phase: null });
    this.#waiting.push(run.id);
    this.#next();
  }

  #next(): void {
    if (this.#active !== null || this.#disposed) return;
    const id = this.#waiting.shift();
    if (id === undefined) return;
    const run = this.#parts.store.runs.get(id);
    if (run === null) this.#next();
    else this.#begin(run);
  }

  #begin(queued: RunRecord): void {
    const { engine, paths } = this.#parts;
    const resume = hasCheckpoint(queued.folder);
    const run: RunRecord = { ...queued, state: 'starting' };
    let active: Active | null = null;
    // A run that never came to a safe point begins again in an empty folder.
    const ready = resume
      ? Promise.resolve()
      : rm(run.folder, { recursive: true, force: true }).then(() => mkdir(run.folder, { recursive: true }));
    const abort = new AbortController();
    let wish: 'run' | 'pause' | 'stop' = 'run';
    let inner: Running<'train'> | null = null;
    const reply = ready.then(() => {
      abort.signal.throwIfAborted();
      inner = engine.start(
        'train',
        { recipe: run.recipe, folder: paths.home, modelPath: run.modelPath, out: run.folder, resume },
        { onNews: (event) => active && this.#take(active, event), signal: abort.signal },
      );
      if (wish !== 'run') inner.steer(wish);
      return inner.reply;
    });
    const running: Running<'train'> = {
      reply,
      steer: (next) => {
        wish = next;
        inner?.steer(next);
      },
      cancel: () => {
        abort.abort(new CancelledError('the run was cancelled'));
      },
    };
    active = {
      run,
      running,
      pace: new Pace(),
      events: [],
      tally: null,
      timer: null,
      stopAsked: false,
      ended: Promise.resolve(),
    };
    this.#active = active;
    if (!resume) this.#parts.store.curves.forget(run.id);
    this.#save(run);
    active.ended = this.#watch(active);
  }

  #take(active: Active, event: RunEvent): void {
    active.events.push(event);
    active.pace.take(event, performance.now() / 1000);
    active.timer ??= setTimeout(() => {
      this.#flush(active);
    }, batchMilliseconds);
  }

  /** Writes what was gathered and tells it. A store that cannot write ends the run: its files are the safer copy. */
  #flush(active: Active): void {
    if (active.timer !== null) clearTimeout(active.timer);
    active.timer = null;
    const { events } = active;
    if (events.length === 0) return;
    active.events = [];
    const { store, publish } = this.#parts;
    active.run = events.reduce(afterEvent, active.run);
    active.stopAsked ||= events.some((event) => event.type === 'stopped' && event.reason === 'asked');
    this.#views.setSecondsLeft(
      active.run.id,
      active.run.state === 'running' ? active.pace.left(active.run.steps) : null,
    );
    store.transaction(() => {
      store.curves.append(active.run.id, events);
      store.runs.save(active.run);
    });
    publish('run', this.#views.run(active.run));
    const { series, tally } = addedSeries(active.run, events, active.tally);
    active.tally = tally;
    if (series.steps.length > 0 || series.evaluations.length > 0) publish('series', { runId: active.run.id, series });
  }

  async #watch(active: Active): Promise<void> {
    try {
      const metrics = await active.running.reply;
      this.#flush(active);
      await this.#finish(active.run, metrics, active.stopAsked ? 'stopped' : 'finished');
    } catch (thrown) {
      this.#fail(active, thrown);
    } finally {
      if (active.timer !== null) clearTimeout(active.timer);
      this.#views.setSecondsLeft(active.run.id, null);
      if (this.#active === active) this.#active = null;
      this.#tellProject(active.run.projectId);
      this.#next();
    }
  }

  #fail(active: Active, thrown: unknown): void {
    const error = asOurs(thrown);
    try {
      this.#flush(active);
    } catch {
      // The store is what failed; the events are in the run's own file and are read back at the next start.
    }
    const cancelled = error instanceof CancelledError;
    const state: RunState = !cancelled ? 'failed' : this.#disposed ? 'interrupted' : 'cancelled';
    this.#save({
      ...active.run,
      state,
      phase: null,
      finishedAt: state === 'interrupted' ? null : new Date().toISOString(),
      error: cancelled ? null : toEnvelope(error),
    });
  }

  /** Indexes what the run measured and keeps what it learned. */
  async #finish(run: RunRecord, metrics: Metrics, state: 'finished' | 'stopped'): Promise<RunRecord> {
    const { store } = this.#parts;
    const files = await readAdapter(run.folder, blobLimit);
    const done: RunRecord = {
      ...run,
      state,
      metrics,
      phase: null,
      finishedAt: run.finishedAt ?? new Date().toISOString(),
      error: null,
    };
    store.transaction(() => {
      store.adapters.save(run.id, files);
      store.runs.save(done);
    });
    this.#parts.publish('run', this.#views.run(done));
    return done;
  }

  #pause(run: RunRecord): RunView {
    const active = this.#underWay(run);
    if (active !== null) {
      active.running.steer('pause');
      return this.#views.run(active.run);
    }
    if (this.#leaveQueue(run)) return this.#views.run(this.#save({ ...run, state: 'paused' }));
    throw new StudioError('run.state', { state: run.state, wanted: 'paused' });
  }

  #continue(run: RunRecord): RunView {
    const active = this.#underWay(run);
    if (active !== null) {
      active.running.steer('run');
      return this.#views.run(active.run);
    }
    if (!['paused', 'interrupted', 'failed', 'cancelled'].includes(run.state)) {
      throw new StudioError('run.state', { state: run.state, wanted: 'continued' });
    }
    this.#enqueue({ ...run, modelPath: modelPathOf(run, this.#parts.paths), queuedAt: Date.now() });
    return this.#views.run(this.#views.runRecord(run.id));
  }

  #stop(run: RunRecord): RunView {
    const active = this.#underWay(run);
    if (active === null) return this.#cancel(run);
    active.running.steer('stop');
    return this.#views.run(active.run);
  }

  #cancel(run: RunRecord): RunView {
    const active = this.#underWay(run);
    if (active !== null) {
      active.running.cancel();
      return this.#views.run(active.run);
    }
    if (this.#leaveQueue(run) || run.state === 'interrupted' || run.state === 'paused') {
      return this.#views.run(this.#save({ ...run, state: 'cancelled', finishedAt: new Date().toISOString() }));
    }
    throw new StudioError('run.state', { state: run.state, wanted: 'cancelled' });
  }

  /** Takes a folder that a terminal's `atelier train` wrote into the Library. */
  async #import(folder: string): Promise<RunView> {
    const { store } = this.#parts;
    const known = store.runs.inFolder(folder);
    if (known !== null) return this.#views.run(known);
    const recipe = await readResolvedRecipe(folder);
    const metrics = await readMetrics(folder);
    if (recipe === null || metrics === null) {
      throw new StudioError('file.missing', {
        path: join(folder, recipe === null ? 'adapter/recipe.json' : 'metrics.json'),
      });
    }
    const events = await readEvents(folder);
    const run = this.#indexed(importedRun(folder, recipe), events);
    return this.#views.run(await this.#finish(run, metrics, 'finished'));
  }

  /** Puts a run's own events in the place of what the store knew of them. */
  #indexed(run: RunRecord, events: readonly RunEvent[]): RunRecord {
    const { store } = this.#parts;
    if (events.length === 0) {
      store.runs.save(run);
      return run;
    }
    const after = events.reduce(afterEvent, run);
    store.transaction(() => {
      store.runs.save(after);
      store.curves.forget(run.id);
      store.curves.append(run.id, events);
    });
    return after;
  }

  #underWay(run: RunRecord): Active | null {
    return this.#active?.run.id === run.id ? this.#active : null;
  }

  /** The run as it is this moment, ahead of what has been written. */
  #current(run: RunRecord): RunRecord {
    return this.#underWay(run)?.run ?? run;
  }

  #leaveQueue(run: RunRecord): boolean {
    const place = this.#waiting.indexOf(run.id);
    if (place >= 0) this.#waiting.splice(place, 1);
    return place >= 0;
  }

  #save(run: RunRecord): RunRecord {
    this.#parts.store.runs.save(run);
    this.#parts.publish('run', this.#views.run(run));
    return run;
  }

  #tellProject(projectId: string | null): void {
    const project = projectId === null ? null : this.#parts.store.projects.get(projectId);
    if (project !== null) this.#parts.publish('project', this.#views.project(project));
  }
}

/** Sorts by time and can be typed: 20260318-141502-3fa9. */
export function runId(now: Date): string {
  const digits = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15).replace('T', '-');
  return `${digits}-${randomBytes(3).toString('hex')}`;
}

export function importedRun(folder: string, recipe: Json): RunRecord {
  const { task, method, model } = parseRecipe(recipe);
  return {
    id: runId(new Date()),
    projectId: null,
    name: basename(folder),
    state: 'finished',
    task,
    method,
    model,
    modelPath: model,
    recipe,
    folder,
    queuedAt: Date.now(),
    startedAt: new Date().toISOString(),
    finishedAt: null,
    step: 0,
    steps: 0,
    keptStep: null,
    stepsPerEpoch: 0,
    truncatedRows: 0,
    memoryBytes: 0,
    phase: null,
    metrics: null,
    error: null,
  };
}

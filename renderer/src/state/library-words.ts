/** What the Library and Compare say of runs: their lines, and the sentences over them. */
import type { Figure, MetricName } from '../../../engine/spec/metrics.ts';
import { metricWords, scoreText } from '../../../engine/spec/wording/en/metrics.ts';
import type { ModelView, ProjectView, RunView } from '../../../main/contract/views.ts';
import { bytes, capital, count, counted, countedInWords, day, duration, percent } from '../lib/format.ts';
import type { Route } from '../lib/route.ts';
import { canResume, gainWords } from './home.ts';
import { canTrainFurther } from './start-words.ts';
import { figureWords } from './ticket.ts';
import { methodLabels, runStateLabels } from './words.ts';

export interface RunLine {
  readonly id: string;
  readonly name: string;
  readonly method: string;
  readonly model: string;
  readonly state: string;
  readonly tone: '' | 'care' | 'fault';
  readonly result: string;
  readonly when: string;
  readonly folder: string;
  /** Its project's page while it is the project's newest run, else a page of its own. */
  readonly place: Route;
  readonly resumable: boolean;
  /** Its adapter can be trained further. */
  readonly further: boolean;
}

interface RunContext {
  readonly modelName: (id: string) => string;
  readonly isNewest: boolean;
  readonly now: Date;
}

export function runLine(run: RunView, { modelName, isNewest, now }: RunContext): RunLine {
  const isStopped = run.state === 'failed' || run.state === 'interrupted';
  return {
    id: run.id,
    name: run.name,
    method: methodLabels[run.method],
    model: modelName(run.model),
    state: isStopped ? `${runStateLabels[run.state]} at step ${count(run.step)}` : runStateLabels[run.state],
    tone: run.state === 'failed' ? 'fault' : run.state === 'interrupted' ? 'care' : '',
    result: run.metrics ? gainWords(run) : '–',
    when: capital(day(run.finishedAt ?? run.startedAt, now)),
    folder: run.folder,
    place:
      run.projectId !== null && isNewest
        ? { room: 'project', projectId: run.projectId, step: run.metrics ? 'result' : 'train' }
        : { room: 'run', runId: run.id },
    resumable: canResume(run),
    further: canTrainFurther(run),
  };
}

/** What a run's own page says: how it ended, and its result. */
export function runTitle(run: RunView): string {
  if (run.steps === 0 && run.state === 'finished' && run.metrics === null)
    return `${run.name}: an adapter trained elsewhere. Nothing was measured here.`;
  const ended = `${run.name}: ${runStateLabels[run.state]}`;
  return run.metrics ? `${ended}, ${gainWords(run)}.` : `${ended} at step ${count(run.step)} of ${count(run.steps)}.`;
}

export function libraryTitle(
  models: readonly ModelView[],
  projects: readonly ProjectView[],
  runs: readonly RunView[],
): string {
  const ready = models.filter((model) => model.state === 'ready');
  const size = ready.reduce((sum, model) => sum + model.bytes, 0);
  const kept = `${countedInWords(ready.length, 'model', 'models')} (${bytes(size)}), ${countedInWords(projects.length, 'project', 'projects')} and ${countedInWords(runs.length, 'run', 'runs')}`;
  return `${capital(kept)} on this computer.`;
}

export interface CompareLine {
  readonly id: string;
  readonly name: string;
  readonly method: string;
  readonly model: string;
  readonly figure: string;
  /** The figure alone, under a heading that says what it is. */
  readonly value: string;
  /** Share right with its interval; null for language models. */
  readonly share: { readonly value: number; readonly low: number; readonly high: number } | null;
  readonly untrained: string;
  /** The model as it came does as well or better. */
  readonly isBeaten: boolean;
  readonly time: string;
  readonly memory: string;
  readonly steps: string;
  readonly rows: string;
}

function valueOf({ metrics }: RunView, figures: Figure | null | undefined): string {
  if (!metrics || !figures) return '–';
  if ('perplexity' in figures) return figures.perplexity.toFixed(2);
  return 'accuracy' in figures ? percent(figures.accuracy, figures.n) : scoreText(metrics.metric, figures.score);
}

/** Runs that can stand in one table: of one project, judged by one measure. */
export function groupOf({ projectId, metrics }: RunView): string {
  return `${projectId ?? ''} ${metrics?.metric ?? ''}`;
}

export function compareGroups(
  runs: readonly RunView[],
  nameOf: (projectId: string | null) => string,
): readonly { readonly value: string; readonly label: string }[] {
  const groups = [...new Map(runs.map((run) => [groupOf(run), run])).values()];
  return groups.map((run) => {
    const isAlone = groups.filter(({ projectId }) => projectId === run.projectId).length === 1;
    const metric = run.metrics === null || isAlone ? '' : `: ${metricWords[run.metrics.metric]}`;
    return { value: groupOf(run), label: `${nameOf(run.projectId)}${metric}` };
  });
}

/** Runs with a measured result, the best first: by share right, then by perplexity. */
export function compareLines(runs: readonly RunView[], modelName: (id: string) => string): readonly CompareLine[] {
  const rankOf = (figures: Figure | null | undefined) => {
    if (!figures) return Infinity;
    if ('perplexity' in figures) return figures.perplexity;
    return 'accuracy' in figures ? -figures.accuracy : -figures.score;
  };
  const rank = (run: RunView) => rankOf(run.metrics?.tuned);
  return runs
    .filter((run) => run.metrics?.tuned)
    .toSorted((a, b) => rank(a) - rank(b))
    .map((run) => {
      const tuned = run.metrics?.tuned;
      const untrained = run.metrics?.baselines?.untrained;
      return {
        id: run.id,
        name: run.name,
        method: methodLabels[run.method],
        model: modelName(run.model),
        figure: figureWords(run),
        share:
          tuned && 'accuracy' in tuned
            ? { value: tuned.accuracy, low: tuned.interval[0], high: tuned.interval[1] }
            : null,
        value: valueOf(run, tuned),
        untrained: valueOf(run, untrained),
        isBeaten: rankOf(untrained) <= rank(run),
        // Where nothing is trained, how long that took says nothing.
        time: run.metrics?.prompted ? '–' : duration(run.metrics?.train.seconds ?? 0),
        memory: bytes(run.metrics?.train.peakMemoryBytes ?? 0),
        steps: count(run.metrics?.train.steps ?? 0),
        rows: count(tuned?.n ?? 0),
      };
    });
}

/** The best of several, or that their intervals leave it open. */
export function compareTitle(lines: readonly CompareLine[], metric: MetricName): string {
  const [best, second] = lines;
  if (!best) return 'No finished run to compare yet.';
  const what = `${best.method} on ${best.model}`;
  if (!second) return `One finished run: ${what}, ${best.figure}.`;
  if (lines.every((line) => line.isBeaten))
    return `No run does better than the model as it came; ${what} comes nearest, ${best.figure}.`;
  if (metric === 'perplexity')
    return `${what} is ahead of ${counted(lines.length - 1, 'other run', 'other runs')}: ${best.figure}.`;
  const ties =
    best.share === null ? [] : lines.filter((line) => line.share !== null && line.share.high >= (best.share?.low ?? 0));
  return ties.length > 1
    ? `${capital(countedInWords(ties.length, 'run', 'runs'))} overlap at the top; ${what} is the highest, ${best.figure}.`
    : `${what} is ahead: ${best.figure}, the next ${second.figure}.`;
}

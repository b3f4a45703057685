/** What Home says: the finding above all projects, and each project's line with where it stands and how it goes on. */
import type { ProjectView, RunView, Step } from '../../../main/contract/views.ts';
import { capital, clock, count, counted, countedInWords, day, duration, percent } from '../lib/format.ts';
import { purposeWords } from './goal-words.ts';
import { rowsOf } from '../lib/rows.ts';
import { figureWords, type TicketLine } from './ticket.ts';
import { runStateLabels, stepNames } from './words.ts';

/** Where a button leads: to a step, or on with an interrupted run. */
export interface Continue {
  readonly label: string;
  readonly step: Step;
  /** Run to go on with before going there. */
  readonly resume: string | null;
}

export interface ProjectLine {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly dots: readonly TicketLine['state'][];
  readonly step: string;
  /** Shares right before and after training; null where not both are known. */
  readonly gain: { readonly before: number; readonly after: number } | null;
  readonly stands: string;
  readonly note: string;
  readonly next: Continue;
}

export function purposeOf({ draft, dataset }: ProjectView): string {
  return (
    purposeWords(draft, dataset) ??
    (dataset === null ? 'No rows yet' : `${counted(rowsOf(dataset), 'row', 'rows')}, goal not chosen yet`)
  );
}

export function canResume(run: RunView): boolean {
  return run.state === 'interrupted' || (run.state === 'failed' && run.step > 0);
}

function gainOf(run: RunView | null): ProjectLine['gain'] {
  const tuned = run?.metrics?.tuned;
  const untrained = run?.metrics?.baselines?.untrained;
  return tuned && untrained && 'accuracy' in tuned && 'accuracy' in untrained
    ? { before: untrained.accuracy, after: tuned.accuracy }
    : null;
}

/** "86.5 % right, was 63.1 %". */
export function gainWords(run: RunView): string {
  const gain = gainOf(run);
  const untrained = run.metrics?.baselines?.untrained;
  const than = (before: string) =>
    run.metrics?.prompted ? `${figureWords(run)}, ${before} without examples` : `${figureWords(run)}, was ${before}`;
  if (gain) return than(percent(gain.before, untrained?.n));
  return untrained && 'perplexity' in untrained ? than(untrained.perplexity.toFixed(2)) : figureWords(run);
}

function continueOf(project: ProjectView, run: RunView | null): Continue {
  if (run !== null && canResume(run)) return { label: 'Go on from its last save', step: 'train', resume: run.id };
  if (run !== null && ['queued', 'starting', 'running', 'paused'].includes(run.state))
    return { label: 'Watch', step: 'train', resume: null };
  if (run?.metrics && (project.draft.step === 'train' || project.draft.step === 'result'))
    return { label: 'See the result', step: 'result', resume: null };
  if (project.draft.step === 'data')
    return { label: project.dataset === null ? 'Add data' : 'Look at the data', step: 'data', resume: null };
  return { label: `Continue at ${stepNames[project.draft.step]}`, step: project.draft.step, resume: null };
}

function standing(project: ProjectView, run: RunView | null, now: Date): Pick<ProjectLine, 'stands' | 'note'> {
  const saved = `Saved ${day(project.savedAt, now)}`;
  if (run === null)
    return {
      stands:
        project.dataset === null ? 'Waits for its data' : `${counted(rowsOf(project.dataset), 'row', 'rows')} ready`,
      note: saved,
    };
  if (run.metrics)
    return {
      stands: gainWords(run),
      note: `${capital(runStateLabels[run.state])} ${day(run.finishedAt ?? run.startedAt, now)}`,
    };
  if (run.state === 'interrupted') {
    return {
      stands: `Interrupted at step ${count(run.step)} of ${count(run.steps)}`,
      note: 'All up to its last save is there; the curve is intact',
    };
  }
  if (run.state === 'failed') return { stands: `Failed at step ${count(run.step)}`, note: day(run.startedAt, now) };
  const left = run.secondsLeft === null ? saved : `${duration(run.secondsLeft)} left`;
  return {
    stands:
      run.steps > 0
        ? `${capital(runStateLabels[run.state])}, step ${count(run.step)} of ${count(run.steps)}`
        : capital(runStateLabels[run.state]),
    note: left,
  };
}

export function projectLine(
  project: ProjectView,
  run: RunView | null,
  options: { readonly lines: readonly TicketLine[]; readonly now: Date },
): ProjectLine {
  return {
    id: project.id,
    name: project.name,
    purpose: purposeOf(project),
    dots: options.lines.map((line) => line.state),
    step: stepNames[project.draft.step],
    gain: gainOf(run),
    ...standing(project, run, options.now),
    next: continueOf(project, run),
  };
}

export interface HomeFinding {
  readonly title: string;
  readonly lead: string;
  readonly project: ProjectLine | null;
}

/** What needs the user comes first, then what is at work, then the last result, then where they were. */
export function homeFinding(lines: readonly ProjectLine[], runs: readonly RunView[]): HomeFinding {
  const lineOf = (run: RunView | undefined) => lines.find((line) => line.id === run?.projectId) ?? null;
  const interrupted = runs.find((run) => run.state === 'interrupted' && lineOf(run) !== null);
  if (interrupted) {
    return {
      title: `${interrupted.name} was interrupted at step ${count(interrupted.step)} of ${count(interrupted.steps)}; it can go on from its last save.`,
      lead: 'At most the steps since that save are lost; the curve is intact.',
      project: lineOf(interrupted),
    };
  }
  const working = runs.find((run) => run.state === 'running' && lineOf(run) !== null);
  if (working) {
    const left = working.secondsLeft === null ? '' : `, ${duration(working.secondsLeft)} left`;
    return {
      title: `${working.name} is training: step ${count(working.step)} of ${count(working.steps)}${left}.`,
      lead: 'You can go on with anything else meanwhile.',
      project: lineOf(working),
    };
  }
  const finished = runs.find((run) => run.metrics?.tuned && lineOf(run) !== null);
  if (finished) {
    const gain = gainOf(finished);
    const known = lineOf(finished);
    const line = known && { ...known, next: { label: 'See the result', step: 'result' as const, resume: null } };
    const tuned = finished.metrics?.tuned;
    const unseen = finished.metrics?.measuredOn === 'test' ? 'unseen rows' : 'check rows';
    const result =
      gain && tuned
        ? `It sorts ${percent(gain.after, tuned.n)} of ${unseen} right, ${finished.metrics?.prompted ? 'without examples' : 'the untrained model'} ${percent(gain.before, tuned.n)}.`
        : `Result: ${gainWords(finished)}.`;
    return {
      title: `${finished.name} finished at ${clock(finished.finishedAt ?? finished.startedAt)}. ${result}`,
      lead: '',
      project: line,
    };
  }
  const [latest] = lines;
  if (latest) {
    return {
      title: `${capital(countedInWords(lines.length, 'project', 'projects'))}; ${latest.name} was open last, at ${latest.step}.`,
      lead: '',
      project: latest,
    };
  }
  return {
    title: 'No project yet. Drop the rows you want a model to learn from.',
    lead: 'Everything stays on this computer. To see the whole way once, take the sample: it trains in about a minute.',
    project: null,
  };
}

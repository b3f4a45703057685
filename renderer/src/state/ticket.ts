/** The ticket's lines: each step with its answer, and whether it is decided, needs the user, or is yet to come. */
import { metricWords, scoreText } from '../../../engine/spec/wording/en/metrics.ts';
import { learns } from '../../../engine/spec/methods/index.ts';
import type { ProjectView, RunView, Step } from '../../../main/contract/views.ts';
import { steps } from '../../../main/contract/views.ts';
import { bytes, capital, count, counted, countedInWords, percent } from '../lib/format.ts';
import { labelNouns } from '../lib/mapping.ts';
import { rowsOf } from '../lib/rows.ts';
import { goalLabel } from './goal-words.ts';
import { destinationLabels, methodLabels, stepNames } from './words.ts';

export interface TicketLine {
  readonly key: Step;
  readonly label: string;
  readonly answer: string;
  readonly state: 'done' | 'care' | 'todo';
}

type Answer = Pick<TicketLine, 'answer' | 'state'>;

interface Context {
  readonly project: ProjectView;
  readonly run: RunView | null;
  readonly modelName: (id: string) => string;
  readonly modelBytes: (id: string) => number | null;
}

const todo: Answer = { answer: '', state: 'todo' };
const done = (answer = ''): Answer => ({ answer, state: 'done' });

const answers = {
  data: ({ project: { dataset } }) => {
    if (dataset === null) return todo;
    const faults = dataset.findings.filter((finding) => finding.severity === 'fault').length;
    if (faults > 0) return { answer: `${countedInWords(faults, 'finding needs', 'findings need')} you`, state: 'care' };
    if (dataset.mapping === null) return { answer: 'the columns need you', state: 'care' };
    const rows = counted(rowsOf(dataset), 'row', 'rows');
    return done(
      dataset.labels.length > 0 ? `${rows}, ${counted(dataset.labels.length, ...labelNouns(dataset.mapping))}` : rows,
    );
  },
  goal: ({ project: { draft, dataset } }) => {
    const goal = goalLabel(draft, dataset);
    if (goal === null) return todo;
    return done(draft.destination === null ? goal : `${goal}, for ${destinationLabels[draft.destination]}`);
  },
  model: ({ project: { draft }, modelName, modelBytes }) => {
    if (draft.model === null) return todo;
    const size = modelBytes(draft.model);
    return done(size === null ? modelName(draft.model) : `${modelName(draft.model)}, ${bytes(size)}`);
  },
  method: ({ project: { draft } }) => {
    if (draft.method === null) return todo;
    const label = methodLabels[draft.method];
    return done(draft.start === null ? label : `${label}, going on from ${draft.start.name}`);
  },
  settings: ({ project: { draft }, run }) => {
    const changed = Object.keys(draft.methodChanges).length + Object.keys(draft.trainingChanges).length;
    const isPast =
      steps.indexOf(draft.step) > steps.indexOf('settings') || draft.estimate?.source === 'measured' || run !== null;
    if (draft.method === null || (changed === 0 && !isPast)) return todo;
    return done(changed === 0 ? capital(draft.preset) : `${capital(draft.preset)}, ${count(changed)} changed`);
  },
  fit: ({ project: { draft }, run }) =>
    // Where nothing learns there are no steps to measure: the run itself says that it fitted.
    draft.estimate?.source === 'measured' || (draft.estimate?.prompt && run !== null)
      ? done(`${bytes(draft.estimate.peakMemoryBytes)} at its fullest`)
      : todo,
  train: ({ run }) => {
    if (run === null) return todo;
    if (run.state === 'finished' || run.state === 'stopped')
      return done(
        learns(run.method) ? `kept step ${count(run.keptStep ?? run.step)} of ${count(run.steps)}` : 'nothing to train',
      );
    if (run.state === 'failed') return { answer: 'it failed', state: 'care' };
    if (run.state === 'interrupted') return { answer: `interrupted at step ${count(run.step)}`, state: 'care' };
    if (run.state === 'cancelled') return todo;
    return { answer: run.steps > 0 ? `step ${count(run.step)} of ${count(run.steps)}` : 'starting', state: 'todo' };
  },
  result: ({ run }) => (run?.metrics ? done(figureWords(run)) : todo),
  try: ({ project: { draft }, run }) => (run?.metrics && draft.step === 'export' ? done() : todo),
  export: () => todo,
} satisfies Record<Step, (context: Context) => Answer>;

/** "86.5 % right", "perplexity 12.3": what a run's result is, in a few words. */
export function figureWords(run: RunView): string {
  const tuned = run.metrics?.tuned;
  if (!tuned) return 'not measured';
  if ('score' in tuned) {
    const metric = run.metrics?.metric ?? 'perplexity';
    return `${metricWords[metric]} ${scoreText(metric, tuned.score)}`;
  }
  return 'accuracy' in tuned
    ? `${percent(tuned.accuracy, tuned.n)} right`
    : `perplexity ${tuned.perplexity.toFixed(2)}`;
}

export function ticketLines(context: Context): readonly TicketLine[] {
  return steps.map((key) => ({ key, label: stepNames[key], ...answers[key](context) }));
}

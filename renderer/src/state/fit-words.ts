/** The fit check in words and lengths: does it fit, what takes the memory, when it would be done. */
import type { Estimate } from '../../../engine/spec/metrics.ts';
import type { ComputerView } from '../../../main/contract/views.ts';
import { aboutDuration, bytes, clock, count, figure, parameters } from '../lib/format.ts';
import { shareWords } from './method-cards.ts';

export interface Segment {
  readonly label: string;
  readonly value: number;
  readonly fill: 'base' | 'light' | 'work' | 'yours';
}

const parts = [
  { key: 'weights', label: 'the model', fill: 'base' },
  { key: 'trainable', label: 'new weights', fill: 'yours' },
  { key: 'optimizer', label: 'their bookkeeping', fill: 'yours' },
  { key: 'runtime', label: 'engine', fill: 'light' },
  { key: 'activations', label: 'work on your longest rows', fill: 'work' },
  { key: 'data', label: 'rows', fill: 'light' },
] as const satisfies readonly (Pick<Segment, 'label' | 'fill'> & { readonly key: keyof Estimate['parts'] })[];

/** What the memory holds at its fullest, in the order in which it is drawn. */
export function segmentsOf(estimate: Estimate): readonly Segment[] {
  const known = parts.flatMap(({ key, label, fill }): readonly Segment[] =>
    estimate.parts[key] > 0 ? [{ label, fill, value: estimate.parts[key] }] : [],
  );
  const beside = estimate.peakMemoryBytes - known.reduce((sum, { value }) => sum + value, 0);
  return beside > 0.01 * estimate.peakMemoryBytes
    ? [...known, { label: 'beside the formula', value: beside, fill: 'light' }]
    : known;
}

export interface FitWords {
  readonly title: string;
  readonly lead: string;
  readonly over: number;
  /** At the end of the bar: what is left over or too much. */
  readonly end: string;
  readonly largest: string;
}

interface FitContext {
  readonly computer: ComputerView | null;
  /** Null when it was measured in an earlier visit. */
  readonly measuredAt: string | null;
  readonly formula: Estimate | null;
}

export function fitWords(estimate: Estimate, { computer, measuredAt, formula }: FitContext): FitWords {
  const needed = bytes(estimate.peakMemoryBytes);
  const free = computer?.freeMemoryBytes ?? null;
  const over = free === null ? 0 : estimate.peakMemoryBytes - free;
  const about = estimate.source === 'formula' ? 'about ' : '';
  const verb = `It needs ${about}${needed} at its fullest`;
  const title =
    free === null
      ? `${verb}.`
      : `${verb}; ${bytes(free)} are free. ${over > 0 ? `That is ${bytes(over)} too much.` : 'It fits.'}`;
  return {
    title,
    lead: estimate.prompt
      ? 'From a formula over your longest prompts. Nothing learns, so there are no steps to measure.'
      : leadOf(estimate, measuredAt, formula),
    over,
    end:
      free === null ? needed : over > 0 ? `${needed}: ${bytes(over)} too much` : `${needed}: ${bytes(-over)} left over`,
    largest: largestWords(estimate),
  };
}

function leadOf(estimate: Estimate, measuredAt: string | null, formula: Estimate | null): string {
  if (estimate.source === 'formula') return 'From a formula. Two real steps on your longest rows measure it.';
  const when = measuredAt === null ? 'Measured' : `Measured at ${clock(measuredAt)}`;
  const said = formula === null ? '' : ` The formula said ${bytes(formula.peakMemoryBytes)}.`;
  return `${when}: two real steps on your longest rows.${said}`;
}

function largestWords(estimate: Estimate): string {
  const learned = estimate.parts.trainable + estimate.parts.optimizer;
  const largest = segmentsOf(estimate).toSorted((a, b) => b.value - a.value)[0];
  if (largest === undefined) return '';
  const what = largest.label === 'rows' ? 'the rows' : largest.label === 'engine' ? 'the engine itself' : largest.label;
  const rest = learned === 0 ? '' : `; the new weights and their bookkeeping take ${bytes(learned)}`;
  return `Most of it, ${bytes(largest.value)}, is ${what}${rest}.`;
}

/** The small ledger at the right. */
export function fitFacts(
  estimate: Estimate,
  computer: ComputerView | null,
  now: Date,
): readonly { readonly term: string; readonly value: string; readonly note: string }[] {
  const finish = clock(new Date(now.getTime() + estimate.seconds * 1000));
  const disk = {
    term: 'Disk',
    value: bytes(estimate.diskBytes),
    note: computer === null ? '' : `${bytes(computer.freeDiskBytes)} free`,
  };
  const end = { term: 'Finish', value: finish, note: `${aboutDuration(estimate.seconds)} if it starts now` };
  if (estimate.prompt) return [end, disk];
  return [
    end,
    { term: 'Steps', value: count(estimate.steps), note: `${secondsWords(estimate.secondsPerStep)} each` },
    {
      term: 'Learns',
      value: parameters(estimate.trainableParameters),
      note: `of ${parameters(estimate.totalParameters)} weights, ${shareWords(estimate.trainableParameters / estimate.totalParameters)}`,
    },
    { term: 'File', value: bytes(estimate.adapterBytes), note: 'the part you keep' },
    disk,
  ];
}

export function secondsWords(seconds: number): string {
  return seconds < 1 ? `${figure(seconds * 1000)}\u00a0ms` : `${figure(seconds)}\u00a0s`;
}

/** This moment, as the words take it. */
export function timestamp(): string {
  return new Date().toISOString();
}

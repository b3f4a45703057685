/** The quality runs as Markdown tables: each figure beside its reference and the reference's interval. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { wilson, type Interval } from '../../engine/metrics/intervals.ts';
import type { Figure, Metrics } from '../../engine/spec/metrics.ts';
import type { Recipe } from '../../engine/spec/recipe.ts';

export interface Suite {
  readonly name: 'intents' | 'spans' | 'chat';
  readonly title: string;
  readonly base: string;
  readonly task: Recipe['task'];
  readonly data: object;
}

export interface Run {
  readonly recipe: Recipe;
  readonly trainableParameters: number;
  readonly metrics: Metrics;
}

export type SuiteRuns = Readonly<Record<string, Run>>;

interface Reference {
  readonly value: number;
  /** 95 %. */
  readonly interval: Interval;
}

/** Rows of the test set of the figures in `quality.json`. */
const intentRows = 409;

/** What `quality_reference.py` left in `work`; the intents' own figures are given, but for a method that they lack. */
export function readReferences(suite: Suite, folders: { readonly shared: string; readonly work: string }) {
  const file = path.join(folders.work, `reference-${suite.name}.json`);
  const measured = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Reference>>)
    : {};
  return suite.name === 'intents' ? { ...measured, ...givenReferences(folders.shared) } : measured;
}

function givenReferences(shared: string): Readonly<Record<string, Reference>> {
  const figures = JSON.parse(readFileSync(path.join(shared, 'quality.json'), 'utf8')) as {
    readonly 'home-intents': Readonly<Record<string, { readonly accuracy?: number } | undefined>>;
  };
  const references: Record<string, Reference> = {};
  for (const [method, figure] of Object.entries(figures['home-intents'])) {
    const value = figure?.accuracy;
    if (value === undefined) continue;
    references[method] = { value, interval: wilson(Math.round(value * intentRows), intentRows) };
  }
  return references;
}

/** One line a method; a method without a run is named as such. */
export function suiteTable(
  methods: readonly string[],
  runs: SuiteRuns,
  references: Readonly<Record<string, Reference>>,
): string {
  const head = ['method', 'Atelier', 'reference', 'its interval', 'inside', 'weights that learn', 'steps', 's', 'MiB'];
  const rows = methods.map((method) => row(method, runs[method], references[method]));
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function row(method: string, run: Run | undefined, reference: Reference | undefined): readonly string[] {
  const figure = run?.metrics.tuned ?? null;
  const value = figure === null ? null : valueOf(figure);
  const isPerplexity = figure !== null && 'perplexity' in figure;
  const digits = isPerplexity ? 2 : 4;
  const bounds = reference?.interval.map((bound) => bound.toFixed(digits - (digits > 2 ? 1 : 0)));
  return [
    method,
    value === null ? 'not run' : value.toFixed(digits),
    reference?.value.toFixed(digits) ?? 'not run',
    bounds?.join('–') ?? '',
    value === null || reference === undefined ? '' : verdict(value, reference.interval, isPerplexity),
    run?.trainableParameters.toLocaleString('en') ?? '',
    run?.metrics.train.steps.toLocaleString('en') ?? '',
    run?.metrics.train.seconds.toFixed(0) ?? '',
    run === undefined ? '' : (run.metrics.train.peakMemoryBytes / 2 ** 20).toFixed(0),
  ];
}

function verdict(value: number, [low, high]: Interval, lowerIsBetter: boolean): string {
  if (value >= low && value <= high) return 'yes';
  return value < low === lowerIsBetter ? 'better' : 'worse';
}

function valueOf(figure: Figure): number {
  if ('accuracy' in figure) return figure.accuracy;
  return 'perplexity' in figure ? figure.perplexity : figure.score;
}

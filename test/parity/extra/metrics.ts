/** Golden-extra's metrics: the figures of scikit-learn, scipy, seqeval, rouge-score, sacrebleu and the definitions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare } from './compare.ts';
import {
  bootstrap,
  classification,
  correlation,
  pairs,
  perplexity,
  ranking,
  shares,
  type Part,
} from './metric-parts.ts';
import type { ExtraCase, ExtraFamily } from './registry.ts';
import { rougeScores, seqeval, squad, translation } from './text-metric-parts.ts';

/** Sums in another order, exponentials of another library. */
const tolerance = 1e-9;

/** By the names of index.json's `counts`. */
const parts: Readonly<Record<string, Part>> = {
  classification,
  auroc: ranking,
  correlation,
  seqeval,
  squad,
  rouge: rougeScores,
  bleu: translation,
  perplexity,
  wilson: shares,
  mcnemar: pairs,
  bootstrap,
};

export const metrics: ExtraFamily = {
  name: 'metrics',
  cases: (folder) => {
    const { counts } = readJson(join(folder, 'metrics', 'index.json')) as { counts: Readonly<Record<string, number>> };
    return Object.keys(counts).flatMap((name) => {
      const part = parts[name];
      return part === undefined ? [unknownList(name)] : casesOf(name, part, join(folder, 'metrics'));
    });
  },
};

/** A list of a later format must not pass unseen. */
function unknownList(name: string): ExtraCase {
  return { name, run: () => Promise.resolve({ worst: NaN, failure: 'no part of the runner knows this list' }) };
}

function casesOf(name: string, part: Part, folder: string): readonly ExtraCase[] {
  const file = readJson(join(folder, `${part.file}.json`)) as Readonly<
    Record<string, readonly Readonly<Record<string, unknown>>[]>
  >;
  const told = new Set(['id', 'note', ...part.inputs]);
  return (file[part.list] ?? []).map((entry, index) => {
    const expected = Object.fromEntries(Object.entries(entry).filter(([key]) => !told.has(key)));
    return {
      name: `${name}-${typeof entry['id'] === 'string' ? entry['id'] : String(index)}`,
      run: () => Promise.resolve(compare(part.found(entry as never), expected, tolerance)),
    };
  });
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

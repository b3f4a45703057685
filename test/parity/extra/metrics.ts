/** Golden-extra's metrics: the figures of scikit-learn, scipy, seqeval, rouge-score, sacrebleu and the definitions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { perplexities } from '../../../engine/metrics/perplexity.ts';
import { compare } from './compare.ts';
import type { ExtraCase, ExtraFamily } from './registry.ts';

/** Sums in another order, exponentials of another library. */
const tolerance = 1e-9;

type JsonObject = Readonly<Record<string, unknown>>;

/** A list of the index: where it lies, what of an entry is input, and what our code says to it, laid out as the entry. */
interface Part {
  readonly file: string;
  readonly list: string;
  readonly inputs: readonly string[];
  found(entry: never): unknown;
}

/** By the names of index.json's `counts`. */
const parts: Readonly<Record<string, Part>> = {
  perplexity: {
    file: 'perplexity',
    list: 'cases',
    inputs: ['token_logprobs', 'utf8_bytes', 'words'],
    found: (entry: { token_logprobs: readonly (readonly number[])[]; utf8_bytes: number; words: number }) => {
      const found = perplexities(entry.token_logprobs, { words: entry.words, bytes: entry.utf8_bytes });
      return {
        token_perplexity: found.token,
        mean_of_sequence_perplexities: found.meanOfSequences,
        word_perplexity: found.word,
        byte_perplexity: found.byte,
        bits_per_byte: found.bitsPerByte,
        total_nll: found.total,
      };
    },
  },
};

export const metrics: ExtraFamily = {
  name: 'metrics',
  cases: (folder) => {
    const { counts } = readJson(join(folder, 'metrics', 'index.json')) as { counts: Readonly<Record<string, number>> };
    return Object.keys(counts).flatMap((name) => {
      const part = parts[name];
      return part === undefined ? [] : casesOf(name, part, join(folder, 'metrics'));
    });
  },
};

function casesOf(name: string, part: Part, folder: string): readonly ExtraCase[] {
  const file = readJson(join(folder, `${part.file}.json`)) as Readonly<Record<string, readonly JsonObject[]>>;
  return (file[part.list] ?? []).map((entry, index) => {
    const told = new Set(['id', 'note', ...part.inputs]);
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

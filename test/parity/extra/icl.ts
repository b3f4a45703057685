/** Golden-extra's icl: prompts, likelihoods of options, their scores and calibration, choice of demonstrations, as lm-evaluation-harness and the papers have them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askedRow, encodeAsked, type Asked } from '../../../engine/methods/in-context/continuation.ts';
import {
  showPrompt,
  type Demonstration,
  type Fields,
  type PromptFormat,
} from '../../../engine/methods/in-context/prompt.ts';
import {
  contentFreeBias,
  logNormalised,
  optionScores,
  sumOf,
  type OptionLikelihood,
} from '../../../engine/methods/in-context/scoring.ts';
import {
  drawBalanced,
  mulberry32,
  normalised,
  ranked,
  similarities,
} from '../../../engine/methods/in-context/selection.ts';
import type { Scoring } from '../../../engine/spec/methods/in-context.ts';
import { argmax } from '../../../engine/tasks/probabilities.ts';
import { openReference } from '../reference.ts';
import { asked, Check, likelihoods, type Asking, type Bounded } from './icl-asking.ts';
import type { ExtraCase, ExtraFamily, ExtraResult } from './registry.ts';

/** README: logits. A log-probability is one less the logarithm of a sum of them. */
const tokenTolerance = 2e-5;
/** check.py's, of a sum over the tokens of an option; the scores are made of two such sums at most. */
const sumTolerance = 3e-5;
/** Of shares and their quotients, relative: e to the power of twice a sum's tolerance. */
const shareTolerance = 2e-4;

interface Template {
  readonly input: string;
  readonly target_delimiter: string;
  readonly fewshot_delimiter: string;
  readonly options: readonly string[];
  readonly domain_premise: string;
  readonly fields: readonly string[];
}

type Row = Readonly<Record<string, string | number>>;

interface Option {
  readonly option: string;
  readonly continuation_ids: readonly number[];
  readonly token_logprobs: readonly number[];
  readonly is_greedy: boolean;
  readonly sum: number;
  readonly per_token: number;
  readonly per_char: number;
  readonly per_byte: number;
  readonly pmi_domain: number;
  readonly pmi_unconditional: number;
}

interface Case {
  readonly id: string;
  readonly template: Template;
  readonly shots: readonly Row[];
  readonly content_free: readonly { readonly content_free: string; readonly prompt: string }[];
  readonly p_cf: readonly number[];
  readonly domain_premise_ll: readonly number[];
  readonly unconditional_ll: readonly number[];
  readonly rows: readonly {
    readonly row: Row;
    readonly prompt: string;
    readonly prompt_ids: readonly number[];
    readonly options: readonly Option[];
    readonly label_probs: readonly number[];
    readonly calibrated: readonly number[];
    readonly calibrated_normalised: readonly number[];
    readonly prediction: Readonly<Record<string, number>>;
  }[];
  readonly accuracy: Readonly<Record<string, number>>;
}

interface Index {
  readonly base: string;
  readonly max_len: number;
  readonly cases: readonly Case[];
  readonly boundary: readonly (Asked & {
    readonly context_ids: readonly number[];
    readonly continuation_ids: readonly number[];
    readonly ll: number;
  })[];
  readonly truncation: readonly {
    readonly max_len: number;
    readonly prompt: string;
    readonly continuation: string;
    readonly input_ids: readonly number[];
    readonly ll: number;
  }[];
  readonly selection: {
    readonly mulberry32_12345_first_six: readonly number[];
    readonly cases: readonly {
      readonly labels: readonly number[];
      readonly k: number;
      readonly seed: number;
      readonly first_uniform: number;
      readonly picked: readonly number[];
    }[];
  };
  readonly neighbours: {
    readonly model: string;
    readonly texts: readonly string[];
    readonly pool_size: number;
    readonly ranking: readonly (readonly number[])[];
    readonly tensors: string;
  };
}

export const icl: ExtraFamily = {
  name: 'icl',
  cases: (folder) => {
    const own = join(folder, 'icl');
    const index = JSON.parse(readFileSync(join(own, 'index.json'), 'utf8')) as Index;
    const model = join(own, index.base);
    return [
      ...index.cases.map((entry): ExtraCase => ({
        name: entry.id,
        run: (machine) =>
          asked({ machine, model, head: 'causal-lm' }, (asking, check) =>
            runCase(entry, { ...asking, maxLength: index.max_len }, check),
          ),
      })),
      ...index.boundary.map((entry, at): ExtraCase => ({
        name: `boundary-${String(at)}`,
        run: (machine) =>
          asked({ machine, model, head: 'causal-lm' }, (asking, check) =>
            runBoundary(entry, { ...asking, maxLength: index.max_len }, check),
          ),
      })),
      ...index.truncation.map((entry): ExtraCase => ({
        name: `truncation-${String(entry.max_len)}`,
        run: (machine) =>
          asked({ machine, model, head: 'causal-lm' }, (asking, check) =>
            runTruncation(entry, { ...asking, maxLength: entry.max_len }, check),
          ),
      })),
      { name: 'mulberry32', run: () => Promise.resolve(runGenerator(index.selection.mulberry32_12345_first_six)) },
      ...index.selection.cases.map((entry, at): ExtraCase => ({
        name: `selection-${String(at)}`,
        run: () => Promise.resolve(runSelection(entry)),
      })),
      {
        name: 'neighbours',
        run: (machine) =>
          asked(
            { machine, model: join(own, index.neighbours.model), head: 'sequence-classification' },
            (asking, check) => runNeighbours(own, { asking, check }, index.neighbours),
          ),
      },
    ];
  },
};

function fieldsOf(row: Row, { options }: Template): Demonstration {
  const fields: Fields = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]));
  return { fields, answer: options[Number(row['label'])] ?? '' };
}

/** Names of the golden's scores. */
const scorings = {
  sum: 'sum',
  per_token: 'per-token',
  per_char: 'per-character',
  per_byte: 'per-byte',
  pmi_domain: 'pmi',
  pmi_unconditional: 'pmi-unconditional',
} as const satisfies Readonly<Partial<Record<keyof Option, Scoring>>>;

/** Predictions are named as the harness names its metrics. */
const predicted: Readonly<Record<string, string>> = { per_char: 'acc_norm_per_char' };

async function runCase(entry: Case, asking: Bounded, check: Check): Promise<void> {
  const { template } = entry;
  const format: PromptFormat = {
    input: template.input,
    beforeAnswer: template.target_delimiter,
    delimiter: template.fewshot_delimiter,
  };
  const shots = entry.shots.map((row) => fieldsOf(row, template));
  const sums = async (context: string): Promise<readonly number[]> => {
    const continued = template.options.map((option) => ({ context, continuation: `${format.beforeAnswer}${option}` }));
    return (await likelihoods(continued, asking)).map(({ tokens }) => sumOf(tokens));
  };
  const near = (): number => sumTolerance;
  const premise = await sums(template.domain_premise);
  const unconditional = await sums('');
  check.numbers('domain premise', [premise, entry.domain_premise_ll], near);
  check.numbers('unconditional', [unconditional, entry.unconditional_ll], near);
  const contentFree: (readonly number[])[] = [];
  for (const { content_free, prompt } of entry.content_free) {
    const own = showPrompt(format, shots, Object.fromEntries(template.fields.map((name) => [name, content_free])));
    check.same('content-free prompt', own, prompt);
    contentFree.push(await sums(own));
  }
  const relative = (own: number): number => shareTolerance * Math.abs(own);
  check.numbers('p_cf', [contentFreeBias(contentFree), entry.p_cf], relative);
  const right = new Map<string, number>();
  for (const [at, expected] of entry.rows.entries()) {
    const { fields } = fieldsOf(expected.row, template);
    const prompt = showPrompt(format, shots, fields);
    check.same(`prompt ${String(at)}`, prompt, expected.prompt);
    const options = await askOptions(prompt, { expected: expected.options, format, asking, check });
    const references = { premise, unconditional, contentFree };
    const told = (name: string, scores: readonly number[]): void => {
      const best = argmax(scores);
      check.same(`prediction by ${name}`, best, expected.prediction[name]);
      right.set(name, (right.get(name) ?? 0) + (best === expected.row['label'] ? 1 : 0));
    };
    for (const [name, scoring] of Object.entries(scorings)) {
      const scores = optionScores(scoring, options, references);
      const known = expected.options.map((option) => option[name as keyof typeof scorings]);
      check.numbers(`${name} of row ${String(at)}`, [scores, known], () => 2 * sumTolerance);
      told(predicted[name] ?? name, scores);
    }
    const calibrated = optionScores('calibrated', options, references);
    const exp = (values: readonly number[]): readonly number[] => values.map(Math.exp);
    check.numbers(
      'label_probs',
      [exp(logNormalised(optionScores('sum', options, references))), expected.label_probs],
      relative,
    );
    check.numbers('calibrated', [exp(calibrated), expected.calibrated], relative);
    check.numbers('calibrated_normalised', [exp(logNormalised(calibrated)), expected.calibrated_normalised], relative);
    told('calibrated', calibrated);
  }
  for (const [name, share] of Object.entries(entry.accuracy))
    check.number(`accuracy by ${name}`, [(right.get(name) ?? NaN) / entry.rows.length, share], 1e-12);
}

interface OptionContext {
  readonly expected: readonly Option[];
  readonly format: PromptFormat;
  readonly asking: Bounded;
  readonly check: Check;
}

async function askOptions(prompt: string, at: OptionContext): Promise<readonly OptionLikelihood[]> {
  const { expected, format, asking, check } = at;
  const questions = expected.map(({ option }) => ({
    context: prompt,
    continuation: `${format.beforeAnswer}${option}`,
  }));
  const encoded = await encodeAsked(questions, asking.reader);
  const found = await likelihoods(questions, asking);
  return expected.map((own, index) => {
    const { tokens = [], greedy } = found[index] ?? {};
    check.same(`tokens of ${own.option}`, encoded[index]?.continuation, own.continuation_ids);
    check.numbers(`log p of ${own.option}`, [tokens, own.token_logprobs], () => tokenTolerance);
    check.same(`greedy ${own.option}`, greedy, own.is_greedy);
    return { option: own.option, tokens };
  });
}

async function runBoundary(entry: Index['boundary'][number], asking: Bounded, check: Check): Promise<void> {
  const [encoded] = await encodeAsked([entry], asking.reader);
  // Behind nothing the golden tells no context, and the model reads the token that begins texts.
  if (entry.context !== '') check.same('context', encoded?.context, entry.context_ids);
  check.same('continuation', encoded?.continuation, entry.continuation_ids);
  const [found] = await likelihoods([entry], asking);
  check.number('ll', [sumOf(found?.tokens ?? []), entry.ll], sumTolerance);
}

async function runTruncation(entry: Index['truncation'][number], asking: Bounded, check: Check): Promise<void> {
  const question = { context: entry.prompt, continuation: entry.continuation };
  const [encoded] = await encodeAsked([question], asking.reader);
  const row = encoded && askedRow(encoded, asking.reader, entry.max_len);
  check.same('input', row?.ids, entry.input_ids);
  const [found] = await likelihoods([question], asking);
  check.number('ll', [sumOf(found?.tokens ?? []), entry.ll], sumTolerance);
}

function runGenerator(expected: readonly number[]): ExtraResult {
  const check = new Check();
  const draw = mulberry32(12345);
  check.numbers('uniform', [expected.map(() => draw()), expected], () => 0);
  return check.result();
}

function runSelection({ labels, k, seed, first_uniform, picked }: Index['selection']['cases'][number]): ExtraResult {
  const check = new Check();
  check.number('first uniform', [mulberry32(seed)(), first_uniform], 0);
  check.same('picked', drawBalanced(labels, k, seed), picked);
  return check.result();
}

async function runNeighbours(
  folder: string,
  { asking, check }: { readonly asking: Asking; readonly check: Check },
  golden: Index['neighbours'],
): Promise<void> {
  const encoded = await asking.reader.tokenizer.encodeBatch(golden.texts);
  const rows = encoded.map(({ ids, typeIds }) => ({ ids, types: typeIds, answers: [{ position: 0, label: 0 }] }));
  const vectors = (await asking.answerer.features(rows)).map(normalised);
  const reference = await openReference(folder, golden.tensors);
  const { shape, values } = reference.floats('normalised');
  const width = shape[1] ?? 0;
  const cosines = reference.floats('cosine').values;
  const near = (): number => tokenTolerance;
  vectors.forEach((vector, at) => {
    check.numbers(`embedding ${String(at)}`, [vector, [...values.subarray(at * width, (at + 1) * width)]], near);
  });
  const pool = vectors.slice(0, golden.pool_size);
  vectors.slice(golden.pool_size).forEach((query, at) => {
    const found = similarities(query, pool);
    check.numbers(
      `cosines ${String(at)}`,
      [found, [...cosines.subarray(at * pool.length, (at + 1) * pool.length)]],
      near,
    );
    check.same(`ranking ${String(at)}`, ranked(found), golden.ranking[at]);
  });
}

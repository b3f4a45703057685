/** Golden-extra's generation: Transformers' logits processors, and its greedy and beam decoding of a tiny model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decoder } from '../../../engine/generate/decoder.ts';
import { processed } from '../../../engine/generate/processors.ts';
import type { TokenRules } from '../../../engine/generate/rules.ts';
import { probabilities, type Scores } from '../../../engine/generate/scores.ts';
import type { Found } from '../../../engine/generate/search.ts';
import { architectureNames } from '../../../engine/models/registry.ts';
import { generationSettings, type GenerationRequest } from '../../../engine/spec/generation.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { loadWeights } from '../../../engine/train/weights.ts';
import { openReference } from '../reference.ts';
import { processorOf, type Link } from './generation-link.ts';
import type { ExtraCase, ExtraFamily, ExtraResult, Machine } from './registry.ts';

/** README: logits. The scores of beams are sums of as many as there are new tokens. */
const tolerance = 2e-5;

/** What float32 leaves of such a sum, which a negative length penalty multiplies: of the score, if that is more. */
const scoreTolerance = 1e-6;

/** Two tokens nearer than this may change places. */
const close = 1e-3;

interface Index {
  /** Relative to the folder of the index. */
  readonly base: string;
  readonly processors: readonly { readonly id: string; readonly chain: readonly Link[] }[];
  readonly runs: readonly Run[];
}

interface Run {
  readonly id: string;
  readonly prompt: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  /** Keyword arguments of `generate`. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sequences: readonly (readonly number[])[];
  /** Of beams: the scores of the sequences. */
  readonly sequences_scores?: readonly number[];
  readonly same_in_float64: boolean;
  /** Of greedy runs: how near another token came. */
  readonly smallest_top1_top2_gap?: number;
}

export const generation: ExtraFamily = {
  name: 'generation',
  cases: (folder) => {
    const own = join(folder, 'generation');
    const index = JSON.parse(readFileSync(join(own, 'index.json'), 'utf8')) as Index;
    const model = join(own, index.base);
    const { model_type } = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as { model_type: string };
    return [
      ...index.processors.map(({ id, chain }): ExtraCase => ({ name: id, run: () => runChain(own, id, chain) })),
      ...index.runs.map((run): ExtraCase => {
        const { id: name } = run;
        if (!architectureNames.includes(model_type)) return { name, skipped: `architecture ${model_type}` };
        if (!run.same_in_float64) return { name, skipped: 'Transformers finds something else in float64' };
        return { name, run: (machine) => decode(machine, { folder: own, model, run }) };
      }),
    ];
  },
};

async function runChain(folder: string, id: string, chain: readonly Link[]): Promise<ExtraResult> {
  const reference = await openReference(folder, 'processors.safetensors');
  const steps = chain.map(processorOf);
  const rows = rowsOf(reference.integers('input_ids'));
  const logits = rowsOf(reference.floats('logits'));
  const comparison = new Comparison();
  for (const [row, ids] of rows.entries()) {
    const found = processed(Float64Array.from(logits[row] ?? []), steps, { ids, promptLength: 0, row });
    comparison.scores(found, rowsOf(reference.floats(`${id}.logits`))[row] ?? [], { where: `row ${String(row)}` });
    comparison.scores(probabilities(found), rowsOf(reference.floats(`${id}.probs`))[row] ?? [], {
      where: `chances of row ${String(row)}`,
    });
  }
  return comparison.result();
}

async function decode(
  { runtime, device }: Machine,
  { folder, model, run }: { folder: string; model: string; run: Run },
): Promise<ExtraResult> {
  const { base, architecture, config } = await openArchitecture(model);
  try {
    const encoded = architecture.kind === 'encoder-decoder';
    const head = { name: encoded ? 'seq2seq-lm' : 'causal-lm', labels: config.vocabulary } as const;
    const setup = createSetup({ architecture, config, head, method: null });
    const weights = await loadWeights({ base, setup, seed: 0 });
    const decoder = new Decoder({ runtime, device, threads: 1, setup, state: weights.fed, mapped: weights.mapped });
    const prompts = run.prompt.map((ids, row) => ids.filter((_, at) => run.attention_mask[row]?.[at] === 1));
    const { request, rules } = asked(run.settings);
    const seen = prompts.map(() => [] as Scores[]);
    const found = await decoder.search(prompts, {
      settings: generationSettings(request),
      rules,
      watch: (scores, { row }) => {
        seen[row]?.push(scores);
        return scores;
      },
    });
    await decoder.dispose();
    const scores = `${run.id}.scores`;
    const reference = await openReference(folder, 'scores.safetensors');
    // The sequences of an encoder–decoder hold its decoder's start token instead of the prompt.
    const begun = run.prompt.map((ids) => (encoded ? 1 : ids.length));
    return compareRun(
      { run, begun },
      found,
      reference.has(scores) ? { seen, expected: reference.floats(scores) } : null,
    );
  } finally {
    await base.close();
  }
}

/** The keyword arguments of `generate` in our words. */
function asked(settings: Run['settings']): { request: GenerationRequest; rules: TokenRules } {
  const ids = (name: string): number[] | undefined =>
    settings[name] === undefined || settings[name] === null ? undefined : ([settings[name]].flat() as number[]);
  const [badWords, forcedBos, forcedEos, suppressed] = [
    settings['bad_words_ids'] as readonly (readonly number[])[] | undefined,
    ids('forced_bos_token_id'),
    ids('forced_eos_token_id'),
    ids('suppress_tokens'),
  ];
  const rules = {
    eos: ids('eos_token_id') ?? [],
    ...(badWords ? { badWords } : {}),
    ...(forcedBos?.[0] === undefined ? {} : { forcedBos: forcedBos[0] }),
    ...(forcedEos ? { forcedEos } : {}),
    ...(suppressed ? { suppressed } : {}),
  };
  const request: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    const ours = settingNames[name];
    if (ours === undefined) throw new Error(`no setting is called ${name}`);
    if (ours !== null) request[ours] = value;
  }
  const beams = typeof request['beams'] === 'number' ? request['beams'] : 1;
  const early = settings['early_stopping'];
  return {
    request: {
      ...request,
      strategy: beams > 1 ? 'beam' : 'greedy',
      ...(early === undefined
        ? {}
        : { earlyStopping: early === true ? 'first' : early === 'never' ? early : 'heuristic' }),
    },
    rules,
  };
}

/** Null: not one of our settings, and read elsewhere here. */
const settingNames: Readonly<Record<string, keyof GenerationRequest | null>> = {
  do_sample: null,
  eos_token_id: null,
  bad_words_ids: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  suppress_tokens: null,
  pad_token_id: null,
  num_return_sequences: null,
  early_stopping: null,
  max_new_tokens: 'maxNewTokens',
  min_new_tokens: 'minNewTokens',
  num_beams: 'beams',
  length_penalty: 'lengthPenalty',
  repetition_penalty: 'repetitionPenalty',
  no_repeat_ngram_size: 'noRepeatNgram',
};

interface SeenScores {
  /** Of each prompt, step after step. */
  readonly seen: readonly (readonly Scores[])[];
  /** [prompts, steps, vocabulary]. */
  readonly expected: { readonly shape: readonly number[]; readonly values: Float32Array };
}

function compareRun(
  { run, begun }: { readonly run: Run; readonly begun: readonly number[] },
  found: readonly (readonly Found[])[],
  scores: SeenScores | null,
): ExtraResult {
  const comparison = new Comparison();
  const perPrompt = run.sequences.length / run.prompt.length;
  for (const [index, sequence] of run.sequences.entries()) {
    const prompt = Math.floor(index / perPrompt);
    const answer = found[prompt]?.[index % perPrompt];
    const where = `sequence ${String(index)}`;
    const expected = sequence.slice(begun[prompt] ?? 0);
    const sure =
      scores && (run.smallest_top1_top2_gap ?? close) < close ? certain(scores.seen[prompt] ?? []) : Infinity;
    const ids = (answer?.ids ?? []).slice(0, sure);
    // Behind an answer's end Transformers fills up with the padding token; with beams, if that is 0, with the end token.
    const fillers = [run.settings['pad_token_id'], ...[run.settings['eos_token_id']].flat()];
    comparison.same(ids.join(' '), expected.slice(0, ids.length).join(' '), where);
    if (sure === Infinity && !expected.slice(ids.length).every((id) => fillers.includes(id)))
      comparison.same(`${where} ends`, `goes on with ${expected.slice(ids.length).join(' ')}`, where);
    const score = run.sequences_scores?.[index];
    if (score !== undefined)
      comparison.scores([answer?.score ?? NaN], [score], {
        where: `the score of ${where}`,
        atol: Math.max(tolerance, scoreTolerance * Math.abs(score)),
      });
  }
  if (scores) {
    const [, steps = 1, vocabulary = 1] = scores.expected.shape;
    scores.seen.forEach((rows, prompt) => {
      rows.slice(0, 1 + certain(rows)).forEach((row, step) => {
        const start = (prompt * steps + step) * vocabulary;
        const expected = scores.expected.values.subarray(start, start + vocabulary);
        comparison.scores(row, expected, {
          where: `scores of prompt ${String(prompt)} at step ${String(step)}`,
        });
      });
    });
  }
  return comparison.result();
}

/** Steps before the first at which two tokens are close. */
function certain(steps: readonly Scores[]): number {
  const first = steps.findIndex((scores) => {
    const [second = -Infinity, best = -Infinity] = scores.toSorted().slice(-2);
    return best - second < close;
  });
  return first < 0 ? steps.length : first;
}

function rowsOf<T extends ArrayLike<number> & { slice(start: number, end: number): T }>(matrix: {
  readonly shape: readonly number[];
  readonly values: T;
}): readonly T[] {
  const [rows = 1, width = 1] = matrix.shape;
  return Array.from({ length: rows }, (_, row) => matrix.values.slice(row * width, (row + 1) * width));
}

class Comparison {
  #worst = 0;
  #failure: string | null = null;

  /** Numbers within the tolerance; −∞ only where the reference has it. */
  scores(
    found: ArrayLike<number>,
    expected: ArrayLike<number>,
    { where, atol = tolerance }: { readonly where: string; readonly atol?: number },
  ): void {
    if (found.length !== expected.length)
      this.#fail(`${where}: ${String(found.length)} numbers, not ${String(expected.length)}`);
    for (let at = 0; at < expected.length; at += 1) {
      const [ours = NaN, theirs = NaN] = [found[at], expected[at]];
      const off = ours === theirs ? 0 : Math.abs(ours - theirs);
      if (!(off <= this.#worst)) this.#worst = off;
      if (!(off <= atol)) this.#fail(`${where} at ${String(at)} is ${String(ours)}, not ${String(theirs)}`);
    }
  }

  same(found: string, expected: string, where: string): void {
    if (found !== expected) this.#fail(`${where} is “${found}”, not “${expected}”`);
  }

  result(): ExtraResult {
    return { worst: this.#worst, failure: this.#failure };
  }

  #fail(text: string): void {
    this.#failure ??= text;
  }
}

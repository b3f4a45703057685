/** What changes the scores of the next token before one is chosen: rules, penalties and cuts, in the order of Transformers' `generate`. */
import type { GenerationSettings } from '../spec/generation.ts';
import type { TokenRules } from './rules.ts';
import { logSoftmax, type Scores } from './scores.ts';
import { epsilonCutoff, etaCutoff, minP, temperature, topK, topP, typical } from './warpers.ts';

/** The row that is continued. */
export interface RowSoFar {
  /** Prompt and new tokens; of an encoder–decoder model the decoder's. */
  readonly ids: readonly number[];
  /** How many of them are the prompt. */
  readonly promptLength: number;
  /** The prompt's place among those that are continued together. */
  readonly row: number;
}

export type Processor = (scores: Scores, row: RowSoFar) => Scores;

function changed(scores: Scores, ids: Iterable<number>, change: (score: number) => number): Scores {
  const result = scores.slice();
  for (const id of new Set(ids)) if (id < result.length) result[id] = change(result[id] ?? 0);
  return result;
}

function banned(scores: Scores, ids: Iterable<number>): Scores {
  return changed(scores, ids, () => -Infinity);
}

function forced(scores: Scores, ids: readonly number[]): Scores {
  return changed(new Float64Array(scores.length).fill(-Infinity), ids, () => 0);
}

function endsWith(ids: readonly number[], tail: readonly number[]): boolean {
  return tail.length <= ids.length && tail.every((id, at) => ids[ids.length - tail.length + at] === id);
}

/** Adds a bias to the token that would complete a sequence. */
export function sequenceBias(biases: readonly (readonly [readonly number[], number])[]): Processor {
  return (scores, { ids }) => {
    const result = scores.slice();
    for (const [sequence, bias] of biases) {
      const last = sequence.at(-1) ?? -1;
      if (endsWith(ids, sequence.slice(0, -1))) result[last] = (result[last] ?? 0) + bias;
    }
    return result;
  };
}

/** Makes tokens that the row has less likely, or with a penalty below 1 more (Keskar et al., 2019, section 4.1). */
export function repetitionPenalty(penalty: number): Processor {
  return (scores, { ids }) => changed(scores, ids, (score) => (score < 0 ? score * penalty : score / penalty));
}

/** Forbids the tokens that would complete an n-gram the row has already (Paulus et al., 2018, section 2.5). */
export function noRepeatNgram(size: number): Processor {
  return (scores, { ids }) => {
    if (ids.length < size) return scores;
    const prefix = ids.slice(ids.length + 1 - size);
    return banned(
      scores,
      ids.filter((_, at) => at >= size - 1 && prefix.every((id, back) => ids[at - size + 1 + back] === id)),
    );
  };
}

function badWords(words: readonly (readonly number[])[], eos: readonly number[]): Processor {
  const forbidden = words.filter((word) => word.length !== 1 || !eos.includes(word[0] ?? -1));
  return sequenceBias(forbidden.map((word) => [word, -Infinity] as const));
}

export function minNewTokens(count: number, eos: readonly number[]): Processor {
  return (scores, { ids, promptLength }) => (ids.length - promptLength < count ? banned(scores, eos) : scores);
}

function forcedBos(id: number): Processor {
  return (scores, { ids }) => (ids.length === 1 ? forced(scores, [id]) : scores);
}

function forcedEos(ids: readonly number[], maxNewTokens: number): Processor {
  return (scores, row) => (row.ids.length - row.promptLength === maxNewTokens - 1 ? forced(scores, ids) : scores);
}

export function suppress(ids: readonly number[]): Processor {
  return (scores) => banned(scores, ids);
}

export function normalise(): Processor {
  return (scores) => logSoftmax(scores);
}

/** All that these settings and rules ask for. What changes nothing is left out. */
export function processorsOf(settings: GenerationSettings, rules: TokenRules): readonly Processor[] {
  const { eos } = rules;
  const when = (applies: boolean, make: () => Processor): Processor[] => (applies ? [make()] : []);
  const given = <T>(value: T | undefined, make: (value: T) => Processor): Processor[] =>
    value === undefined ? [] : [make(value)];
  const always = [
    ...when(settings.repetitionPenalty !== 1, () => repetitionPenalty(settings.repetitionPenalty)),
    ...when(settings.noRepeatNgram > 0, () => noRepeatNgram(settings.noRepeatNgram)),
    ...given(rules.badWords, (words) => badWords(words, eos)),
    ...when(settings.minNewTokens > 0, () => minNewTokens(settings.minNewTokens, eos)),
    ...given(rules.forcedBos, forcedBos),
    ...given(rules.forcedEos, (ids) => forcedEos(ids, settings.maxNewTokens)),
    ...given(rules.suppressed, suppress),
  ];
  if (settings.strategy !== 'sample') return always;
  return [
    ...always,
    ...when(settings.temperature !== 1 && settings.temperature !== 0, () => temperature(settings.temperature)),
    ...when(settings.topK > 0, () => topK(settings.topK)),
    ...when(settings.topP < 1, () => topP(settings.topP)),
    ...when(settings.minP > 0, () => minP(settings.minP)),
    ...when(settings.typicalP < 1, () => typical(settings.typicalP)),
    ...when(settings.epsilonCutoff > 0, () => epsilonCutoff(settings.epsilonCutoff)),
    ...when(settings.etaCutoff > 0, () => etaCutoff(settings.etaCutoff)),
  ];
}

/** The scores after all of them, in their order. */
export function processed(scores: Scores, processors: readonly Processor[], row: RowSoFar): Scores {
  return processors.reduce((now, processor) => processor(now, row), scores);
}

/** How a language model's answer is found: the settings, their limits, and what each is when nobody says otherwise. */
import { z } from 'zod';
import { StudioError } from './errors.ts';
import type { Json } from './json.ts';
import { field } from './methods/common.ts';
import { readField } from './recipe.ts';

const strategyNames = ['greedy', 'sample', 'beam'] as const;

export const generationSchema = z.strictObject({
  maxNewTokens: field(z.int().min(1).max(131_072).default(64), {
    label: 'Longest answer',
    term: 'max new tokens',
    unit: 'tokens',
    help: 'The answer ends here, whether it is finished or not.',
    steps: [16, 32, 64, 128, 256, 512],
  }),
  strategy: field(z.enum(strategyNames).default('greedy'), {
    label: 'How words are chosen',
    term: 'decoding strategy',
    help: 'Greedy takes the likeliest word each time, sample draws one by its probability, beam follows several answers and keeps the likeliest.',
  }),
  temperature: field(z.number().min(0).max(10).default(1), {
    label: 'Freedom',
    term: 'temperature',
    help: 'Below 1 the likely words become likelier, above 1 the unlikely ones; 0 always takes the likeliest.',
    steps: [0, 0.2, 0.5, 0.7, 1, 1.2, 1.5, 2],
    when: { strategy: 'sample' },
  }),
  topK: field(z.int().min(0).max(1_000_000).default(0), {
    label: 'Words to draw from',
    term: 'top-k',
    unit: 'tokens',
    help: 'Only so many of the likeliest words are in the draw; 0 is all.',
    steps: [0, 5, 10, 20, 50, 100],
    advanced: true,
    when: { strategy: 'sample' },
  }),
  topP: field(z.number().positive().max(1).default(1), {
    label: 'Probability to draw from',
    term: 'top-p',
    help: 'Only the likeliest words that together have this probability are in the draw; 1 is all.',
    steps: [0.5, 0.7, 0.8, 0.9, 0.95, 1],
    advanced: true,
    when: { strategy: 'sample' },
  }),
  minP: field(z.number().min(0).max(1).default(0), {
    label: 'Share of the likeliest word',
    term: 'min-p',
    help: 'A word is in the draw if it has at least this share of the likeliest word’s probability; 0 is all.',
    steps: [0, 0.02, 0.05, 0.1, 0.2],
    advanced: true,
    when: { strategy: 'sample' },
  }),
  typicalP: field(z.number().positive().max(1).default(1), {
    label: 'Probability of typical words',
    term: 'typical p',
    help: 'Only the words whose surprise is nearest to the expected one, up to this probability; 1 is all.',
    advanced: true,
    when: { strategy: 'sample' },
  }),
  epsilonCutoff: field(z.number().min(0).lt(1).default(0), {
    label: 'Least probability',
    term: 'epsilon cutoff',
    help: 'Words less likely than this are never drawn; 0 is all.',
    advanced: true,
    when: { strategy: 'sample' },
  }),
  etaCutoff: field(z.number().min(0).lt(1).default(0), {
    label: 'Least probability, by certainty',
    term: 'eta cutoff',
    help: 'As the least probability, but lower where the model is unsure; 0 is all.',
    advanced: true,
    when: { strategy: 'sample' },
  }),
  beams: field(z.int().min(1).max(64).default(4), {
    label: 'Answers followed',
    term: 'beams',
    help: 'How many answers are followed side by side; each costs time and memory.',
    steps: [2, 3, 4, 6, 8],
    when: { strategy: 'beam' },
  }),
  lengthPenalty: field(z.number().min(-10).max(10).default(1), {
    label: 'Weight of length',
    term: 'length penalty',
    help: 'An answer’s log-probability is divided by its length to this power: above 0 favours long answers, below 0 short ones.',
    steps: [0, 0.5, 1, 1.5, 2],
    advanced: true,
    when: { strategy: 'beam' },
  }),
  earlyStopping: field(z.enum(['heuristic', 'first', 'never']).default('heuristic'), {
    label: 'When beams end',
    term: 'early stopping',
    help: 'First: once as many answers are finished as are followed. Heuristic: when a better one is unlikely. Never: when none is possible.',
    advanced: true,
    when: { strategy: 'beam' },
  }),
  repetitionPenalty: field(z.number().positive().max(10).default(1), {
    label: 'Against repetition',
    term: 'repetition penalty',
    help: 'Above 1 makes the words that have occurred less likely; 1 leaves them alone.',
    steps: [1, 1.05, 1.1, 1.2, 1.5],
  }),
  noRepeatNgram: field(z.int().min(0).max(1024).default(0), {
    label: 'No phrase twice',
    term: 'no-repeat n-gram size',
    unit: 'tokens',
    help: 'No sequence of so many tokens occurs twice, the prompt included; 0 allows all.',
    steps: [0, 2, 3, 4, 5],
    advanced: true,
  }),
  minNewTokens: field(z.int().min(0).max(131_072).default(0), {
    label: 'Shortest answer',
    term: 'min new tokens',
    unit: 'tokens',
    help: 'The model cannot end its answer before.',
    advanced: true,
  }),
  stopStrings: field(z.array(z.string().min(1).max(1000)).max(64).default([]), {
    label: 'Stop at',
    term: 'stop strings',
    help: 'The answer ends before the first of these texts.',
    advanced: true,
    lines: true,
  }),
  seed: field(z.int().min(0).max(4_294_967_295).default(1), {
    label: 'Seed',
    term: 'random seed',
    help: 'The same seed gives the same answer.',
    when: { strategy: 'sample' },
  }),
});
export type GenerationSettings = Readonly<z.output<typeof generationSchema>>;

/** The settings as a form is made from them. */
export function generationJsonSchema(): Json {
  return z.toJSONSchema(generationSchema, { io: 'input' }) as Json;
}

/** Tokens of an answer in the window at most, unless another number was asked for. */
const longestAnswer = 256;

/** As many as fit beside the question in a model that reads `contextLength` tokens; null: no limit. */
export function answerLength(contextLength: number | null): number {
  return Math.min(longestAnswer, Math.max(1, Math.floor((contextLength ?? Infinity) / 2)));
}

/** What a request may leave out. */
export type GenerationRequest = Readonly<z.input<typeof generationSchema>>;

export const settingNames = Object.keys(generationSchema.shape) as readonly (keyof GenerationSettings)[];

/** The settings that stand in a wider request. */
export function askedSettings(request: GenerationRequest): GenerationRequest {
  return Object.fromEntries(
    settingNames.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])),
  );
}

/**
 * The settings that a request asks for, each of the others at its default. A temperature alone asks for sampling; none, or 0,
 * for the likeliest token. Errors: `answer.setting`.
 */
export function generationSettings(asked: GenerationRequest): GenerationSettings {
  const strategy = asked.strategy ?? ((asked.temperature ?? 0) > 0 ? 'sample' : 'greedy');
  const read = readField(generationSchema, { ...asked, strategy }, '');
  if (read.problem !== null) throw new StudioError('answer.setting', read.problem);
  return read.value;
}

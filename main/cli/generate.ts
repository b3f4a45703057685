/** `atelier generate`: asks a model, tuned or as it came, and streams the answer. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Answer, Question } from '../../engine/spec/commands.ts';
import {
  askedSettings,
  generationSchema,
  generationSettings,
  settingNames,
  type GenerationRequest,
  type GenerationSettings,
} from '../../engine/spec/generation.ts';
import { StudioError, toEnvelope } from '../../engine/spec/errors.ts';
import type { FieldMeta } from '../../engine/spec/methods/common.ts';
import { adapterFolder, baseModelOf } from './adapter.ts';
import { percent } from '../../engine/spec/wording/format.ts';
import { sentenceOf } from '../../engine/spec/wording/index.ts';
import { table } from './format.ts';
import { readInput } from './input.ts';
import { runAction, withJson } from './session.ts';

interface Options extends GenerationRequest, Question {
  readonly adapter: string;
  readonly model?: string;
  readonly json?: boolean;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('ask a tuned model, or the model as it came')
    .requiredOption('--adapter <folder>', 'the adapter/ folder of a run, or "none" for the model as it came')
    .option(
      '--model <model>',
      "the base model: a catalogue id, a folder or a .gguf file (default: as the adapter's recipe says)",
    )
    .requiredOption('--prompt <text>', 'the text or question, or - for standard input')
    .option('--pair <text>', 'the second text, of a model that reads pairs')
    .option('--context <text>', 'the passage that a question is about')
    .option('--choices <text...>', 'the answers to choose from')
    .allowExcessArguments(false);
  for (const option of settingOptions()) command.addOption(option);
  return withJson(command).action((options: Options) =>
    runAction(options, async (session) => {
      const adapter = options.adapter === 'none' ? null : adapterFolder(options.adapter);
      const modelPath = baseModelOf(session, { model: options.model, adapter });
      const prompt = options.prompt === '-' ? await readInput(session.signal) : options.prompt;
      let streamed = '';
      const answer = await session.call(
        'generate',
        { ...askedSettings(options), ...questionOf(options), modelPath, adapter, prompt },
        {
          onNews: (piece) => {
            streamed += piece.text;
            session.output.event({ type: 'text', text: piece.text });
            session.output.piece(piece.text);
          },
        },
      );
      return { value: answer, human: answerText(answer, streamed) };
    }),
  );
}

function questionOf({ pair, context, choices }: Options): Omit<Question, 'prompt'> {
  return {
    ...(pair === undefined ? {} : { pair }),
    ...(context === undefined ? {} : { context }),
    ...(choices === undefined ? {} : { choices }),
  };
}

/** A flag for each setting of an answer, with the schema's words and limits. */
function settingOptions(): readonly Option[] {
  return settingNames.map((name) => {
    const schema = generationSchema.shape[name];
    const { help = '', term = name, when = {} } = (schema.meta() ?? {}) as Partial<FieldMeta>;
    const where = Object.values(when).map((value) => `For ${value}. `);
    const initial = schema.parse(undefined);
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const value = Array.isArray(initial) ? '<text...>' : typeof initial === 'number' ? '<n>' : '<name>';
    const described = `${term}: ${where.join('')}${help} (default: ${defaultText(name, initial)})`;
    const option = new Option(`${flag} ${value}`, described);
    // Commander reads `--no-repeat-ngram` as a switch that takes `repeatNgram` back.
    option.negate = false;
    return option.argParser((text: string, before: unknown) => readSetting(name, text, before));
  });
}

function defaultText(name: keyof GenerationSettings, initial: unknown): string {
  if (name === 'strategy') return 'sample with a temperature above 0, else greedy';
  if (name === 'temperature') return '1 for sample';
  return Array.isArray(initial) ? 'none' : String(initial);
}

function readSetting(name: keyof GenerationSettings, text: string, before: unknown): unknown {
  const initial = generationSchema.shape[name].parse(undefined);
  const number = text.trim() === '' ? Number.NaN : Number(text);
  const value = Array.isArray(initial)
    ? [...((before ?? []) as readonly string[]), text]
    : typeof initial === 'number'
      ? number
      : text;
  try {
    generationSettings({ [name]: value });
  } catch (thrown) {
    if (!(thrown instanceof StudioError)) throw thrown;
    throw new InvalidArgumentError(sentenceOf(toEnvelope(thrown)).cause);
  }
  return value;
}

/** What is left to say once `streamed` stands on the screen. */
function answerText({ text: whole, scores }: Answer, streamed: string): string {
  const rest = whole.startsWith(streamed) ? whole.slice(streamed.length) : '';
  const likeliest = table(
    (scores ?? []).slice(0, 5).map(({ label, probability }) => [percent(probability), label]),
    [0],
  );
  if (likeliest === '') return rest;
  return whole === '' ? likeliest : `${rest}\n${likeliest}`;
}

/** `atelier generate`: asks a model, tuned or as it came, and streams the answer. */
import { Command } from 'commander';
import type { Answer } from '../../engine/spec/commands.ts';
import { adapterFolder, baseModelOf } from './adapter.ts';
import { percent } from '../../engine/spec/wording/format.ts';
import { table } from './format.ts';
import { readInput } from './input.ts';
import { numberBetween, runAction, withJson } from './session.ts';

interface Options {
  readonly adapter: string;
  readonly model?: string;
  readonly prompt: string;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly seed: number;
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
    .option('--max-new-tokens <n>', 'the longest answer', numberBetween(1, 131_072), 64)
    .option(
      '--temperature <t>',
      '0 always takes the likeliest token; higher is freer',
      numberBetween(0, 10, 'number'),
      0,
    )
    .option('--seed <n>', 'the same seed gives the same answer', numberBetween(0, 4_294_967_295), 1);
  return withJson(command).action((options: Options) =>
    runAction(options, async (session) => {
      const { maxNewTokens, temperature, seed } = options;
      const adapter = options.adapter === 'none' ? null : adapterFolder(options.adapter);
      const modelPath = baseModelOf(session, { model: options.model, adapter });
      const prompt = options.prompt === '-' ? await readInput(session.signal) : options.prompt;
      let streamed = '';
      const answer = await session.call(
        'generate',
        { modelPath, adapter, prompt, maxNewTokens, temperature, seed },
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

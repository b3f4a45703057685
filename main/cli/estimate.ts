/** `atelier estimate`: memory, time and disk a recipe will need. */
import { Command } from 'commander';
import type { Estimate, PromptBudget } from '../../engine/spec/metrics.ts';
import { bytes, count, percent } from '../../engine/spec/wording/format.ts';
import { duration, table } from './format.ts';
import { readRecipe } from './recipe-file.ts';
import { runAction, showProgress, withJson } from './session.ts';

interface Options {
  readonly measure?: boolean;
  readonly json?: boolean;
}

export function estimateCommand(): Command {
  const command = new Command('estimate')
    .description('say what memory, time and disk a recipe needs')
    .argument('<recipe>', 'a recipe file, or - for standard input')
    .option('--measure', 'run two real steps on the longest rows instead of a formula');
  return withJson(command).action((path: string, options: Options) =>
    runAction(options, async (session) => {
      const { recipe, folder, outline } = await readRecipe(path, session.signal);
      const request = { recipe, folder, modelPath: session.locate(outline.model, folder) };
      const estimate =
        options.measure === true
          ? await session.call('measure', request, { onNews: showProgress(session.output) })
          : await session.call('estimate', request);
      return { value: estimate, human: estimateText(estimate) };
    }),
  );
}

function estimateText(estimate: Estimate): string {
  const {
    peakMemoryBytes,
    seconds,
    steps,
    secondsPerStep,
    diskBytes,
    trainableParameters,
    totalParameters,
    adapterBytes,
    parts,
    source,
    prompt,
  } = estimate;
  const rows = [
    ['memory', bytes(peakMemoryBytes)],
    ...Object.entries(parts).map(([name, size]) => [`  ${name}`, bytes(size)]),
    [
      'time',
      steps === 0
        ? duration(seconds)
        : `${duration(seconds)} (${count(steps)} steps of ${secondsPerStep.toFixed(2)} s)`,
    ],
    ['disk', `${bytes(diskBytes)} (the result: ${bytes(adapterBytes)})`],
    [
      'learns',
      `${count(trainableParameters)} of ${count(totalParameters)} weights (${percent(trainableParameters / totalParameters)})`,
    ],
    ...(prompt ? promptRows(prompt) : []),
    [
      'found by',
      source === 'measured' ? 'two measured steps' : steps === 0 ? 'a formula' : 'a formula; --measure runs two steps',
    ],
  ];
  return table(rows);
}

/** The room of the prompt: what the examples take, and how many fit. */
function promptRows({ tokensPerExample, question, fits, used, limit }: PromptBudget): readonly (readonly string[])[] {
  return [
    ['prompt', `${count(used)} of ${count(limit)} tokens at most`],
    ['  question', `${count(question)} tokens, the longest`],
    ['  examples', `${count(fits)} of ${count(tokensPerExample.length)} fit beside it`],
    ...tokensPerExample.map((tokens, index) => [`  example ${count(index + 1)}`, `${count(tokens)} tokens`]),
  ];
}

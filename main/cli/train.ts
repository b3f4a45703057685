/** `atelier train`: runs a recipe into a folder, or goes on with the run in it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { StudioError } from '../../engine/spec/errors.ts';
import { verdictSentence } from '../../engine/spec/wording/index.ts';
import { resultOf } from '../services/result.ts';
import { readRecipe } from './recipe-file.ts';
import { RunProgress } from './run-progress.ts';
import { runAction, withJson } from './session.ts';
import { metricsText } from './summary.ts';

interface Options {
  readonly out: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('fine-tune a model by a recipe')
    .argument('<recipe>', 'a recipe file, or - for standard input; its relative paths start at its own folder')
    .requiredOption('--out <folder>', 'the run: adapter/, metrics.json, predictions.jsonl, events.jsonl, checkpoints/')
    .option('--resume', 'go on from the newest checkpoint in the folder')
    .addHelpText('after', helpText);
  return withJson(command).action((path: string, options: Options) =>
    runAction(options, async (session) => {
      const { recipe, folder, outline } = await readRecipe(path, session.signal);
      const out = resolve(options.out);
      const resume = options.resume === true;
      checkOut(out, resume);
      const modelPath = session.locate(outline.model, folder);
      const progress = new RunProgress(session.output);
      const metrics = await session.call(
        'train',
        { recipe, folder, modelPath, out, resume },
        { onNews: progress.take },
      );
      const { verdict } = await resultOf(metrics, out);
      const kept = `${metrics.prompted ? 'Prompt' : 'Adapter'}: ${join(out, 'adapter')}`;
      return { value: metrics, human: [verdictSentence(verdict), metricsText(metrics), kept].join('\n') };
    }),
  );
}

const helpText = `
A recipe names a model, a task, the data and a method; all else has defaults ("atelier schema recipe" lists them):
  { "version": 1, "model": "minilm-l6", "task": "text-classification",
    "data": { "train": ["train.csv"], "test": ["test.csv"], "columns": { "text": "text", "label": "label" } },
    "method": { "name": "lora" } }

Ctrl-C ends the run; "--resume" goes on from its last checkpoint.
Exit status: 0 done, 1 a fault of ours, 2 something you can remedy, 130 cancelled.`;

/** A run writes into a folder of its own: one that is new, empty, or a run to go on with. */
function checkOut(out: string, resume: boolean): void {
  if (!existsSync(out)) return;
  const names = statSync(out).isDirectory() ? readdirSync(out) : ['a file'];
  const isRun = names.includes('events.jsonl') || names.includes('checkpoints');
  if (names.length > 0 && !(resume && isRun)) throw new StudioError('file.exists', { path: out });
}

/** `atelier import`: takes in an adapter that was trained elsewhere, so that every other command works on it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { StudioError } from '../../engine/spec/errors.ts';
import { taskNames, type TaskName } from '../../engine/spec/tasks.ts';
import { count } from '../../engine/spec/wording/format.ts';
import { adapterFolder } from './adapter.ts';
import { runAction, withJson } from './session.ts';

interface Options {
  readonly model: string;
  readonly task?: TaskName;
  readonly labels?: string;
  readonly out: string;
  readonly json?: boolean;
}

export function importCommand(): Command {
  const command = new Command('import')
    .description('take in an adapter that was trained elsewhere: a folder of PEFT or AdapterHub')
    .argument('<folder>', 'the folder with its adapter_config.json')
    .requiredOption('--model <model>', 'the base model it belongs to: a catalogue id, a folder or a .gguf file')
    .addOption(
      new Option('--task <task>', 'what it is for (default: as its files say, where they tell)').choices(taskNames),
    )
    .option('--labels <names>', 'its answers in the order of the logits, parted by commas')
    .requiredOption('--out <folder>', 'where the adapter folder is written');
  return withJson(command).action((path: string, options: Options) =>
    runAction(options, async (session) => {
      const folder = adapterFolder(path);
      const out = resolve(options.out);
      if (existsSync(out) && (!statSync(out).isDirectory() || readdirSync(out).length > 0))
        throw new StudioError('file.exists', { path: out });
      const report = await session.call('importAdapter', {
        folder,
        modelPath: session.locate(options.model, process.cwd()),
        task: options.task ?? null,
        labels: options.labels?.split(',').map((label) => label.trim()) ?? null,
        out,
      });
      const { method, task, labels, parameters, namedBase, ignored } = report;
      const lines = [
        report.folder,
        `${method} for ${task}, ${count(parameters)} parameters`,
        ...(labels.length > 0 ? [`Labels: ${labels.join(', ')}`] : []),
        ...(namedBase === null ? [] : [`Its files name ${namedBase} as the base model.`]),
        ...(ignored.length > 0
          ? [`Nothing asks for ${count(ignored.length)} of its tensors, as ${ignored[0] ?? ''}.`]
          : []),
      ];
      return { value: report, human: lines.join('\n') };
    }),
  );
}

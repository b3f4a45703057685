/** `atelier evaluate`: measures an adapter on a data file. */
import { Command } from 'commander';
import { adapterFolder, baseModelOf } from './adapter.ts';
import { columnsHelp, parseColumns } from './columns.ts';
import { existingPath, runAction, showProgress, withJson } from './session.ts';
import { figureText } from './summary.ts';

interface Options {
  readonly adapter: string;
  readonly model?: string;
  readonly data: string;
  readonly columns?: string;
  readonly json?: boolean;
}

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('measure an adapter on the rows of a file')
    .requiredOption('--adapter <folder>', 'the adapter/ folder of a run')
    .option('--model <model>', 'its base model: a catalogue id, a folder or a .gguf file (default: as its recipe says)')
    .requiredOption('--data <file>', 'CSV, TSV, XLSX, JSON or JSONL')
    .option('--columns <json>', `${columnsHelp} (default: as its recipe says)`);
  return withJson(command).action((options: Options) =>
    runAction(options, async (session) => {
      const adapter = adapterFolder(options.adapter);
      const data = existingPath(options.data);
      const columns = options.columns === undefined ? null : parseColumns(options.columns);
      const modelPath = baseModelOf(session, { model: options.model, adapter });
      const report = await session.call(
        'evaluate',
        { modelPath, adapter, data, columns },
        { onNews: showProgress(session.output) },
      );
      return { value: report, human: figureText(report.metric, report.figure) };
    }),
  );
}

/** `atelier export`: writes a run's adapter for another program and replays held-out rows from what was written. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { StudioError } from '../../engine/spec/errors.ts';
import {
  exportFormats,
  ggufQuantisations,
  type ExportFormat,
  type GgufQuantisation,
} from '../../engine/spec/exports.ts';
import { adapterFolder, baseModelOf } from './adapter.ts';
import { bytes } from '../../engine/spec/wording/format.ts';
import { table } from './format.ts';
import { existingPath, runAction, showProgress, withJson } from './session.ts';

interface Options {
  readonly to: ExportFormat;
  readonly quantisation?: GgufQuantisation;
  readonly shardBytes?: string;
  readonly out: string;
  readonly model?: string;
  readonly json?: boolean;
}

const formatsHelp = [
  "peft: the folder as the run saved it, for Python's PEFT or transformers",
  'adapterhub: for AdapterHub',
  'model: the whole model as a Hugging Face folder',
  'gguf: the whole model for Ollama, LM Studio and llama.cpp',
  'gguf-lora: the correction alone, for llama.cpp and Ollama',
  'onnx: the network for onnxruntime',
].join('; ');

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new StudioError('usage', {
    command: 'atelier export',
    reason: `--shard-bytes ${text} is no whole number above 0`,
  });
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description("write a run's adapter for another program, and check what was written")
    .argument('<run>', 'the folder of a run')
    .addOption(new Option('--to <format>', formatsHelp).choices(exportFormats).makeOptionMandatory())
    .addOption(new Option('--quantisation <type>', 'of a gguf (default: F16)').choices(ggufQuantisations))
    .option('--shard-bytes <number>', 'bytes of a file of a model folder at most (default: 5000000000)')
    .requiredOption('--out <folder>', 'where it is written')
    .option('--model <model>', "the base model (default: as the run's recipe says)");
  return withJson(command).action((path: string, options: Options) =>
    runAction(options, async (session) => {
      const run = existingPath(path);
      const out = resolve(options.out);
      if (existsSync(out) && (!statSync(out).isDirectory() || readdirSync(out).length > 0))
        throw new StudioError('file.exists', { path: out });
      const modelPath = baseModelOf(session, { model: options.model, adapter: adapterFolder(join(run, 'adapter')) });
      const report = await session.call(
        'export',
        {
          run,
          modelPath,
          to: options.to,
          out,
          ...(options.quantisation === undefined ? {} : { quantisation: options.quantisation }),
          ...(options.shardBytes === undefined ? {} : { shardBytes: positive(options.shardBytes) }),
        },
        { onNews: showProgress(session.output) },
      );
      const files = table(
        report.files.map((file) => [file.name, bytes(file.bytes)]),
        [1],
      );
      const { matched, of } = report.replay;
      return { value: report, human: `${report.folder}\n${files}\n${matched} of ${of} answers match.` };
    }),
  );
}

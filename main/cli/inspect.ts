/** `atelier inspect`: what is in data files, or what a model is. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { catalogueEntry } from '../../engine/spec/catalogue.ts';
import type { ModelSummary } from '../../engine/spec/commands.ts';
import type { DatasetView } from '../../engine/spec/dataset.ts';
import { defaultSplit } from '../../engine/spec/recipe.ts';
import { taskNames, type TaskName } from '../../engine/spec/tasks.ts';
import { findingSentence } from '../../engine/spec/wording/index.ts';
import { columnsHelp, parseColumns } from './columns.ts';
import { bytes, count } from '../../engine/spec/wording/format.ts';
import { table } from './format.ts';
import { existingPath, runAction, showProgress, withJson, type Session } from './session.ts';

interface Options {
  readonly test?: readonly string[];
  readonly task?: TaskName;
  readonly columns?: string;
  readonly json?: boolean;
}

export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('say what is in data files, or what a model is')
    .argument(
      '<path...>',
      'data files (CSV, TSV, XLSX, JSON, JSONL), or one model: a catalogue id, a folder or a .gguf file',
    )
    .option('--test <file...>', 'data files held back for the result')
    .addOption(new Option('--task <task>', 'what the data are for (default: guessed)').choices([...taskNames]))
    .option('--columns <json>', `${columnsHelp} (default: guessed)`);
  return withJson(command).action((paths: readonly string[], options: Options) =>
    runAction(options, async (session) => {
      const [first = ''] = paths;
      if (paths.length === 1 && isModel(first)) return await inspectModel(session, first);
      return await inspectData(session, paths, options);
    }),
  );
}

async function inspectModel(session: Session, model: string) {
  const summary = await session.call('inspectModel', { modelPath: session.locate(model, process.cwd()) });
  return { value: summary, human: modelText(summary) };
}

async function inspectData(session: Session, paths: readonly string[], options: Options) {
  const request = {
    train: paths.map(existingPath),
    validation: null,
    test: options.test?.map(existingPath) ?? null,
    task: options.task ?? null,
    columns: options.columns === undefined ? null : parseColumns(options.columns),
    split: defaultSplit,
  };
  const view = await session.call('describeData', request, { onNews: showProgress(session.output) });
  return { value: view, human: dataText(view) };
}

function isModel(path: string): boolean {
  const absolute = resolve(path);
  if (!existsSync(absolute)) return catalogueEntry(path) !== undefined;
  if (!statSync(absolute).isDirectory()) return /\.(gguf|safetensors)$/i.test(path);
  return readdirSync(absolute).some((name) => name === 'config.json' || /\.(gguf|safetensors)$/i.test(name));
}

function modelText(model: ModelSummary): string {
  return table([
    ['name', model.name],
    ['architecture', model.architecture],
    ['weights', `${count(model.parameters)} in ${model.layers} layers of ${model.hidden}`],
    ['size', bytes(model.bytes)],
    ['reads up to', model.contextLength === null ? 'any number of tokens' : `${count(model.contextLength)} tokens`],
    ['can learn', model.tasks.join(', ')],
    ['path', model.path],
  ]);
}

function dataText(view: DatasetView): string {
  const files = view.files.map(({ name, format, rows, role }) => [name, format, `${count(rows)} rows`, role]);
  const columns = view.columns.map(({ name, distinct, empty, examples }) => [
    name,
    `${count(distinct)} different`,
    `${count(empty)} empty`,
    JSON.stringify(examples[0] ?? '').slice(0, 60),
  ]);
  const { train, validation, test } = view.counts;
  const labels = view.labels.slice(0, 20).map((label) => [label.name, count(label.count)]);
  const sections = [
    `Files\n${table(files, [2])}`,
    `Columns\n${table(columns, [1, 2])}`,
    [
      `Goal: ${view.suggestedTask ?? 'none fits'}`,
      view.mapping
        ? `Mapping${view.guessed ? ' (guessed)' : ''}: ${JSON.stringify(view.mapping)}`
        : 'Mapping: none fits; --columns gives one',
      `Rows: ${count(train)} to learn from, ${count(validation)} to check, ${count(test)} to test`,
      `Longest row: ${count(view.lengths.longest)} words`,
    ].join('\n'),
    ...(labels.length > 0 ? [`Categories (${view.labels.length})\n${table(labels, [1])}`] : []),
    ...(view.findings.length > 0
      ? [`Findings\n${view.findings.map((finding) => `${finding.severity}: ${findingSentence(finding)}`).join('\n')}`]
      : []),
  ];
  return sections.join('\n\n');
}

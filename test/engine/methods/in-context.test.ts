/** In-context learning as a run: nothing is trained, and what it saved answers as it did, on every task that it takes. */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Question } from '../../../engine/spec/commands.ts';
import type { Prediction } from '../../../engine/spec/metrics.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import { createDataRoom } from '../../../engine/data/dataset.ts';
import { openTuned } from '../../../engine/export/open-adapter.ts';
import type { TokenRow } from '../../../engine/tasks/rows.ts';
import type { Answerer } from '../../../engine/tasks/task.ts';
import { askedRow, encodeAsked } from '../../../engine/methods/in-context/continuation.ts';
import { readerOf, scoreOptions } from '../../../engine/tasks/prompted/options.ts';
import { rowModel } from '../../../engine/train/prepare.ts';
import { answererOf, testRows } from '../../../engine/train/evaluate.ts';
import { tokensToRead } from '../../../engine/train/readings.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import {
  eventsOf,
  handlers,
  readPredictions,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
  type Fields,
} from '../../support/tiny-runs.ts';

const path = useFolder();
const silent = (): void => undefined;
const words = ['sun', 'rain', 'lake', 'tree', 'bird', 'road'] as const;
const word = (row: number): string => words[row % words.length] ?? 'sun';

interface Kind {
  readonly title: string;
  readonly model?: string;
  readonly task?: TaskName;
  readonly columns?: Fields;
  readonly row?: (index: number) => Fields;
  readonly method: Fields;
}

const label = { template: '{text} is {label}' };
const choice: Pick<Kind, 'task' | 'columns' | 'row'> = {
  task: 'multiple-choice',
  columns: { question: 'question', choices: 'choices', answer: 'answer' },
  row: (index) => ({
    question: `what is ${word(index)}?`,
    choices: [word(index), word(index + 1), ...(index % 2 === 0 ? [word(index + 2)] : [])],
    answer: 0,
  }),
};

const kinds: readonly Kind[] = [
  { title: 'texts without examples', method: { shots: 0, ...label } },
  { title: 'texts with balanced examples', method: { shots: 3, selection: 'balanced', ...label } },
  { title: 'texts with the nearest', method: { shots: 2, selection: 'nearest', ...label } },
  { title: 'texts calibrated', method: { shots: 1, scoring: 'calibrated', ...label } },
  { title: 'texts by PMI', method: { shots: 1, scoring: 'pmi', labelWords: { glad: 'good' }, ...label } },
  { title: 'texts by an encoder–decoder', model: 't5', method: { shots: 2, selection: 'nearest', ...label } },
  { title: 'choices', ...choice, method: { shots: 2 } },
  { title: 'choices without a context', ...choice, method: { shots: 0, scoring: 'pmi-unconditional' } },
  {
    title: 'texts that go on',
    task: 'text-generation',
    columns: { prompt: 'from', completion: 'to' },
    row: (index) => ({ from: word(index), to: word(index + 1) }),
    method: { shots: 2, template: '{text} then {label}' },
  },
  {
    title: 'translations',
    task: 'translation',
    columns: { source: 'from', target: 'to' },
    row: (index) => ({ from: word(index), to: word(index + 1) }),
    method: { shots: 1, template: '{text} = {label}' },
  },
  {
    title: 'summaries by an encoder–decoder',
    model: 't5',
    task: 'summarization',
    columns: { text: 'text', summary: 'summary' },
    row: (index) => ({ text: `${word(index)} ${word(index)}`, summary: word(index) }),
    method: { shots: 1, template: '{text} = {label}' },
  },
];

async function recipeOf({ model = 'llama', task, columns, row, method }: Kind): Promise<Fields> {
  const settings = { method: { name: 'in-context', delimiter: '\n', ...method }, training: { maxLength: 60 } };
  const base = textRecipe({ ...settings, model: goldenModel(model) });
  if (task === undefined || row === undefined) {
    await writeRows(path('train.csv'), textRows(16, 1));
    await writeRows(path('test.csv'), textRows(7, 77));
    return base;
  }
  const rows = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${JSON.stringify(row(index))}\n`).join('');
  await writeFile(path('train.jsonl'), rows(8));
  await writeFile(path('test.jsonl'), rows(5));
  const split = { validation: 0.25, seed: 1 };
  return { ...base, task, data: { train: ['train.jsonl'], test: ['test.jsonl'], columns, split } };
}

const question = (line: Prediction | undefined): Question => {
  if (!line) return { prompt: '' };
  if ('text' in line) return { prompt: line.text };
  if ('prompt' in line) return { prompt: line.prompt };
  const { detail } = line;
  if (detail.kind === 'choice') return { prompt: detail.question, choices: detail.choices };
  return { prompt: detail.kind === 'text' ? detail.source : line.input };
};

describe.each(kinds)('$title', (kind) => {
  const run = `run ${kind.title}`;
  test('are measured, saved and answered again', async () => {
    const recipe = await recipeOf(kind);
    const modelPath = String(recipe['model']);
    const { metrics, events } = await trainTiny({ folder: path(), out: path(run), recipe });
    const lines = await readPredictions(path(run));
    const [plan] = eventsOf(events, 'plan');
    const rows = kind.row ? 5 : 7;
    expect({
      steps: [plan?.steps, metrics.train.steps, eventsOf(events, 'step').length],
      learns: plan?.trainableParameters,
      rows: [lines.length, metrics.tuned?.n],
      finished: eventsOf(events, 'finished').length,
    }).toEqual({ steps: [0, 0, 0], learns: 0, rows: [rows, rows], finished: 1 });
    const shots = Number(kind.method['shots']);
    // The same rows without examples are what the examples are judged by.
    const { untrained = null, inContext } = metrics.baselines ?? {};
    expect([metrics.prompted, untrained?.n, inContext]).toEqual([{ shots }, shots === 0 ? undefined : rows, undefined]);
    const adapter = path(run, 'adapter');
    const saved = JSON.parse(await readFile(path(run, 'adapter', 'prompt.json'), 'utf8')) as {
      demonstrations: readonly unknown[];
    };
    expect(saved.demonstrations.length >= shots).toBe(true);
    expect((await readFile(path(run, 'adapter', 'prompt.txt'), 'utf8')).split('{text}').length).toBe(2);
    const report = await handlers.export(
      { run: path(run), modelPath, to: 'peft', out: path(`taken ${kind.title}`) },
      silent,
      new Panel(),
    );
    expect(report.replay).toMatchObject({ matched: rows, of: rows });
    const data = kind.row ? path('test.jsonl') : path('test.csv');
    const evaluated = await handlers.evaluate({ modelPath, adapter, data, columns: null }, silent, new Panel());
    expect(evaluated.figure).toEqual(metrics.tuned);
    const [first] = lines;
    // The tiny model has so few positions that a run cuts a translation's prompt at its beginning, and a question does not.
    const isCut = kind.task === 'translation';
    if (first?.untrained !== undefined && !isCut) {
      const bare = await handlers.generate(
        { modelPath, adapter, withoutExamples: true, maxNewTokens: 8, ...question(first) },
        silent,
        new Panel(),
      );
      expect(first.untrained.trim().slice(0, bare.text.trim().length)).toBe(bare.text.trim());
    }
    const asked = { modelPath, adapter, maxNewTokens: 8, ...question(first) };
    const answer = await handlers.generate(asked, silent, new Panel());
    const said = isCut ? answer.text : (first?.prediction.trim() ?? '');
    const isWritten = kind.task === 'text-generation' || kind.task === 'translation' || kind.task === 'summarization';
    expect(isWritten ? said.slice(0, answer.text.trim().length) : said).toBe(answer.text.trim());
  });
});

test('examples are compared with what a run without them says of every row', async () => {
  const sayings = async (shots: number, name: string) => {
    const recipe = await recipeOf({ title: '', method: { shots, ...label } });
    const { metrics } = await trainTiny({ folder: path(), out: path(name), recipe });
    return { metrics, lines: await readPredictions(path(name)) };
  };
  const bare = await sayings(0, 'bare run');
  const shown = await sayings(3, 'shown run');
  expect(shown.metrics.baselines?.untrained).toEqual(bare.metrics.tuned);
  expect(shown.lines.map((line) => line.untrained)).toEqual(bare.lines.map(({ prediction }) => prediction));
  expect(bare.lines.every((line) => line.untrained === undefined)).toBe(true);
});

test('a run that is begun again measures the same', async () => {
  const recipe = await recipeOf({ title: '', method: { shots: 2, ...label } });
  const first = await trainTiny({ folder: path(), out: path('run'), recipe });
  const again = await trainTiny({ folder: path(), out: path('run'), recipe, resume: true });
  expect(again.metrics.tuned).toEqual(first.metrics.tuned);
});

test('conversations are shown as turns', async () => {
  await writeChats(path('train.jsonl'), 8);
  await writeChats(path('test.jsonl'), 3);
  const recipe = {
    version: 1,
    model: goldenModel('llama'),
    task: 'chat',
    data: { train: ['train.jsonl'], test: ['test.jsonl'], columns: { messages: 'messages' }, split: { validation: 0 } },
    method: { name: 'in-context', shots: 2 },
    training: { maxLength: 64 },
    device: 'cpu',
    threads: 1,
  };
  const shown = await trainTiny({ folder: path(), out: path('shown'), recipe });
  const bare = await trainTiny({
    folder: path(),
    out: path('bare'),
    recipe: { ...recipe, method: { name: 'in-context', shots: 0 } },
  });
  expect(shown.metrics.tuned).not.toEqual(bare.metrics.tuned);
});

test('an estimate tells what the examples cost and how many fit', async () => {
  const recipe = await recipeOf({ title: '', method: { shots: 8, selection: 'random', ...label } });
  const modelPath = String(recipe['model']);
  const estimate = await handlers.estimate({ recipe, folder: path(), modelPath }, silent, new Panel());
  const { tokensPerExample = [], question: asked = 0, fits = 0, limit = 0, used } = estimate.prompt ?? {};
  const last = tokensPerExample.slice(tokensPerExample.length - fits).reduce((sum, tokens) => sum + tokens, 0);
  const next = tokensPerExample.at(-fits - 1) ?? 0;
  expect({ steps: estimate.steps, examples: tokensPerExample.length, limit, used }).toEqual({
    steps: 0,
    examples: 8,
    limit: 60,
    used: 60,
  });
  expect([fits > 0, fits < 8, asked + last <= limit, asked + last + next > limit]).toEqual([true, true, true, true]);
});

test('an estimate’s time follows what is read', async () => {
  const secondsOf = async (method: Fields) => {
    const recipe = await recipeOf({ title: '', method: { ...label, ...method } });
    const request = { recipe, folder: path(), modelPath: String(recipe['model']) };
    return (await handlers.estimate(request, silent, new Panel())).seconds;
  };
  const [none, two, calibrated] = [
    await secondsOf({ shots: 0 }),
    await secondsOf({ shots: 2 }),
    await secondsOf({ shots: 2, scoring: 'calibrated' }),
  ];
  expect([none > 0, two > 2 * none, calibrated > two]).toEqual([true, true, true]);
});

describe('what cannot be is refused', () => {
  const refusals: readonly [string, Kind, Fields][] = [
    ['an encoder', { title: '', model: 'bert', method: label }, { code: 'method.architecture' }],
    [
      'a template without a place for the answer',
      { title: '', method: { template: '{text}' } },
      { code: 'recipe.field', data: { path: 'method.template' } },
    ],
    [
      'the nearest for answers that are written',
      { ...(kinds.find(({ task }) => task === 'translation') ?? { title: '' }), method: { selection: 'nearest' } },
      { code: 'recipe.field', data: { path: 'method.selection' } },
    ],
    [
      'a template longer than the room',
      { title: '', method: { template: `${'on and on '.repeat(40)}{text} is {label}` } },
      { code: 'prompt.no-room', data: { limit: 60 } },
    ],
  ];
  test.each(refusals)('%s', async (_, kind, expected) => {
    const recipe = await recipeOf(kind);
    await expect(trainTiny({ folder: path(), out: path('run'), recipe })).rejects.toMatchObject(expected);
  });
});

describe('beside a training', () => {
  const lora = async (model: string, targetModules: readonly string[]): Promise<Fields> => ({
    ...(await recipeOf({ title: '', model, method: {} })),
    method: { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules },
  });

  test('a result says what the model answers in a prompt, where it can be asked', async () => {
    const of = async (model: string, targetModules: readonly string[]) => {
      const run = { folder: path(), out: path(`beside ${model}`), recipe: await lora(model, targetModules) };
      return (await trainTiny(run)).metrics.baselines?.inContext;
    };
    expect(await of('llama', ['q_proj'])).toMatchObject({ zeroShot: { n: 7 }, fewShot: { n: 7 }, shots: 4 });
    expect(await of('bert', ['query'])).toBeUndefined();
  });

  test('a run that goes on reads it again, and one that begins anew measures it', async () => {
    const recipe = await lora('llama', ['q_proj']);
    const run = { folder: path(), out: path('kept'), recipe };
    const { metrics } = await trainTiny(run);
    const kept = { ...metrics.baselines?.inContext, shots: 63 };
    await writeFile(path('kept', 'in-context.json'), JSON.stringify(kept));
    expect((await trainTiny({ ...run, resume: true })).metrics.baselines?.inContext).toEqual(kept);
    expect((await trainTiny(run)).metrics.baselines?.inContext).toEqual(metrics.baselines?.inContext);
  });

  test('what was measured before the first checkpoint is not measured again', async () => {
    const recipe = { ...(await lora('llama', ['q_proj'])), training: { maxLength: 60, checkpointSeconds: 1000 } };
    const run = { folder: path(), out: path('cut short'), recipe };
    const aborted = trainTiny({
      ...run,
      watch: (event, panel) => {
        if (event.type === 'step') panel.abort();
      },
    });
    await expect(aborted).rejects.toThrow();
    const kept = { zeroShot: null, fewShot: null, shots: 63 };
    await writeFile(path('cut short', 'in-context.json'), JSON.stringify(kept));
    const { metrics, events } = await trainTiny({ ...run, resume: true });
    expect(metrics.baselines?.inContext).toEqual(kept);
    expect(events.some((event) => event.type === 'phase' && event.phase === 'baseline')).toBe(false);
  });

  test('of many rows some are asked, from all over the file', async () => {
    const settings = { data: { validation: null, split: { validation: 0, seed: 1 } } };
    const trained = await lora('llama', ['q_proj']);
    const rows = 450;
    await writeRows(
      path('test.csv'),
      textRows(rows, 5).toSorted((a, b) => (a.label < b.label ? -1 : 1)),
    );
    const recipe = {
      ...trained,
      data: { ...(trained['data'] as Fields), ...settings.data },
      training: { maxSteps: 1 },
    };
    const { metrics } = await trainTiny({ folder: path(), out: path('some'), recipe });
    const bare = { ...recipe, method: { name: 'in-context', shots: 0 } };
    await trainTiny({ folder: path(), out: path('all'), recipe: bare });
    const all = await readPredictions(path('all'));
    const right = Array.from({ length: 200 }, (_, index) => all[Math.floor((index * rows) / 200)]).filter(
      (line) => line && 'label' in line && line.label === line.prediction,
    );
    expect([metrics.tuned?.n, all.length]).toEqual([rows, rows]);
    expect(metrics.baselines?.inContext?.zeroShot).toMatchObject({ n: 200, accuracy: right.length / 200 });
  });
});

/** Every way of asking: by options, by the nearest, with references, by writing. */
test.each(kinds.filter(({ task }) => task === undefined || task === 'multiple-choice'))(
  'tokens are counted as they are read: $title',
  async (kind) => {
    const recipe = await recipeOf(kind);
    const modelPath = String(recipe['model']);
    await trainTiny({ folder: path(), out: path('counted'), recipe });
    const tuned = await openTuned(modelPath, path('counted', 'adapter'));
    const answerer = await answererOf(tuned);
    const rows = await testRows(tuned, kind.task ? path('test.jsonl') : path('test.csv'), createDataRoom());
    let tokens = 0;
    const count = (asked: readonly TokenRow[]): void => {
      for (const { ids, decoder = [] } of asked) tokens += ids.length + decoder.length;
    };
    const counted: Answerer = {
      ...answerer,
      losses: (asked) => {
        count(asked);
        return answerer.losses(asked);
      },
      features: (asked) => {
        count(asked);
        return answerer.features(asked);
      },
    };
    await rows.predict(counted, 'test', { before: null });
    await answerer.dispose();
    const said = await tokensToRead(rows, 'test', tuned.setup.config.hidden);
    // Which rows are nearest is known only to the model.
    const isNear = kind.method['selection'] === 'nearest';
    expect(isNear ? Math.abs(said / tokens - 1) < 0.2 : said === tokens).toBe(true);
  },
);

test('options of one token are read together, and score as each alone', async () => {
  await trainTiny({ folder: path(), out: path('run'), recipe: await recipeOf({ title: '', method: { shots: 0 } }) });
  const tuned = await openTuned(goldenModel('llama'), path('run', 'adapter'));
  const answerer = await answererOf(tuned);
  if (!tuned.prompt) throw new Error('a prompt was saved');
  const prompt = { ...tuned.prompt, settings: { ...tuned.prompt.settings, template: '{text}:{label}' } };
  const model = { ...rowModel(tuned), prompt };
  const options = ['a', 'b', 'a b'];
  let rows = 0;
  const counting: Answerer = {
    ...answerer,
    losses: (asked) => {
      rows += asked.length;
      return answerer.losses(asked);
    },
  };
  const questions = ['sun', 'rain'].map((text) => ({ fields: { text, pair: '' }, options }));
  const scores = await scoreOptions(questions, { model, answerer: counting });
  const apart = await Promise.all(
    questions.flatMap(({ fields }) =>
      options.map(async (continuation) => {
        const [asked] = await encodeAsked([{ context: `${fields.text}:`, continuation }], readerOf(model));
        const [losses = []] = asked ? await answerer.losses([askedRow(asked, readerOf(model), 60)]) : [];
        return -Array.from(losses).reduce((sum, loss) => sum + loss, 0);
      }),
    ),
  );
  await answerer.dispose();
  expect(rows).toBe(4);
  scores.flat().forEach((score, at) => {
    expect(score).toBeCloseTo(apart[at] ?? NaN, 4);
  });
});

/** What the frame, Home, Data and the Library say: true sentences from plain data. */
import { expect, test } from 'vitest';
import type { Metrics } from '../../../engine/spec/metrics.ts';
import type { ModelView } from '../../../main/contract/views.ts';
import { settingsTitle } from '../../../renderer/src/state/app-settings-words.ts';
import { dataTitle, labelSentence, lengthSentence } from '../../../renderer/src/state/data-words.ts';
import { columnsDisagree, goalTitle } from '../../../renderer/src/state/goal-words.ts';
import { homeFinding, projectLine } from '../../../renderer/src/state/home.ts';
import { compareLines, compareTitle } from '../../../renderer/src/state/library-words.ts';
import { downloadWords, modelsFor, modelTitle } from '../../../renderer/src/state/model-words.ts';
import { drawerLines } from '../../../renderer/src/state/queue.ts';
import { announcement, stripRun } from '../../../renderer/src/state/strip.ts';
import { ticketLines } from '../../../renderer/src/state/ticket.ts';
import { sampleDataset, sampleProject, sampleRun } from './support.ts';

const seen = (text: string) => text.replaceAll('\u00a0', ' ');
const names = { modelName: (id: string) => id, modelBytes: () => 45_000_000 };
const metrics = (accuracy: number): Metrics => ({
  task: 'text-classification',
  metric: 'accuracy',
  measuredOn: 'test',
  tuned: { accuracy, n: 379, interval: [accuracy - 0.03, accuracy + 0.03] },
  baselines: { untrained: { accuracy: 0.631, n: 379, interval: [0.58, 0.68] }, majority: null },
  train: {
    steps: 100,
    rows: 1600,
    tokens: 9000,
    seconds: 61,
    peakMemoryBytes: 812e6,
    finalLoss: 0.2,
    precision: 'float32',
    device: 'cpu',
  },
});
const model: ModelView = {
  id: 'a',
  name: 'Small',
  publisher: '',
  licence: '',
  languages: [],
  parameters: 1e6,
  architecture: 'bert',
  bytes: 45e6,
  contextLength: 512,
  tasks: ['text-classification'],
  goodAt: '',
  state: 'ready',
  local: true,
  fits: 'fits',
  download: null,
};

test('the ticket tells what is decided, what needs the user, and what is to come', () => {
  const draft = {
    ...sampleProject().draft,
    step: 'method' as const,
    task: 'text-classification' as const,
    destination: 'peft' as const,
    model: 'minilm-l6',
  };
  const fault = { code: 'x', severity: 'fault' as const, data: {} };
  const lines = (
    project: Parameters<typeof ticketLines>[0]['project'],
    run: Parameters<typeof ticketLines>[0]['run'] = null,
  ) => ticketLines({ project, run, ...names }).map((line) => `${line.label}/${line.state}/${seen(line.answer)}`);
  expect([
    lines(sampleProject({ draft, dataset: sampleDataset })).slice(0, 5),
    lines(sampleProject({ dataset: { ...sampleDataset, findings: [fault] } }))[0],
    lines(sampleProject({ dataset: { ...sampleDataset, mapping: null } }))[0],
    lines(sampleProject({ draft }), sampleRun({ state: 'interrupted', step: 40 }))[6],
    lines(sampleProject({ draft }), sampleRun({ state: 'finished', keptStep: 80, metrics: metrics(0.865) })).slice(
      6,
      8,
    ),
  ]).toEqual([
    [
      'Data/done/100 rows, 2 categories',
      'Goal/done/Sort into categories, for Python, with PEFT',
      'Model/done/minilm-l6, 45.0 MB',
      'Method/todo/',
      'Settings/todo/',
    ],
    'Data/care/one finding needs you',
    'Data/care/the columns need you',
    'Train/care/interrupted at step 40',
    ['Train/done/kept step 80 of 100', 'Result/done/86.5 % right'],
  ]);
});

test('Home speaks first of what needs the user, then of what is at work, then of the last result', () => {
  const project = sampleProject({ dataset: sampleDataset });
  const finding = (run: ReturnType<typeof sampleRun> | null) => {
    const line = projectLine(project, run, {
      lines: ticketLines({ project, run, ...names }),
      now: new Date('2026-11-23T13:00:00.000Z'),
    });
    const { title, project: first } = homeFinding([line], run === null ? [] : [run]);
    return [seen(title).replace(/at \d+:\d+( [AP]M)?/, 'at CLOCK'), seen(first?.next.label ?? ''), first?.next.resume];
  };
  expect([
    finding(sampleRun({ state: 'interrupted', step: 40 })),
    finding(sampleRun({ step: 25, secondsLeft: 540 })),
    finding(sampleRun({ state: 'finished', finishedAt: '2026-11-23T12:10:00.000Z', metrics: metrics(0.865) })),
    finding(null),
    homeFinding([], []).project,
  ]).toEqual([
    ['Comments was interrupted at step 40 of 100; it can go on from its last save.', 'Go on from its last save', 'r1'],
    ['Comments is training: step 25 of 100, 9 min left.', 'Watch', null],
    [
      'Comments finished at CLOCK. It sorts 86.5 % of unseen rows right, the untrained model 63.1 %.',
      'See the result',
      null,
    ],
    ['One project; Comments was open last, at Data.', 'Look at the data', null],
    null,
  ]);
});

test('Data says how many rows, and how many findings need the user', () => {
  const care = { code: 'x', severity: 'care' as const, data: {} };
  expect(
    [
      dataTitle(sampleDataset),
      dataTitle({ ...sampleDataset, findings: [care, care] }),
      dataTitle({ ...sampleDataset, findings: [care, { ...care, severity: 'fault' }] }),
      dataTitle({ ...sampleDataset, mapping: { prompt: 'text', response: 'topic' } }),
      dataTitle({ ...sampleDataset, mapping: null }),
      lengthSentence(sampleDataset),
      lengthSentence({ ...sampleDataset, lengths: { longest: 6, buckets: [{ upTo: 8, rows: 3 }] } }),
      labelSentence(sampleDataset),
    ].map(seen),
  ).toEqual([
    '100 rows in two categories; nothing stands in the way.',
    '100 rows in two categories; two findings are worth a look.',
    '100 rows in two categories; one finding needs you.',
    '100 rows to answer from; nothing stands in the way.',
    '100 rows in two columns; say what each column is for.',
    'Half of the rows have at most 8 words; the longest has 30.',
    'No row has more than 6 words.',
    'Blame has few rows (5 at least): expect the weakest results there.',
  ]);
});

test('a goal that the columns are not mapped for is noticed', () => {
  const draft = { ...sampleProject().draft, task: 'chat' as const };
  expect([
    columnsDisagree(draft, sampleDataset),
    goalTitle(draft, sampleDataset),
    columnsDisagree({ ...draft, task: 'text-classification' }, sampleDataset),
    columnsDisagree(draft, { ...sampleDataset, mapping: null }),
  ]).toEqual([true, 'To answer in a chat, it needs a column with the answers.', false, true]);
});

test('models are offered for the goal, the ready ones first', () => {
  const absent = { ...model, id: 'b', bytes: 10e6, state: 'absent' as const };
  const chat = { ...model, id: 'c', tasks: ['chat' as const] };
  expect([
    modelsFor([absent, model, chat], 'text-classification').map(({ id }) => id),
    [
      modelTitle(null, [model, absent]),
      modelTitle(null, [model]),
      modelTitle(null, []),
      modelTitle({ ...model, fits: 'too-big' }, []),
    ],
    seen(
      downloadWords({ model: 'a', state: 'running', bytes: 20e6, totalBytes: 45e6, bytesPerSecond: 5e6, error: null }),
    ),
  ]).toEqual([
    ['a', 'b'],
    [
      'Two models can learn this; one is on this computer.',
      'One model can learn this; it is on this computer.',
      'No model here can learn this yet. Add one from this computer.',
      "Small is too big for this computer's memory.",
    ],
    '20.0 MB of 45.0 MB, 5 s left',
  ]);
});

test('Compare calls a tie a tie', () => {
  const runs = [
    sampleRun({ id: 'a', metrics: metrics(0.86) }),
    sampleRun({ id: 'b', method: 'full', metrics: metrics(0.87) }),
    sampleRun({ id: 'c', metrics: null }),
  ];
  const lines = compareLines(runs, (id) => id);
  const apart = compareLines(
    [sampleRun({ id: 'a', metrics: metrics(0.7) }), sampleRun({ id: 'b', method: 'full', metrics: metrics(0.9) })],
    (id) => id,
  );
  const beaten = compareLines(
    [sampleRun({ id: 'a', metrics: metrics(0.6) }), sampleRun({ id: 'b', method: 'full', metrics: metrics(0.5) })],
    (id) => id,
  );
  expect([
    lines.map(({ id }) => id),
    seen(compareTitle(lines, 'accuracy')),
    seen(compareTitle(apart, 'accuracy')),
    seen(compareTitle(beaten, 'accuracy')),
  ]).toEqual([
    ['b', 'a'],
    'Two runs overlap at the top; Full fine-tuning on minilm-l6 is the highest, 87.0 % right.',
    'Full fine-tuning on minilm-l6 is ahead: 90.0 % right, the next 70.0 % right.',
    'No run does better than the model as it came; LoRA on minilm-l6 comes nearest, 60.0 % right.',
  ]);
});

test('a screen reader hears the start, the quarters and the end, and nothing between', () => {
  const said = [
    announcement(null, sampleRun({ state: 'starting' })),
    announcement(sampleRun({ state: 'starting' }), sampleRun()),
    announcement(sampleRun({ step: 24 }), sampleRun({ step: 25 })),
    announcement(sampleRun({ step: 25 }), sampleRun({ step: 26 })),
    announcement(sampleRun({ step: 99 }), sampleRun({ step: 100 })),
    announcement(sampleRun({ step: 100 }), sampleRun({ state: 'finished', step: 100 })),
  ];
  expect(said).toEqual([
    null,
    'Comments: training has begun.',
    'Comments: a quarter of the steps are done.',
    null,
    null,
    'Comments: training has finished.',
  ]);
});

test('the strip and the queue show the run at work first', () => {
  const strip = stripRun(sampleRun({ step: 34, keptStep: 20, secondsLeft: 540, memoryBytes: 3.2e9 }), null);
  const queue = drawerLines([
    sampleRun({ id: 'b', state: 'queued' }),
    sampleRun({ id: 'a', step: 34 }),
    sampleRun({ id: 'c', state: 'finished' }),
  ]);
  expect([
    strip && [strip.share, strip.keptShare, seen(strip.step), seen(strip.left), seen(strip.memory)],
    queue.map(({ id, note }) => `${id} ${note}`),
    stripRun(null, null),
  ]).toEqual([
    [0.34, 0.2, 'step 34 of 100', '9 min left', '3.2 GB'],
    ['a LoRA, step 34 of 100', 'b LoRA, waiting'],
    null,
  ]);
});

test('the settings page counts connections truly', () => {
  expect([
    settingsTitle([], false),
    settingsTitle([], true),
    seen(
      settingsTitle(
        [{ time: '2020-01-02T10:00:00.000Z', url: 'https://huggingface.co', bytes: 98_400_000, outcome: '200' }],
        true,
      ),
    ).replace(/the last .*? 2020|the last .*?, 2020/, 'the last DATE'),
  ]).toEqual([
    'No connection was ever made from this app.',
    'No connection was ever made, and the offline lock is on.',
    'One connection so far, 98.4 MB fetched; the last DATE. The offline lock is on.',
  ]);
});

/** A studio for the rune classes: answers given as functions, calls kept, news sent by hand. */
import type { MethodOf, News, PayloadOf, ReplyOf, Studio, Topic } from '../../../main/contract/index.ts';
import type { DatasetView, ProjectView, RunView } from '../../../main/contract/views.ts';

type Answers = { readonly [M in MethodOf]?: (payload: PayloadOf<M>) => ReplyOf<M> | Promise<ReplyOf<M>> };

export interface FakeStudio extends Studio {
  readonly calls: { readonly method: MethodOf; readonly payload: unknown }[];
  tell<T extends Topic>(topic: T, news: News[T]): void;
}

export function fakeStudio(answers: Answers): FakeStudio {
  const calls: FakeStudio['calls'] = [];
  const listeners = new Set<{ readonly topic: Topic; readonly listener: (news: never) => void }>();
  return {
    calls,
    call: async (method, payload) => {
      calls.push({ method, payload });
      const answer = answers[method] as ((payload: unknown) => unknown) | undefined;
      if (answer === undefined) throw new Error(`no answer to ${method}`);
      return (await answer(payload)) as never;
    },
    on: (topic, listener) => {
      const entry = { topic, listener };
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    pathOf: (file) => Promise.resolve(`/uploads/${file.name}`),
    tell: (topic, news) => {
      for (const entry of listeners) if (entry.topic === topic) entry.listener(news as never);
    },
  };
}

export const sampleDataset: DatasetView = {
  files: [{ name: 'comments.csv', path: '/uploads/comments.csv', format: 'csv', rows: 100, role: 'train' }],
  columns: [
    { name: 'text', examples: ['good'], distinct: 98, empty: 0 },
    { name: 'topic', examples: ['praise'], distinct: 2, empty: 0 },
  ],
  mapping: { text: 'text', label: 'topic' },
  guessed: true,
  suggestedTask: 'text-classification',
  split: { validation: 0.1, test: 0.2, seed: 1 },
  counts: { train: 70, validation: 10, test: 20 },
  labels: [
    { name: 'praise', count: 95 },
    { name: 'blame', count: 5 },
  ],
  findings: [],
  lengths: {
    longest: 30,
    buckets: [
      { upTo: 8, rows: 60 },
      { upTo: 16, rows: 30 },
      { upTo: 32, rows: 10 },
    ],
  },
};

export function sampleProject(change: Partial<ProjectView> = {}): ProjectView {
  return {
    id: 'p1',
    name: 'Comments',
    sample: false,
    createdAt: '2026-11-23T10:00:00.000Z',
    savedAt: '2026-11-23T12:00:00.000Z',
    draft: {
      step: 'data',
      task: null,
      destination: null,
      model: null,
      method: null,
      start: null,
      preset: 'balanced',
      methodChanges: {},
      trainingChanges: {},
      estimate: null,
    },
    dataset: null,
    latestRun: null,
    ...change,
  };
}

export function sampleRun(change: Partial<RunView> = {}): RunView {
  return {
    id: 'r1',
    projectId: 'p1',
    name: 'Comments',
    state: 'running',
    task: 'text-classification',
    method: 'lora',
    model: 'minilm-l6',
    folder: '/runs/r1',
    startedAt: '2026-11-23T12:00:00.000Z',
    finishedAt: null,
    step: 0,
    steps: 100,
    keptStep: null,
    secondsLeft: null,
    memoryBytes: 0,
    phase: 'training',
    metrics: null,
    error: null,
    ...change,
  };
}

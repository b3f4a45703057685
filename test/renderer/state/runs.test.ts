/** Rune classes on a studio that answers by script: runs with their news, and answers that stream. */
import { describe, expect, it } from 'vitest';
import type { MethodOf, News, Studio, Topic } from '../../../main/contract/index.ts';
import type { RunView } from '../../../main/contract/views.ts';
import { emptySeries } from '../../../renderer/src/lib/series.ts';
import { Answers } from '../../../renderer/src/state/answers.svelte.ts';
import { Runs } from '../../../renderer/src/state/runs.svelte.ts';

function scripted(replies: Partial<Record<MethodOf, unknown>>) {
  const listeners = new Map<Topic, Set<(news: never) => void>>();
  const asked: { method: MethodOf; payload: unknown }[] = [];
  const studio: Studio = {
    call: (method, payload) => {
      asked.push({ method, payload });
      return Promise.resolve(replies[method] as never);
    },
    on: (topic, listener) => {
      const known = listeners.get(topic) ?? new Set();
      listeners.set(topic, known.add(listener));
      return () => known.delete(listener);
    },
    pathOf: (file) => Promise.resolve(file.name),
  };
  const tell = <T extends Topic>(topic: T, news: News[T]) =>
    listeners.get(topic)?.forEach((listener) => listener(news as never));
  return { studio, tell, asked, listening: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0) };
}

const run = (over: Partial<RunView>): RunView => ({
  id: 'a',
  projectId: 'p',
  name: 'n',
  state: 'running',
  task: 'text-classification',
  method: 'lora',
  model: 'm',
  folder: '/f',
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: null,
  step: 0,
  steps: 10,
  keptStep: null,
  secondsLeft: null,
  memoryBytes: 0,
  phase: null,
  metrics: null,
  error: null,
  ...over,
});

describe('Runs', () => {
  it('knows the run at work, follows its news, and lets go on close', async () => {
    const { studio, tell, listening } = scripted({
      listRuns: [
        run({ id: 'old', state: 'finished' }),
        run({ id: 'wait', state: 'queued', startedAt: '2026-01-03' }),
        run({ startedAt: '2026-01-02' }),
      ],
    });
    const runs = new Runs(studio);
    const close = runs.open();
    await Promise.resolve();
    await Promise.resolve();
    expect([runs.active?.id, runs.newestOf('p')?.id, runs.keptOf('p')?.id]).toEqual(['a', 'wait', 'old']);
    tell('run', run({ state: 'finished', step: 10 }));
    tell('series', { runId: 'a', series: { ...emptySeries, stepsPerEpoch: 5 } });
    expect([runs.active?.id, runs.get('a')?.step, runs.seriesOf('a').stepsPerEpoch]).toEqual(['wait', 10, 5]);
    close();
    expect(listening()).toBe(0);
  });
});

describe('Answers', () => {
  const piece = (over: Partial<News['answer']>): News['answer'] => ({
    id: 'q',
    side: 'tuned',
    text: '',
    done: false,
    scores: null,
    detail: null,
    error: null,
    ...over,
  });

  it('joins pieces on each side, also those that come before the reply', async () => {
    const { studio, tell } = scripted({ ask: { id: 'q' } });
    const answers = new Answers(studio);
    answers.open();
    const asking = answers.ask('a', { prompt: 'hello' });
    tell('answer', piece({ text: 'Good ' }));
    await asking;
    tell('answer', piece({ text: 'day', done: true }));
    tell('answer', piece({ id: 'other', text: 'no' }));
    expect([answers.sides?.tuned?.text, answers.sides?.tuned?.state, answers.sides?.base?.state, answers.busy]).toEqual(
      ['Good day', 'finished', 'waiting', true],
    );
    tell('answer', piece({ side: 'base', text: 'Hi', done: true }));
    expect(answers.busy).toBe(false);
  });

  it('stops both sides and takes no piece after', async () => {
    const { studio, tell, asked } = scripted({ ask: { id: 'q' }, stopAnswer: null });
    const answers = new Answers(studio);
    answers.open();
    await answers.ask('a', { prompt: 'hello' });
    await answers.stop();
    tell('answer', piece({ text: 'late' }));
    expect([answers.sides?.tuned?.text, answers.sides?.tuned?.state, asked.at(-1)]).toEqual([
      '',
      'stopped',
      { method: 'stopAnswer', payload: { id: 'q' } },
    ]);
  });

  it('stopped before the question has a name, is stopped once it has one', async () => {
    const { studio, asked } = scripted({ ask: { id: 'q' }, stopAnswer: null });
    const answers = new Answers(studio);
    answers.open();
    const asking = answers.ask('a', { prompt: 'hello' }, { strategy: 'beam' });
    await answers.stop();
    await asking;
    expect([answers.busy, answers.sides?.base?.state, ...asked]).toEqual([
      false,
      'stopped',
      { method: 'ask', payload: { runId: 'a', prompt: 'hello', settings: { strategy: 'beam' } } },
      { method: 'stopAnswer', payload: { id: 'q' } },
    ]);
  });
});

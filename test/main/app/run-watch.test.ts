/** Runs keep the computer awake from the first to the last of them, and each end is told once. */
import { expect, test } from 'vitest';
import { firstClause, watchRuns } from '../../../main/app/run-watch.ts';
import type { RunState, RunView } from '../../../main/contract/views.ts';

function run(id: string, state: RunState): RunView {
  return {
    id,
    state,
    projectId: null,
    name: id,
    task: 'text-classification',
    method: 'lora',
    model: 'minilm-l6',
    folder: '',
    startedAt: '',
    finishedAt: null,
    step: 0,
    steps: 0,
    keptStep: null,
    secondsLeft: null,
    memoryBytes: 0,
    phase: null,
    metrics: null,
    error: null,
  };
}

test('awake while any run works, told once as each ends', () => {
  const told: string[] = [];
  const watch = watchRuns({
    training: (on) => told.push(on ? 'awake' : 'may sleep'),
    ended: ({ id, state }) => told.push(`${id} ${state}`),
  });
  const news: readonly [string, RunState][] = [
    ['old', 'finished'],
    ['a', 'queued'],
    ['a', 'starting'],
    ['a', 'running'],
    ['b', 'running'],
    ['a', 'finished'],
    ['a', 'finished'],
    ['b', 'paused'],
    ['b', 'running'],
    ['b', 'cancelled'],
    ['c', 'running'],
    ['c', 'failed'],
  ];
  for (const [id, state] of news) watch.see(run(id, state));
  expect([told, watch.training]).toEqual([
    ['awake', 'a finished', 'may sleep', 'awake', 'may sleep', 'awake', 'may sleep', 'c failed'],
    false,
  ]);
});

test.each([
  ['Yes, training helped: 97.4 % against 61 % untrained.', 'Yes, training helped'],
  ['No: 91.5 % right, and guessing is right in 92 %. More.', 'No: 91.5 % right, and guessing is right in 92 %'],
  ['Perplexity 4.25 on 20 rows. There is no untrained model.', 'Perplexity 4.25 on 20 rows'],
  ['no end', 'no end'],
])('the first clause of "%s"', (text, clause) => {
  expect(firstClause(text)).toBe(clause);
});

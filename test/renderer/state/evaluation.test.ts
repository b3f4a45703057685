/** Measuring on new rows: what is asked, what is shown meanwhile, and how it is given up. */
import { expect, it } from 'vitest';
import { StudioError } from '../../../engine/spec/errors.ts';
import type { MeasuredView } from '../../../main/contract/views.ts';
import { Evaluation } from '../../../renderer/src/state/evaluation.svelte.ts';
import { evaluationTitle } from '../../../renderer/src/state/result-words.ts';
import { fakeStudio } from './support.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const view = {
  metrics: {
    task: 'text-classification',
    metric: 'accuracy',
    measuredOn: 'test',
    tuned: { accuracy: 0.75, macroF1: 0.7, interval: [0.5, 0.9], n: 12 },
    baselines: null,
  },
  gain: null,
  confusion: null,
  numbers: null,
  fixed: [],
  broken: [],
  wrong: [],
  totals: { fixed: 0, broken: 0, wrong: 3, rows: 12 },
} as unknown as MeasuredView;

it('shows how far it is, then what came of it, and keeps that while another file is measured', async () => {
  let fail: ((error: unknown) => void) | null = null;
  const studio = fakeStudio({
    evaluateRun: ({ data }) =>
      data.endsWith('good.csv') ? view : new Promise<MeasuredView>((_, reject) => (fail = reject)),
    cancelEvaluation: () => null,
  });
  const evaluation = new Evaluation(studio);
  evaluation.open();
  await evaluation.measure('r', new File([], 'good.csv'));
  expect([studio.calls, evaluation.measured?.view, evaluation.progress]).toEqual([
    [{ method: 'evaluateRun', payload: { runId: 'r', data: '/uploads/good.csv' } }],
    view,
    null,
  ]);
  const second = evaluation.measure('r', new File([], 'other.csv'));
  await Promise.resolve();
  studio.tell('job', { method: 'evaluateRun', id: 'another', done: 9, total: 9, note: '' });
  studio.tell('job', { method: 'evaluateRun', id: 'r', done: 3, total: 12, note: 'testing' });
  expect([evaluation.progress?.done, evaluation.file, evaluation.measured?.file]).toEqual([3, 'other.csv', 'good.csv']);
  await evaluation.cancel();
  expect(studio.calls.at(-1)).toEqual({ method: 'cancelEvaluation', payload: { runId: 'r' } });
  const error = new StudioError('data.unseen-label', { path: 'other.csv', row: 2, label: 'x', known: 'a, b' });
  (fail as ((error: unknown) => void) | null)?.(error);
  await second;
  expect([evaluation.failure?.code, evaluation.progress]).toEqual([error.code, null]);
});

it('is not begun where it was cancelled while the file was still sent', async () => {
  const studio = fakeStudio({ evaluateRun: () => view, cancelEvaluation: () => null });
  const evaluation = new Evaluation(studio);
  const measured = evaluation.measure('r', new File([], 'large.csv'));
  await evaluation.cancel();
  await measured;
  expect([studio.calls.map(({ method }) => method), evaluation.measured, evaluation.progress]).toEqual([
    ['cancelEvaluation'],
    null,
    null,
  ]);
});

it('is said in a sentence', () => {
  expect(plain(evaluationTitle(view, 'good.csv'))).toBe('75.0 % of the 12 rows of good.csv are right.');
  const metrics = { ...view.metrics, metric: 'perplexity', tuned: { perplexity: 12.31, loss: 2.5, n: 3 } } as const;
  expect(plain(evaluationTitle({ ...view, metrics }, 'texts.txt'))).toMatch(
    /^Perplexity 12\.3\d* on the 3 rows of texts\.txt\.$/,
  );
});

/** Asks a tuned model of any task one question: as a data set of one row, answered as test rows are. */
import { wordsOf } from '../data/words.ts';
import type { TunedModel } from '../export/open-adapter.ts';
import { wrapDataset } from '../export/replay-rows.ts';
import type { Head } from '../models/model.ts';
import type { Answer, Question } from '../spec/commands.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { Prediction, PredictionDetail, ScoredPrediction } from '../spec/metrics.ts';
import { softmax } from '../tasks/probabilities.ts';
import type { Answerer } from '../tasks/task.ts';
import { rowModel } from '../train/prepare.ts';

/** Errors: `question.incomplete`. */
export async function askRow(
  tuned: TunedModel,
  answerer: Answerer,
  question: Question,
): Promise<Omit<Answer, 'seconds'>> {
  const { task, setup, labels } = tuned;
  const { head } = setup;
  const dataset = wrapDataset([blank(tuned, question)], { task: task.name, head, labels });
  const rows = await task.prepare(dataset, rowModel(tuned), { head, labels });
  const { lines } = await rows.predict(answerer, 'test', { before: null });
  const [line] = lines;
  if (!line) throw new BugError('a question went unanswered');
  const tokens = rows.parts.test.rows.reduce((total, { ids }) => total + ids.length, 0);
  return {
    text: line.prediction,
    scores: scoresOf(line, labels),
    detail: 'detail' in line ? line.detail : null,
    tokens,
  };
}

/** The question as a row whose answer is not known. */
function blank({ task, setup, labels }: TunedModel, question: Question): Prediction {
  const { prompt, context, choices } = question;
  switch (task.name) {
    case 'text-classification':
      return blankText(setup.head.problem ?? 'single-label', labels, question);
    case 'token-classification': {
      const tag = labels.includes('O') ? 'O' : (labels[0] ?? 'O');
      const words = wordsOf(prompt).map(({ start, end }) => ({ start, end, tag }));
      return blankOf(prompt, { kind: 'spans', text: prompt, words, expected: [], predicted: [], tags: [] });
    }
    case 'question-answering':
      if (context === undefined || context.trim() === '')
        throw new StudioError('question.incomplete', { missing: 'context' });
      return blankOf(prompt, { kind: 'answer', question: prompt, context, answers: [], predicted: null });
    case 'multiple-choice': {
      if (choices === undefined || choices.length < 2)
        throw new StudioError('question.incomplete', { missing: 'choices' });
      const stem = { question: prompt, ...(context === undefined ? {} : { context }) };
      return blankOf(prompt, { kind: 'choice', ...stem, choices, expected: 0, predicted: 0, scores: [] });
    }
    case 'text-generation':
    case 'chat':
    case 'translation':
    case 'summarization':
      throw new BugError(`${task.name} is answered by writing`);
  }
}

function blankText(
  problem: NonNullable<Head['problem']>,
  labels: readonly string[],
  { prompt, pair }: Question,
): Prediction {
  const text = { text: prompt, ...(pair === undefined ? {} : { pair }) };
  switch (problem) {
    case 'single-label':
      return { row: 1, ...text, label: labels[0] ?? '', prediction: '', logits: [] };
    case 'multi-label':
      return blankOf(prompt, { kind: 'labels', ...text, expected: [], predicted: [] });
    case 'regression':
      return blankOf(prompt, { kind: 'number', ...text, expected: 0, predicted: 0 });
  }
}

function blankOf(input: string, detail: PredictionDetail): ScoredPrediction {
  return { row: 1, input, expected: '', prediction: '', score: 0, detail };
}

/** Labels or choices with their probabilities, best first; null where a task has none. */
function scoresOf(line: Prediction, labels: readonly string[]): Answer['scores'] {
  const ranked = (names: readonly string[], chances: readonly number[]): Answer['scores'] =>
    names
      .map((label, index) => ({ label, probability: chances[index] ?? 0 }))
      .sort((a, b) => b.probability - a.probability);
  if ('label' in line) return ranked(labels, softmax(line.logits));
  if (!('detail' in line)) return null;
  if (line.detail.kind === 'labels')
    return ranked(
      labels,
      (line.logits ?? []).map((logit) => 1 / (1 + Math.exp(-logit))),
    );
  return line.detail.kind === 'choice' ? ranked(line.detail.choices, softmax(line.detail.scores)) : null;
}

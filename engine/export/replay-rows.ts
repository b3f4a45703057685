/** Saved predictions as a data set of test rows, so that they can be asked again without their file. */
import type { Dataset } from '../data/dataset.ts';
import type { Message } from '../data/conversations.ts';
import { codePoints } from '../data/code-points.ts';
import type { Head } from '../models/model.ts';
import type { Prediction, PredictionDetail } from '../spec/metrics.ts';
import type { TaskName } from '../spec/tasks.ts';

export interface ReplayContext {
  readonly task: TaskName;
  readonly head: Head;
  readonly labels: readonly string[];
}

export function wrapDataset(saved: readonly Prediction[], { task, head, labels }: ReplayContext): Dataset {
  const common: Common = { guessed: false, findings: [], tables: [], train: [], validation: [], labels };
  switch (task) {
    case 'text-classification':
      return texts(saved, common, head.problem ?? 'single-label');
    case 'token-classification': {
      const test = detailsOf(saved, 'spans').map(({ row, detail: { text, words, expected } }) => {
        const points = codePoints(text);
        const named = words.map((word) => ({ ...word, text: points.slice(word.start, word.end) }));
        return { row, text, words: named, spans: expected };
      });
      return { ...common, task, columns: { words: 'words', tags: 'tags' }, unseen: null, badSpan: null, test };
    }
    case 'question-answering': {
      const test = detailsOf(saved, 'answer').map(({ row, detail: { question, context, answers } }) => {
        return { row, question, context, answers };
      });
      const columns = { question: 'question', context: 'context', answers: 'answers' };
      return { ...common, task, columns, unanswerable: head.unanswerable ?? false, test };
    }
    case 'multiple-choice': {
      const test = detailsOf(saved, 'choice').map(({ row, detail: { question, context, choices, expected } }) => {
        return { row, question, ...(context === undefined ? {} : { context }), choices, answer: expected };
      });
      return { ...common, task, columns: { question: 'question', choices: 'choices', answer: 'answer' }, test };
    }
    case 'text-generation': {
      const test = saved.flatMap((line) =>
        'messages' in line || !('prompt' in line)
          ? []
          : [{ row: line.row, prompt: line.prompt, completion: line.expected }],
      );
      return { ...common, task, columns: { prompt: 'prompt', completion: 'completion' }, test };
    }
    case 'chat':
      return { ...common, task, columns: { messages: 'messages' }, test: saved.flatMap(conversation) };
    case 'translation':
      return { ...common, task, columns: { source: 'source', target: 'target' }, test: pairs(saved) };
    case 'summarization':
      return { ...common, task, columns: { text: 'text', summary: 'summary' }, test: pairs(saved) };
  }
}

/** What all data sets of saved rows have. */
type Common = Pick<Dataset, 'guessed' | 'findings' | 'tables' | 'labels'> & {
  readonly train: readonly [];
  readonly validation: readonly [];
};

function texts(saved: readonly Prediction[], common: Common, problem: NonNullable<Head['problem']>): Dataset {
  const shared = { ...common, task: 'text-classification', columns: { text: 'text', label: 'label' } } as const;
  switch (problem) {
    case 'single-label':
      return { ...shared, labelling: 'one', unseen: null, test: saved.flatMap(classified) };
    case 'multi-label': {
      const test = detailsOf(saved, 'labels').map(({ row, detail: { expected, ...text } }) => {
        return { ...textOf(row, text), labels: expected };
      });
      return { ...shared, labelling: 'many', unseen: null, test };
    }
    case 'regression': {
      const test = detailsOf(saved, 'number').map(({ row, detail: { expected, ...text } }) => {
        return { ...textOf(row, text), value: expected };
      });
      return { ...shared, labelling: 'number', test };
    }
  }
}

type DetailOf<Kind extends PredictionDetail['kind']> = Extract<PredictionDetail, { readonly kind: Kind }>;

function detailsOf<Kind extends PredictionDetail['kind']>(
  saved: readonly Prediction[],
  kind: Kind,
): readonly { readonly row: number; readonly detail: DetailOf<Kind> }[] {
  return saved.flatMap((line) =>
    'detail' in line && line.detail.kind === kind ? [{ row: line.row, detail: line.detail as DetailOf<Kind> }] : [],
  );
}

function textOf(row: number, { text, pair }: { readonly text: string; readonly pair?: string }) {
  return { row, text, ...(pair === undefined ? {} : { pair }) };
}

function classified(line: Prediction) {
  return 'label' in line ? [{ ...textOf(line.row, line), label: line.label }] : [];
}

function conversation(line: Prediction): { row: number; messages: readonly Message[] }[] {
  if (!('prompt' in line)) return [];
  const messages = line.messages ?? [
    { role: 'user', content: line.prompt },
    { role: 'assistant', content: line.expected },
  ];
  return [{ row: line.row, messages: messages as readonly Message[] }];
}

function pairs(saved: readonly Prediction[]) {
  return detailsOf(saved, 'text').map(({ row, detail: { source, target } }) => ({ row, source, target }));
}

/** Saved predictions as a data set of test rows, so that they can be answered again without their file. */
import type { Dataset } from '../data/dataset.ts';
import type { Prediction } from '../spec/metrics.ts';

export function wrapDataset(saved: readonly Prediction[], labels: readonly string[]): Dataset {
  const common = { guessed: false, findings: [], tables: [] } as const;
  const texts = saved.flatMap((line) =>
    'text' in line ? [{ row: line.row, text: line.text, label: line.label }] : [],
  );
  if (labels.length > 0) {
    return {
      ...common,
      task: 'text-classification',
      labelling: 'one',
      columns: { text: 'text', label: 'label' },
      labels,
      train: [],
      validation: [],
      test: texts,
      unseen: null,
    };
  }
  const chats = saved.flatMap((line) => {
    if (!('prompt' in line)) return [];
    const messages = line.messages ?? [
      { role: 'user', content: line.prompt },
      { role: 'assistant', content: line.expected },
    ];
    return [{ row: line.row, messages: messages as Extract<Dataset, { task: 'chat' }>['test'][number]['messages'] }];
  });
  return {
    ...common,
    task: 'chat',
    columns: { messages: 'messages' },
    labels: [],
    train: [],
    validation: [],
    test: chats,
  };
}

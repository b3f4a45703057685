/** Text classification: a text or a pair → one of the labels, several of them, or a number (Transformers' *ForSequenceClassification). */
import { BugError } from '../../spec/errors.ts';
import type { PeftTask } from '../../methods/method.ts';
import { headNames, isLanguageModel, type Head, type HeadName } from '../../models/model.ts';
import type { HeadOutline, Task } from '../task.ts';
import { prepareMultiLabel } from './multi-label.ts';
import { prepareRegression } from './regression.ts';
import { fieldsOf, prepareSingleLabel } from './single-label.ts';

export interface Answers {
  readonly head: Head;
  readonly labels: readonly string[];
}

export const textClassification: Task = {
  name: 'text-classification',
  takesTemplates: true,
  head: headOf,
  solved: (dataset, part) =>
    dataset.task === 'text-classification' && dataset.labelling === 'one'
      ? dataset[part].map((example) => ({ fields: fieldsOf(example), answer: example.label, group: example.label }))
      : null,
  peftType: ({ name }) => peftTypes[name] ?? 'SEQ_CLS',
  ask: null,
  prepare: async (dataset, model, answers) => {
    if (dataset.task !== 'text-classification') throw new BugError(`a data set for ${dataset.task}`);
    switch (dataset.labelling) {
      case 'one':
        return prepareSingleLabel(dataset, model, answers);
      case 'many':
        return prepareMultiLabel(dataset, model, answers);
      case 'number':
        return prepareRegression(dataset, model, answers);
    }
  },
};

/** Of a head that answers with label words, a language model's. */
const peftTypes: Readonly<Partial<Record<HeadName, PeftTask>>> = {
  'causal-lm': 'CAUSAL_LM',
  'seq2seq-lm': 'SEQ_2_SEQ_LM',
  // PEFT has no type of its own for it; this one puts prompts before the row and passes on what the model answers.
  'masked-lm': 'FEATURE_EXTRACTION',
};

function headOf({ labels, labelling, words, architecture, config }: HeadOutline): Head | null {
  if (words) {
    const found = headNames.find((own) => isLanguageModel(own) && architecture.taskClasses[own] !== undefined);
    return found ? { name: found, labels: config.vocabulary, words } : null;
  }
  if (architecture.taskClasses['sequence-classification'] === undefined) return null;
  const name = 'sequence-classification';
  switch (labelling) {
    case 'one':
      return { name, labels: labels.length };
    case 'many':
      return { name, labels: labels.length, problem: 'multi-label' };
    case 'number':
      return { name, labels: 1, problem: 'regression' };
  }
}

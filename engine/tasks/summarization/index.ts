/** Summarisation: a text → its summary, judged by ROUGE-L (Lin, 2004). */
import { rouge } from '../../metrics/rouge.ts';
import { BugError } from '../../spec/errors.ts';
import { meanOf } from '../scored.ts';
import type { Task } from '../task.ts';
import { askWritten, prepareWritten, solvedPair, writingHead, writingPeftType, type Written } from '../written.ts';

const options = { stemmer: true };

const written: Written = {
  metric: 'rouge-l',
  instruction: 'Summarise this text.',
  figure: (said, references) => {
    const scores = said.map((text, row) => rouge(references[row] ?? '', text, options));
    return {
      score: meanOf(scores.map(({ rougeL }) => rougeL.f1)),
      n: said.length,
      values: {
        rouge1: meanOf(scores.map(({ rouge1 }) => rouge1.f1)),
        rouge2: meanOf(scores.map(({ rouge2 }) => rouge2.f1)),
        rougeLsum: meanOf(scores.map(({ rougeLsum }) => rougeLsum.f1)),
      },
    };
  },
  score: (said, reference) => rouge(reference, said, options).rougeL.f1,
};

export const summarization: Task = {
  name: 'summarization',
  head: writingHead,
  solved: (dataset, part) => (dataset.task === 'summarization' ? dataset[part].map(solvedPair) : null),
  peftType: writingPeftType,
  ask: (model, text, room) => askWritten(model, { text, room, instruction: written.instruction }),
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'summarization') throw new BugError(`a data set for ${dataset.task}`);
    return prepareWritten(dataset, model, { head, written });
  },
};

/** Translation: a text → the same in the other language, judged by chrF (Popović, 2015). */
import { bleu } from '../../metrics/bleu.ts';
import { chrf } from '../../metrics/chrf.ts';
import { BugError } from '../../spec/errors.ts';
import type { Task } from '../task.ts';
import { askWritten, prepareWritten, solvedPair, writingHead, writingPeftType, type Written } from '../written.ts';

const written: Written = {
  metric: 'chrf',
  instruction: 'Translate this text.',
  figure: (said, references) => {
    const lists = references.map((reference) => [reference]);
    if (said.length === 0) return { score: 0, n: 0, values: {} };
    return { score: chrf(said, lists).score / 100, n: said.length, values: { bleu: bleu(said, lists).score / 100 } };
  },
  score: (said, reference) => chrf([said], [[reference]]).score / 100,
};

export const translation: Task = {
  name: 'translation',
  head: writingHead,
  solved: (dataset, part) => (dataset.task === 'translation' ? dataset[part].map(solvedPair) : null),
  peftType: writingPeftType,
  ask: (model, text, room) => askWritten(model, { text, room, instruction: written.instruction }),
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'translation') throw new BugError(`a data set for ${dataset.task}`);
    return prepareWritten(dataset, model, { head, written });
  },
};

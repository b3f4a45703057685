/** What the studio tells a reader to run names the class that the exported head has. */
import { expect, test } from 'vitest';
import { snippetOf, type Exported } from '../../../main/services/snippets.ts';
import { supportedMethods } from '../../../engine/spec/methods/index.ts';

const report = { folder: '/exports/my run', files: [], replay: { matched: 0, of: 0, largestDifference: 0 } };
const run = { slug: 'my-run', model: 'minilm-l6' } as const;

const heads: readonly (readonly [Exported['head'], Exported['task'], string])[] = [
  ['sequence-classification', 'text-classification', 'AutoModelForSequenceClassification'],
  ['token-classification', 'token-classification', 'AutoModelForTokenClassification'],
  ['question-answering', 'question-answering', 'AutoModelForQuestionAnswering'],
  ['multiple-choice', 'multiple-choice', 'AutoModelForMultipleChoice'],
  ['masked-lm', 'text-classification', 'AutoModelForMaskedLM'],
  ['seq2seq-lm', 'translation', 'AutoModelForSeq2SeqLM'],
  ['causal-lm', 'chat', 'AutoModelForCausalLM'],
];
const cases = heads.flatMap(([head, task, named]) => supportedMethods.map((method) => ({ head, task, named, method })));

test.each(cases)('$method under $head', ({ head, task, named, method }) => {
  const format = method === 'adapter' ? 'adapterhub' : 'peft';
  const lines = snippetOf(format, { ...run, method, task, head }, report).split('\n');
  const used = lines.filter((line) => line.includes('labels') && !line.startsWith('labels ='));
  expect({
    imports: lines.includes(`from transformers import ${named}, AutoTokenizer`),
    folder: lines.includes('folder = "/exports/my run"'),
    // Labels are read wherever a line uses them.
    labels: used.length === 0 || lines.some((line) => line.startsWith('labels =')),
    asks: lines.at(-1)?.startsWith('print('),
  }).toEqual({ imports: true, folder: true, labels: true, asks: true });
});

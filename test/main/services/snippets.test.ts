/** What the studio tells a reader to run names the class that the exported head has. */
import { expect, test } from 'vitest';
import { snippetOf, type Exported } from '../../../main/services/snippets.ts';
import { supportedMethods } from '../../../engine/spec/methods/index.ts';

const report = { folder: '/exports/my run', files: [], replay: { matched: 0, of: 0, largestDifference: 0 } };
const run = { slug: 'my-run', model: 'minilm-l6', words: null, template: null } as const;

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

test.each([
  [
    'causal-lm',
    '{text}\nCategory: {label}',
    'tokenizer("a text\\nCategory:", ',
    'model(**inputs).logits[0, -1, [7, 9]]',
  ],
  [
    'masked-lm',
    '{virtual} {text} is {mask}.',
    'tokenizer("a text is {mask}.".replace("{mask}", tokenizer.mask_token), ',
    'model(**inputs).logits[0, ids.index(tokenizer.mask_token_id) - len(ids), [7, 9]]',
  ],
  ['seq2seq-lm', '{text}? {label}', 'tokenizer("a text?", ', 'decoder_input_ids=start).logits[0, -1, [7, 9]]'],
])('Label words under %s: the row laid out, and the words compared', (head, template, ...[reads, compares]) => {
  const exported = { ...run, method: 'prompt', task: 'text-classification', head, words: [7, 9], template } as const;
  const lines = snippetOf('peft', exported, report).split('\n');
  expect({
    reads: lines.some((line) => line.startsWith(`inputs = ${reads}`)),
    compares: lines.at(-1)?.startsWith('print(dict(zip(labels, ') && lines.at(-1)?.includes(compares),
    labels: lines.some((line) => line.startsWith('labels =')),
    slots: lines.some((line) => line.startsWith('# Learned tokens')),
  }).toEqual({ reads: true, compares: true, labels: true, slots: template.includes('{virtual}') });
});

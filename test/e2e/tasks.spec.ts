/** The whole way for every other goal: real rows, few of them; a small real encoder, or a tiny model where the goal writes. */
import { expect, type Page } from '@playwright/test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dropFiles, onward, picture, shared, test } from './studio.ts';

const sets = path.join(shared, 'data');
const tinyModels = path.join(shared, 'golden/models');

interface Journey {
  readonly name: string;
  readonly goal: string;
  readonly train: string;
  readonly test: string;
  readonly cut: (content: string, rows: number) => string;
  /** A catalogue model, or a tiny one by its folder. */
  readonly model: { readonly catalogue: string } | { readonly folder: string };
  readonly method: string;
  /** What the rows' grid calls what is to be learned. */
  readonly answerHead: string;
  readonly result: (page: Page) => Promise<void>;
  /** Fields of Try it. */
  readonly ask: Readonly<Record<string, string>>;
  readonly answer: (page: Page) => Promise<void>;
}

const lines = (content: string, rows: number) => content.split('\n').slice(0, rows).join('\n');
const withHead = (content: string, rows: number) => lines(content, rows + 1);
const paragraphs = (content: string, rows: number) =>
  content
    .split(/\n\s*\n/)
    .slice(0, rows)
    .join('\n\n');

/** The first articles of a SQuAD file. */
function articles(content: string, rows: number): string {
  const file = JSON.parse(content) as { readonly version: string; readonly data: readonly unknown[] };
  return JSON.stringify({ version: file.version, data: file.data.slice(0, rows / 4) });
}

const tuned = (page: Page) => page.getByRole('region', { name: 'After training' });

const journeys: readonly Journey[] = [
  {
    name: 'labels',
    goal: 'Give several labels',
    train: 'awkward/several-labels-per-row.csv',
    test: 'awkward/several-labels-per-row.csv',
    cut: withHead,
    model: { catalogue: 'Choose MiniLM-L6' },
    method: 'Full fine-tuning',
    answerHead: 'Labels',
    result: (page) => expect(page.getByText(/^Labels found \(micro F1\) on the same/)).toBeVisible(),
    ask: { 'A text to sort': 'please turn off the lights' },
    answer: (page) => expect(tuned(page).getByRole('list', { name: 'Categories' })).toBeVisible(),
  },
  {
    name: 'number',
    goal: 'Predict a number',
    train: 'command-similarity/train.csv',
    test: 'command-similarity/test.csv',
    cut: withHead,
    model: { catalogue: 'Choose MiniLM-L6' },
    method: 'Linear probe',
    answerHead: 'Number',
    result: (page) => expect(page.getByRole('img', { name: 'Your number and its number' })).toBeVisible(),
    ask: { 'A text to sort': 'turn on the fan', 'A second text': 'is the fan on' },
    answer: (page) => expect(tuned(page).locator('.answer')).toHaveText(/[0-9]/),
  },
  {
    name: 'spans',
    goal: 'Find spans: names, dates',
    train: 'speech-entities/train.jsonl',
    test: 'speech-entities/test.jsonl',
    cut: lines,
    model: { catalogue: 'Choose MiniLM-L6' },
    method: 'P-tuning v2',
    answerHead: 'Spans',
    result: (page) => expect(page.getByRole('region', { name: 'Rows' }).locator('mark').first()).toBeVisible(),
    ask: { 'A text to mark': 'The people of Panama met Ronald Reagan in Washington.' },
    answer: (page) => expect(tuned(page).locator('.answer')).toHaveText(/The people.*Panama/),
  },
  {
    name: 'passages',
    goal: 'Answer from a passage',
    train: 'spell-questions/train.json',
    test: 'spell-questions/test.json',
    cut: articles,
    model: { catalogue: 'Choose MiniLM-L6' },
    method: 'LoRA',
    answerHead: 'Answer',
    result: (page) => expect(page.getByRole('region', { name: 'Rows' }).locator('mark').first()).toBeVisible(),
    ask: {
      'The passage': 'Light lasts for one hour. Casting it takes an action.',
      'Your question': 'How long does it last?',
    },
    answer: (page) => expect(tuned(page).locator('.answer')).toHaveText(/lasts.*one hour/),
  },
  {
    name: 'choices',
    goal: 'Choose one of several answers',
    train: 'word-quiz/train.csv',
    test: 'word-quiz/test.csv',
    cut: withHead,
    model: { catalogue: 'Choose MiniLM-L6' },
    method: 'Adapters',
    answerHead: 'Right choice',
    result: (page) => expect(page.getByText(/Share right on the same 12 rows/)).toBeVisible(),
    ask: {
      'Your question': 'What does "fan" mean?',
      'The answers to choose from': 'a device that moves air\na kind of fish',
    },
    answer: (page) => expect(tuned(page).getByText('chosen')).toBeVisible(),
  },
  {
    name: 'writing',
    goal: 'Continue or write text',
    train: 'devils-dictionary/train.txt',
    test: 'devils-dictionary/test.txt',
    cut: paragraphs,
    model: { folder: path.join(tinyModels, 'llama') },
    method: 'Prompt tuning',
    answerHead: 'It learns to write',
    result: (page) => expect(page.getByText(/^Error a token on the same/)).toBeVisible(),
    ask: { 'A beginning': 'ABSURDITY, n.' },
    answer: (page) => expect(tuned(page).getByText('finished')).toBeVisible(),
  },
  {
    name: 'translation',
    goal: 'Translate',
    train: 'translation-en-fr/train.tsv',
    test: 'translation-en-fr/test.tsv',
    cut: withHead,
    model: { folder: path.join(tinyModels, 't5') },
    method: 'Prefix tuning',
    answerHead: 'Translation',
    result: (page) => expect(page.getByText(/chrF\) on the same 12 rows/)).toBeVisible(),
    ask: { 'A text to translate': 'Spanish' },
    answer: (page) => expect(tuned(page).getByText('finished')).toBeVisible(),
  },
  {
    name: 'summaries',
    goal: 'Summarise',
    train: 'paper-summaries/train.csv',
    test: 'paper-summaries/test.csv',
    cut: withHead,
    model: { folder: path.join(tinyModels, 'bart') },
    method: 'IA³',
    answerHead: 'Summary',
    result: (page) => expect(page.getByText(/ROUGE-L\) on the same 12 rows/)).toBeVisible(),
    // The rows are longer than this tiny model reads at once.
    ask: { 'A text to summarise': 'A pun plays on words.' },
    answer: (page) => expect(tuned(page).getByText('finished')).toBeVisible(),
  },
];

/** The set's files, cut to a few dozen rows. */
function cutFiles({ name, train, test: held, cut }: Journey, home: string): readonly string[] {
  const folder = path.join(home, 'sets', name);
  mkdirSync(folder, { recursive: true });
  return [
    { file: train, rows: 40, as: 'train' },
    { file: held, rows: 12, as: 'test' },
  ].map(({ file, rows, as }) => {
    const out = path.join(folder, `${as}${path.extname(file)}`);
    writeFileSync(out, cut(readFileSync(path.join(sets, file), 'utf8'), rows));
    return out;
  });
}

async function chooseModel(page: Page, model: Journey['model']): Promise<void> {
  if ('catalogue' in model) return page.getByRole('radio', { name: model.catalogue }).check();
  await page.getByRole('textbox', { name: 'Folder or file' }).fill(model.folder);
  await page.getByRole('button', { name: 'Add the model' }).click();
  await page.getByRole('radio', { name: `Choose ${path.basename(model.folder)}` }).check();
}

async function learn(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Quick' }).check();
  await page.getByText('Advanced').first().click();
  const steps = page.getByRole('textbox', { name: /Steps at most/ });
  await steps.fill('4');
  await steps.blur();
  await expect(page.getByRole('button', { name: /Reset Steps at most/ })).toBeVisible();
}

for (const journey of journeys) {
  test(`${journey.goal}, with ${journey.method}`, async ({ studio: { page, home, pageErrors } }) => {
    const show = (step: string) => picture(page, `${journey.name}-${step}`);
    await page.getByRole('link', { name: 'Home', exact: true }).click();
    const well = page.getByRole('group', { name: 'Drop a spreadsheet or a list here.' });
    await dropFiles(page, well, cutFiles(journey, home));
    await expect(page.getByRole('button', { name: 'Choose the goal' })).toBeVisible();
    await show('1-data');
    await onward(page, 'Choose the goal');
    await page.getByRole('radio', { name: journey.goal }).check();
    await expect(page.getByRole('button', { name: 'Choose a model' })).toBeVisible();
    await show('2-goal');
    await page.getByRole('link', { name: /^Data/ }).click();
    await expect(page.getByRole('columnheader', { name: journey.answerHead, exact: true })).toBeVisible();
    await page.getByRole('link', { name: /^Goal/ }).click();
    await onward(page, 'Choose a model');
    await chooseModel(page, journey.model);
    await show('3-model');
    await onward(page, 'Choose how it learns');
    await page.getByRole('radio', { name: journey.method, exact: true }).check();
    await show('4-method');
    await onward(page, `Go on with ${journey.method}`);
    await learn(page);
    await show('5-settings');
    await onward(page, 'Check that it fits');
    await onward(page, /^Train: /);
    await expect(page.locator('main').getByRole('button', { name: 'See the result' })).toBeVisible({
      timeout: 120_000,
    });
    await show('6-train');
    await onward(page, 'See the result');
    await journey.result(page);
    await show('7-result');
    await onward(page, /try it/i);
    for (const [field, text] of Object.entries(journey.ask))
      await page.getByRole('textbox', { name: field }).fill(text);
    await onward(page, 'Ask both');
    await expect(tuned(page).getByText('finished')).toBeVisible({ timeout: 120_000 });
    await journey.answer(page);
    await show('8-try');
    await onward(page, 'Go on to export');
    await onward(page, 'Write the folder');
    await expect(page.getByText(/^\d+ of \d+ match$/)).toBeVisible({ timeout: 120_000 });
    await show('9-export');
    expect(pageErrors).toEqual([]);
  });
}

/** How answers are written, chosen where one tries a model: drawn with a seed, kept, refused, and stopped while they stream. */
import { expect, type Page } from '@playwright/test';
import path from 'node:path';
import { onward, picture, shared, takeIn, test } from './studio.ts';

test.describe.configure({ mode: 'serial' });
const golden = path.join(shared, 'golden');
const tuned = (page: Page) => page.getByRole('region', { name: 'After training' });
const came = (page: Page) => page.getByRole('region', { name: 'The model as it came' });

async function set(page: Page, name: RegExp, value: string): Promise<void> {
  const field = page.getByRole('textbox', { name });
  await field.fill(value);
  await field.blur();
}

async function answers(page: Page): Promise<readonly string[]> {
  await page.getByRole('textbox', { name: 'A text to translate' }).fill('Spanish');
  await onward(page, 'Ask both');
  for (const side of [came(page), tuned(page)]) await expect(side.getByText('finished')).toBeVisible();
  return [await came(page).locator('.answer').innerText(), await tuned(page).locator('.answer').innerText()];
}

test('An adapter trained elsewhere is taken in', async ({ studio: { page } }) => {
  await takeIn(page, {
    folder: path.join(golden, 'cases/t5-seq2seq-lora/adapter'),
    model: path.join(golden, 'models/t5'),
    goal: 'Translate',
  });
  await expect(page.getByText('How it writes')).toBeVisible();
  await picture(page, 'writing-1-folded');
});

test('Words are drawn with a seed: the same again, others with another', async ({ studio: { page } }) => {
  await page.getByText('How it writes', { exact: true }).click();
  await page.getByRole('combobox', { name: /How words are chosen/ }).selectOption('sample');
  await set(page, /^Freedom/, '1.5');
  await set(page, /^Longest answer/, '24');
  await set(page, /^Seed/, '7');
  await expect(
    page.getByText(/words drawn at temperature 1.5 with seed 7, 24.tokens at most, 4 changed/),
  ).toBeVisible();
  const first = await answers(page);
  await picture(page, 'writing-2-drawn');
  expect(await answers(page)).toEqual(first);
  await set(page, /^Seed/, '8');
  expect(await answers(page)).not.toEqual(first);
});

test('A value that cannot be says what could, and is asked with once it is mended', async ({ studio: { page } }) => {
  await page.getByText('Finer settings', { exact: true }).click();
  await set(page, /^Probability to draw from/, '1.5');
  await expect(page.getByText('1.5 cannot be: a number above 0 and at most 1.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Mend 1 setting first' })).toBeDisabled();
  await picture(page, 'writing-3-mend');
  await page.getByRole('button', { name: 'Use 1', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Ask both' })).toBeVisible();
});

test('They are kept when the page is left', async ({ studio: { page } }) => {
  await page.reload();
  await expect(page.getByText(/words drawn at temperature 1.5 with seed 8/)).toBeVisible();
  await page.getByText('How it writes', { exact: true }).click();
  await page.getByRole('button', { name: 'Reset how it writes' }).click();
  await expect(page.getByText(/the likeliest word each time, 256.tokens at most$/)).toBeVisible();
});

test('An answer is stopped while it streams', async ({ studio: { page, pageErrors } }) => {
  await page.getByText('Finer settings', { exact: true }).click();
  await set(page, /^Longest answer/, '100000');
  await set(page, /^Shortest answer/, '100000');
  await page.getByRole('textbox', { name: 'A text to translate' }).fill('Spanish');
  await onward(page, 'Ask both');
  await expect(tuned(page).locator('.answer')).toHaveText(/\S/);
  await tuned(page).getByRole('button', { name: 'Stop' }).click();
  await expect(tuned(page).getByText('stopped')).toBeVisible();
  const before = await tuned(page).locator('.answer').innerText();
  await picture(page, 'writing-4-stopped');
  // The engine is free again: another question is answered.
  await page.getByRole('button', { name: 'Reset how it writes' }).click();
  const next = await answers(page);
  expect([before.length > 0, next[1] === before]).toEqual([true, false]);
  expect(pageErrors).toEqual([]);
});

/** The whole way for a model that is asked in a prompt: nothing is trained, and its examples are judged by the same prompt without them. */
import { expect } from '@playwright/test';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dropFiles, onward, picture, shared, test } from './studio.ts';

test.describe.configure({ mode: 'serial' });

/** The first rows of two categories. */
function someRows(home: string, part: 'train' | 'test', count: number): string {
  const lines = readFileSync(path.join(shared, 'data/home-intents', `${part}.csv`), 'utf8').split('\n');
  const rows = lines.filter((line) => /,(?:turn_on|set_temperature)$/.test(line.trim())).slice(0, count);
  const file = path.join(home, `asked-${part}.csv`);
  writeFileSync(file, `text,intent\n${rows.join('\n')}\n`);
  return file;
}

test('Data, Goal, Model and Method are decided', async ({ studio: { page, home } }) => {
  await page.getByRole('link', { name: 'Home', exact: true }).click();
  const well = page.getByRole('group', { name: 'Drop a spreadsheet or a list here.' });
  await dropFiles(page, well, [someRows(home, 'train', 80), someRows(home, 'test', 24)]);
  await onward(page, 'Choose the goal');
  await page.getByRole('radio', { name: 'Sort into categories' }).check();
  await onward(page, 'Choose a model');
  await page.getByRole('radio', { name: 'Choose SmolLM2 135M Instruct' }).check();
  await onward(page, 'Choose how it learns');
  await page.getByRole('radio', { name: 'In-context examples' }).check();
  await onward(page, 'Go on with In-context examples');
});

test('Settings shows the template with its lines, and what each example takes', async ({ studio: { page } }) => {
  const template = page.getByRole('textbox', { name: /How a row is asked/ });
  await expect(template).toHaveValue('{text}\nCategory: {label}');
  await template.fill('Command: {text}\nAction: {label}');
  await template.blur();
  await page.getByText('Advanced').first().click();
  const words = page.getByRole('textbox', { name: /Words for the labels/ });
  await words.fill('turn_on = switch on\nset_temperature = set the temperature');
  await words.blur();
  await expect(page.getByText(/^All four examples fit: the longest prompt takes/)).toBeVisible();
  await expect(page.getByRole('row', { name: /^Example 4 \d+$/ })).toBeVisible();
  await expect(page.getByText('Passes over the rows')).toHaveCount(0);
  await picture(page, 'in-context-1-settings');
  await onward(page, 'Check that it fits');
});

test('Fit has no steps to measure, and the run asks', async ({ studio: { page } }) => {
  await expect(page.getByText('The room of the prompt')).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole('button', { name: 'Measure two steps' })).toHaveCount(0);
  await picture(page, 'in-context-2-fit');
  await onward(page, /^Ask it: /);
  await expect(page.locator('main').getByRole('button', { name: 'See the result' })).toBeVisible({ timeout: 560_000 });
  await picture(page, 'in-context-3-asked');
  await onward(page, 'See the result');
});

test('Result compares with the same prompt without its examples', async ({ studio: { page } }) => {
  await expect(page.getByText('Share right on the same 24 rows')).toBeVisible();
  await expect(page.getByRole('img', { name: /Asked without examples .*Asked with 4 examples/ })).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/the examples|^No: /);
  await picture(page, 'in-context-4-result');
  await onward(page, /try it/i);
});

test('Try it asks with the examples and without', async ({ studio: { page, pageErrors } }) => {
  await page.getByRole('textbox', { name: 'A text to sort' }).fill('turn on the lights in the kitchen please');
  await onward(page, 'Ask both');
  for (const name of ['Asked with 4 examples', 'Asked without examples'])
    await expect(page.getByRole('region', { name }).getByText('finished')).toBeVisible({ timeout: 240_000 });
  await picture(page, 'in-context-5-try');
  expect(pageErrors).toEqual([]);
});

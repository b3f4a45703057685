/** The whole way for "sort texts into categories": from dropped files to a PEFT folder on the disk. */
import { expect } from '@playwright/test';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { dropFiles, onward, picture, shared, test } from './studio.ts';

test.describe.configure({ mode: 'serial' });
const set = path.join(shared, 'data/home-intents');

test('Home offers the sample and a well for files', async ({ studio: { page } }) => {
  await expect(page.getByRole('heading', { name: 'Start something new' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Home commands/ })).toBeVisible();
  await picture(page, 'categories-1-home');
});

test('Data reads dropped files and guesses the columns', async ({ studio: { page } }) => {
  const well = page.getByRole('group', { name: 'Drop a spreadsheet or a list here.' });
  await dropFiles(page, well, [path.join(set, 'train.csv'), path.join(set, 'test.csv')]);
  await expect(page.getByRole('button', { name: 'Choose the goal' })).toBeVisible();
  await expect(page.getByRole('link', { name: /^Data, decided: 2,332 rows, 19 categories/ })).toBeVisible();
  await picture(page, 'categories-2-data');
  await onward(page, 'Choose the goal');
});

test('Goal, Model and Method are decided', async ({ studio: { page } }) => {
  await page.getByRole('radio', { name: 'Sort into categories' }).check();
  await page.getByRole('radio', { name: 'Python, with PEFT' }).check();
  await picture(page, 'categories-3-goal');
  await onward(page, 'Choose a model');
  await page.getByRole('radio', { name: 'Choose MiniLM-L6' }).check();
  await picture(page, 'categories-4-model');
  await onward(page, 'Choose how it learns');
  await page.getByRole('radio', { name: 'LoRA', exact: true }).check();
  await expect(page.getByRole('button', { name: 'Go on with LoRA' })).toBeVisible();
  await picture(page, 'categories-5-method');
  await onward(page, 'Go on with LoRA');
});

test('Settings takes a preset', async ({ studio: { page } }) => {
  await page.getByRole('radio', { name: 'Quick' }).check();
  await expect(page.getByRole('textbox', { name: /Passes over the rows/ })).toHaveValue('4');
  await picture(page, 'categories-6-settings');
  await onward(page, 'Check that it fits');
});

test('Fit measures two steps', async ({ studio: { page } }) => {
  await expect(page.getByText(/^Measured at .* two real steps on your longest rows/)).toBeVisible({ timeout: 180_000 });
  await picture(page, 'categories-7-fit');
  await onward(page, /^Train: /);
});

test('Train shows its curves, pauses, goes on and ends', async ({ studio: { page } }) => {
  await expect(page.getByRole('link', { name: /^Train.*step [1-9]/ })).toBeVisible({ timeout: 180_000 });
  await onward(page, 'Pause');
  await expect(page.locator('main').getByRole('button', { name: 'Go on' })).toBeVisible();
  await picture(page, 'categories-8-train-paused');
  await onward(page, 'Go on');
  await expect(page.locator('main').getByRole('button', { name: 'See the result' })).toBeVisible({ timeout: 580_000 });
  await picture(page, 'categories-9-train-done');
  await onward(page, 'See the result');
});

test('Result says whether it helped, with intervals', async ({ studio: { page } }) => {
  await expect(page.getByText('Share right on the same 409 rows')).toBeVisible();
  await expect(page.getByText('The model as it came').first()).toBeVisible();
  await picture(page, 'categories-10-result');
  await onward(page, 'Keep it and try it');
});

test('Try it answers with both', async ({ studio: { page } }) => {
  await page.getByRole('textbox', { name: 'A text to sort' }).fill('turn off the lights in the kitchen please');
  await onward(page, 'Ask both');
  const tuned = page.getByRole('region', { name: 'After training' });
  await expect(tuned.getByText('finished')).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole('region', { name: 'The model as it came' }).getByText('finished')).toBeVisible({
    timeout: 120_000,
  });
  await picture(page, 'categories-11-try');
  await onward(page, 'Go on to export');
});

test('Export writes a PEFT folder and replays 20 rows from it', async ({ studio: { page, home, pageErrors } }) => {
  const folder = path.join(home, 'taken-along');
  await page.getByRole('textbox', { name: 'Folder' }).fill(folder);
  await page.getByRole('textbox', { name: 'Folder' }).blur();
  await onward(page, 'Write the folder');
  await expect(page.getByText('20 of 20 match')).toBeVisible({ timeout: 180_000 });
  await picture(page, 'categories-12-export');
  const config = JSON.parse(readFileSync(path.join(folder, 'adapter_config.json'), 'utf8')) as {
    readonly peft_type: string;
  };
  const labels = JSON.parse(readFileSync(path.join(folder, 'labels.json'), 'utf8')) as readonly string[];
  expect({
    peft: config.peft_type,
    labels: labels.length,
    weights: existsSync(path.join(folder, 'adapter_model.safetensors')),
    tokenizer: existsSync(path.join(folder, 'tokenizer.json')),
  }).toEqual({ peft: 'LORA', labels: 19, weights: true, tokenizer: true });
  expect(pageErrors).toEqual([]);
});

/** The whole way for "answer in a chat": from a dropped file to a PEFT folder on the disk. */
import { expect } from '@playwright/test';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { dropFiles, onward, picture, shared, test } from './studio.ts';

test.describe.configure({ mode: 'serial' });
const set = path.join(shared, 'data/building-faq');

test('Data reads questions and answers', async ({ studio: { page } }) => {
  await page.getByRole('link', { name: 'Home', exact: true }).click();
  const well = page.getByRole('group', { name: 'Drop a spreadsheet or a list here.' });
  await dropFiles(page, well, [path.join(set, 'train.csv'), path.join(set, 'test.csv')]);
  await expect(page.getByRole('link', { name: /^Data, decided: 388 rows/ })).toBeVisible();
  await picture(page, 'chat-1-data');
  await onward(page, 'Choose the goal');
});

test('Goal, Model and Method are decided', async ({ studio: { page } }) => {
  await page.getByRole('radio', { name: 'Answer in a chat' }).check();
  await onward(page, 'Choose a model');
  await page.getByRole('radio', { name: 'Choose SmolLM2 135M Instruct' }).check();
  await picture(page, 'chat-2-model');
  await onward(page, 'Choose how it learns');
  await page.getByRole('radio', { name: 'LoRA', exact: true }).check();
  await picture(page, 'chat-3-method');
  await onward(page, 'Go on with LoRA');
});

test('Settings takes a limit of steps', async ({ studio: { page } }) => {
  await page.getByText('Advanced').first().click();
  const steps = page.getByRole('textbox', { name: /Steps at most/ });
  await steps.fill('6');
  await steps.blur();
  await expect(page.getByRole('button', { name: /Reset Steps at most/ })).toBeVisible();
  await picture(page, 'chat-4-settings');
  await onward(page, 'Check that it fits');
});

test('Fit estimates and Train learns', async ({ studio: { page } }) => {
  await expect(page.locator('main').getByRole('button', { name: /^Train: / })).toBeVisible({ timeout: 120_000 });
  await picture(page, 'chat-5-fit');
  await onward(page, /^Train: /);
  await expect(page.locator('main').getByRole('button', { name: 'See the result' })).toBeVisible({ timeout: 560_000 });
  await picture(page, 'chat-6-train');
  await onward(page, 'See the result');
});

test('Result compares losses and answers', async ({ studio: { page } }) => {
  await expect(page.getByText('Error a token on the same 53 answers')).toBeVisible();
  await picture(page, 'chat-7-result');
  await onward(page, 'Keep it and try it');
});

test('Try it streams both answers', async ({ studio: { page } }) => {
  await page
    .getByRole('textbox', { name: 'Your question' })
    .fill('Can I get a tax reduction for repainting my kitchen?');
  await onward(page, 'Ask both');
  const tuned = page.getByRole('region', { name: 'After training' });
  const came = page.getByRole('region', { name: 'The model as it came' });
  await expect(came.getByText('finished')).toBeVisible({ timeout: 240_000 });
  await expect(tuned.getByText('finished')).toBeVisible({ timeout: 240_000 });
  expect((await tuned.locator('.answer').innerText()).length).toBeGreaterThan(10);
  await picture(page, 'chat-8-try');
  await onward(page, 'Go on to export');
});

test('Export writes a PEFT folder and replays 20 rows from it', async ({ studio: { page, home, pageErrors } }) => {
  const folder = path.join(home, 'taken-along-chat');
  await page.getByRole('textbox', { name: 'Folder' }).fill(folder);
  await page.getByRole('textbox', { name: 'Folder' }).blur();
  await onward(page, 'Write the folder');
  await expect(page.getByText('20 of 20 match')).toBeVisible({ timeout: 580_000 });
  await picture(page, 'chat-9-export');
  expect(
    ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json'].filter(
      (name) => !existsSync(path.join(folder, name)),
    ),
  ).toEqual([]);
  expect(pageErrors).toEqual([]);
});

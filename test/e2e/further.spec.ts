/** An adapter trained elsewhere is trained further: what it is stays, what it knows is where training starts; its result is its own. */
import { expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cutRows, dropFiles, onward, picture, shared, takeIn, test } from './studio.ts';

test.describe.configure({ mode: 'serial' });
const golden = path.join(shared, 'golden');

test('An adapter trained elsewhere is taken in, and measured on rows of one’s own', async ({
  studio: { page, home },
}) => {
  await takeIn(page, {
    folder: path.join(golden, 'cases/t5-seq2seq-lora/adapter'),
    model: path.join(golden, 'models/t5'),
    goal: 'Translate',
  });
  await expect(page.getByRole('button', { name: 'Train further' })).toBeVisible();
  const well = page.getByRole('group', { name: 'Drop a file of rows with their right answers.' });
  await dropFiles(page, well, [cutRows(home, { file: 'translation-en-fr/test.tsv', lines: 13 })]);
  await expect(page.getByText(/chrF\) .* on the 12.rows of test.tsv\.$/)).toBeVisible();
  await picture(page, 'further-0-measured');
});

test('From the Library it is trained further', async ({ studio: { page } }) => {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Train adapter further' }).click();
  await expect(page.getByRole('complementary', { name: 'Where it starts' })).toContainText(
    'It goes on from “adapter”. LoRA on t5, to translate',
  );
  await picture(page, 'further-1-data');
});

test('Goal, model, method and size are the adapter’s', async ({ studio: { page, home } }) => {
  const files = ['train', 'test'].map((name) =>
    cutRows(home, { file: `translation-en-fr/${name}.tsv`, lines: name === 'train' ? 41 : 13 }),
  );
  await dropFiles(page, page.getByRole('group', { name: 'Drop your files here.' }), files);
  await onward(page, 'Choose the goal');
  await expect(page.getByRole('radio', { name: 'Translate', exact: true })).toBeChecked();
  await expect(page.getByRole('radio', { name: 'Summarise' })).toBeDisabled();
  await picture(page, 'further-2-goal');
  await onward(page, 'Choose a model');
  await expect(page.getByRole('radio', { name: /^Choose / })).toHaveCount(1);
  await picture(page, 'further-3-model');
  await onward(page, 'Choose how it learns');
  await expect(page.getByRole('radio', { name: 'Prefix tuning', exact: true })).toBeDisabled();
  await picture(page, 'further-4-method');
  await onward(page, 'Go on with LoRA');
  await expect(page.getByText('As the adapter has it.').first()).toBeVisible();
  await expect(page.getByLabel('Width of the correction', { exact: false }).first()).toHaveText(/\d/);
  await page.getByText('Advanced').first().click();
  const steps = page.getByRole('textbox', { name: /Steps at most/ });
  await steps.fill('2');
  await steps.blur();
  await expect(page.getByRole('button', { name: /Reset Steps at most/ })).toBeVisible();
  await picture(page, 'further-5-settings');
});

test('Beginning anew can be undone, to the settings that were changed', async ({ studio: { page } }) => {
  const dropping = page.getByRole('textbox', { name: /Random switching-off/ });
  await dropping.fill('0.3');
  await dropping.blur();
  await expect(page.getByRole('button', { name: /Reset Random switching-off/ })).toBeVisible();
  await page.getByRole('button', { name: 'Begin anew instead' }).click();
  await expect(page.getByRole('complementary', { name: 'Where it starts' })).toBeHidden();
  await expect(page.getByRole('textbox', { name: /Width of the correction/ })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('As the adapter has it.').first()).toBeVisible();
  await page.waitForLoadState('networkidle');
  await page.reload();
  await page.getByText('Advanced').first().click();
  await expect(page.getByText('As the adapter has it.').first()).toBeVisible();
  await expect(dropping).toHaveValue('0.3');
});

test('It learns on from the adapter, and the result goes on in turn', async ({ studio: { page, pageErrors } }) => {
  await onward(page, 'Check that it fits');
  await onward(page, /^Train: /);
  await expect(page.locator('main').getByRole('button', { name: 'See the result' })).toBeVisible({ timeout: 120_000 });
  await picture(page, 'further-6-train');
  await page.getByRole('link', { name: 'Library' }).click();
  const own = page.getByRole('row', { name: /adapter, further, run 1/ });
  const folder = await own.locator('.folder').getAttribute('title');
  const recipe = JSON.parse(readFileSync(path.join(folder ?? '', 'adapter/recipe.json'), 'utf8')) as {
    readonly start?: string;
    readonly method: { readonly r: number };
  };
  const config = JSON.parse(
    readFileSync(path.join(golden, 'cases/t5-seq2seq-lora/adapter/adapter_config.json'), 'utf8'),
  ) as { readonly r: number };
  expect([recipe.start?.endsWith('adapter'), recipe.method.r]).toEqual([true, config.r]);
  await own.getByRole('button', { name: /^Train .* further$/ }).click();
  // The rows that taught it stand there already.
  await expect(page.getByText('It goes on from “adapter, further, run 1”.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Check that it fits' })).toBeVisible();
  expect(pageErrors).toEqual([]);
});

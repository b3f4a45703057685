/** Models that Transformers saved are taken in: fine-tuned whole, or a head alone. */
import { readFile, writeFile, mkdir, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import { handlers, textRecipe, textRows, trainTiny, writeRows } from '../../support/tiny-runs.ts';

const path = useFolder();

/** What a run wrote without what only our folders have. */
async function foreign(method: string): Promise<string> {
  await writeRows(path('train.csv'), textRows(24, 1));
  await writeRows(path('test.csv'), textRows(6, 2));
  await trainTiny({ folder: path(), out: path(method), recipe: textRecipe({ method: { name: method } }) });
  const folder = path(`${method}-foreign`);
  await mkdir(folder);
  for (const name of ['config.json', 'model.safetensors'])
    await writeFile(`${folder}/${name}`, await readFile(path(method, 'adapter', name)));
  return folder;
}

const take = (folder: string, out: string, asked: { model?: string } = {}) =>
  handlers.importAdapter(
    { folder, modelPath: goldenModel(asked.model ?? 'bert'), task: null, labels: null, out: path(out) },
    () => undefined,
    new Panel(),
  );

test.each(['full', 'linear-probe'])('%s: its labels, and the same answers as before', async (method) => {
  const folder = await foreign(method);
  const report = await take(folder, `${method}-taken`);
  expect(report).toMatchObject({ method, task: 'text-classification', labels: ['calm', 'glad', 'sad'], ignored: [] });
  const evaluate = (adapter: string) =>
    handlers.evaluate(
      {
        modelPath: goldenModel('bert'),
        adapter,
        data: path('test.csv'),
        columns: { text: 'text', label: 'label' },
      },
      () => undefined,
      new Panel(),
    );
  const [before, after] = [await evaluate(path(method, 'adapter')), await evaluate(path(`${method}-taken`))];
  expect(after.predictions).toEqual(before.predictions);
});

test('another base, a folder without weights, and one with neither model nor adapter are told', async () => {
  await expect(take(path('full-foreign'), 'never', { model: 'llama' })).rejects.toMatchObject({ code: 'adapter.task' });
  await expect(take(path('full-foreign'), 'never', { model: 'electra' })).rejects.toMatchObject({
    code: 'adapter.task',
  });
  await mkdir(path('bare'));
  await expect(take(path('bare'), 'never')).rejects.toMatchObject({ code: 'file.missing' });
  await writeFile(path('bare', 'config.json'), await readFile(path('full-foreign', 'config.json')));
  await expect(take(path('bare'), 'never')).rejects.toMatchObject({ code: 'model.no-weights' });
  await rm(path('bare'), { recursive: true });
});

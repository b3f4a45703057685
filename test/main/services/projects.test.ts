/** Promises: every decision is saved as it is made, decisions that no longer hold are taken back, and wrong ones are refused whole. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { housePaths, openHouse, shared, temporaryFolder, writeIntents, type House } from './house.ts';
import { locateModel } from '../../../main/services/models.ts';

const folder = temporaryFolder();
let house: House;
beforeAll(async () => {
  house = await openHouse(folder.path, shared);
});
afterAll(async () => {
  await house.studio.close();
  folder.remove();
});

const project = async () => (await house.services.createProject({})).id;

describe('a project', () => {
  test('has a name of its own, can be renamed, removed and brought back', async () => {
    const { services } = house;
    const [first, second] = [await services.createProject({}), await services.createProject({})];
    expect(second.name).not.toBe(first.name);
    await services.renameProject({ projectId: first.id, name: 'Survey' });
    await services.removeProject({ projectId: first.id });
    const hidden = await services.listProjects({});
    const back = await services.restoreProject({ projectId: first.id });
    expect([hidden.some(({ id }) => id === first.id), back.name]).toEqual([false, 'Survey']);
  });

  test('is as it was left when the studio is opened again, and a second studio is refused meanwhile', async () => {
    const place = temporaryFolder();
    const before = await openHouse(place.path);
    const { id: projectId } = await before.services.createProject({ name: 'Kept' });
    const left = await before.services.decide({
      projectId,
      task: 'chat',
      step: 'model',
      trainingChanges: { epochs: 2 },
    });
    await expect(openHouse(place.path)).rejects.toMatchObject({ code: 'instance.second' });
    await before.studio.close();
    const after = await openHouse(place.path);
    expect(await after.services.getProject({ projectId })).toEqual(left);
    await after.studio.close();
    place.remove();
  });

  test('that does not exist is told by its id', async () => {
    await expect(async () => house.services.getProject({ projectId: 'nobody' })).rejects.toMatchObject({
      code: 'not-found',
      data: { kind: 'project', id: 'nobody' },
    });
  });

  test('of the sample is made once, with its data and decisions', async () => {
    const [once, twice] = [
      await house.services.createProject({ sample: true }),
      await house.services.createProject({ sample: true }),
    ];
    expect([
      twice.id,
      once.draft.model,
      once.draft.method,
      once.dataset?.counts.test,
      once.dataset?.labels.length,
    ]).toEqual([once.id, 'minilm-l6', 'lora', 409, 19]);
  });
});

describe('decisions', () => {
  test.each([
    [
      { method: 'lora', methodChanges: { r: 0 } },
      { path: 'method.r', value: '0', legal: 'number, at least 1' },
    ],
    [
      { trainingChanges: { epochs: 'many' } },
      { path: 'training.epochs', value: '"many"', legal: 'a value of type number' },
    ],
    [{ trainingChanges: { lr: 1 } }, { path: 'training.lr' }],
  ])('%j is refused with its place, and nothing is changed', async (decisions, data) => {
    const projectId = await project();
    const before = await house.services.getProject({ projectId });
    await expect(async () => house.services.decide({ projectId, ...decisions })).rejects.toMatchObject({
      code: 'recipe.field',
      data,
    });
    expect(await house.services.getProject({ projectId })).toEqual(before);
  });

  test('for another method begin at its own defaults', async () => {
    const projectId = await project();
    await house.services.decide({ projectId, method: 'lora', methodChanges: { r: 4 }, trainingChanges: { epochs: 2 } });
    const { draft } = await house.services.decide({ projectId, method: 'full' });
    expect([draft.methodChanges, draft.trainingChanges]).toEqual([{}, { epochs: 2 }]);
  });

  test('for another task let go of a model that cannot do it', async () => {
    const projectId = await project();
    await house.services.decide({ projectId, task: 'text-classification', model: 'minilm-l6' });
    expect((await house.services.decide({ projectId, task: 'chat' })).draft.model).toBeNull();
  });

  test('that are missing are named in their order', async () => {
    const projectId = await project();
    const missing = async () => {
      try {
        return await house.services.startRun({ projectId });
      } catch (error) {
        return (error as { data: { missing: string } }).data.missing;
      }
    };
    const seen = [await missing()];
    await house.services.decide({ projectId, task: 'text-classification' });
    seen.push(await missing());
    await house.services.decide({ projectId, model: 'minilm-l6' });
    seen.push(await missing());
    await house.services.decide({ projectId, method: 'lora' });
    seen.push(await missing());
    expect(seen).toEqual(['goal', 'model', 'method', 'data']);
  });
});

describe('data', () => {
  test('is read with its mapping guessed, shown as rows, mapped and dealt anew', async () => {
    const projectId = await project();
    const { train, test: held } = writeIntents(folder.path);
    const report = await house.services.addData({ projectId, train: [train], test: [held] });
    expect([
      report.mapping,
      report.guessed,
      report.suggestedTask,
      report.counts,
      report.files.map(({ role }) => role),
    ]).toEqual([
      { text: 'text', label: 'intent' },
      true,
      'text-classification',
      { train: 54, validation: 6, test: 24 },
      ['train', 'test'],
    ]);
    const page = await house.services.rows({ projectId, offset: 0, limit: 3 });
    expect([page.total, page.rows.length, page.rows[0]?.row]).toEqual([84, 3, 1]);
    const dealt = await house.services.setSplit({ projectId, validation: 0.5, test: 0, seed: 2 });
    const mapped = await house.services.setMapping({
      projectId,
      columns: { text: ['text', 'intent'], label: 'intent' },
    });
    const again = await house.services.getProject({ projectId });
    expect([dealt.counts.validation, mapped.guessed, mapped.split.seed, again.dataset]).toEqual([30, false, 2, mapped]);
  });

  test('without a test file holds test rows back', async () => {
    const projectId = await project();
    const { counts } = await house.services.addData({ projectId, train: [writeIntents(folder.path).train] });
    expect(counts).toEqual({ train: 48, validation: 6, test: 6 });
  });

  test('is guessed anew for another goal', async () => {
    const projectId = await project();
    await house.services.addData({ projectId, train: [join(shared, 'data/small-talk/train.csv')] });
    const { dataset } = await house.services.decide({ projectId, task: 'chat' });
    expect(Object.keys(dataset?.mapping ?? {})).toEqual(['prompt', 'response']);
  });

  test.each([
    ['empty.csv', '', 'file.empty'],
    ['header.csv', 'text,label\n', 'data.header-only'],
    ['absent.csv', null, 'file.missing'],
  ])('%s is refused, and what was there stays', async (name, content, code) => {
    const projectId = await project();
    await house.services.addData({ projectId, train: [writeIntents(folder.path).train] });
    const before = await house.services.getProject({ projectId });
    const path = join(folder.path, name);
    if (content !== null) writeFileSync(path, content);
    await expect(async () => house.services.addData({ projectId, train: [path] })).rejects.toMatchObject({
      code,
      data: { path },
    });
    expect(await house.services.getProject({ projectId })).toEqual(before);
  });
});

describe('models', () => {
  test('of the catalogue are found inside the app and in $ATELIER_MODELS', async () => {
    const views = await house.services.listModels({});
    expect(views.map(({ id, state }) => [id, state])).toEqual([
      ['minilm-l6', 'ready'],
      ['smollm2-135m-instruct', 'ready'],
    ]);
    expect((await house.services.listModels({ task: 'chat' })).map(({ id }) => id)).toEqual(['smollm2-135m-instruct']);
  });

  test('are located by id, folder and file', () => {
    const { paths } = house;
    const gguf = join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');
    expect(
      ['minilm-l6', 'smollm2-135m-instruct', 'models/minilm-l6', gguf].map((model) =>
        locateModel(model, { folder: shared, paths }),
      ),
    ).toEqual([paths.starter, gguf, join(shared, 'models/minilm-l6'), gguf]);
  });

  test('that are not here are told apart: not downloaded, and unknown', () => {
    const paths = housePaths(folder.path);
    const locate = (model: string) => () => locateModel(model, { folder: folder.path, paths });
    expect(locate('smollm2-135m-instruct')).toThrow(expect.objectContaining({ code: 'model.not-downloaded' }));
    expect(locate('no-such-model')).toThrow(expect.objectContaining({ code: 'model.missing' }));
    expect(locate('owner/model')).toThrow(expect.objectContaining({ code: 'model.missing' }));
  });

  test('of the user’s own are inspected, listed and chosen by their path', async () => {
    const path = join(shared, 'models/minilm-l6');
    const added = await house.services.addModel({ path });
    expect([added.id, added.local, added.architecture, added.parameters > 22e6, added.tasks]).toEqual([
      path,
      true,
      'bert',
      true,
      ['text-classification', 'token-classification', 'question-answering', 'multiple-choice'],
    ]);
    const projectId = await project();
    const { draft } = await house.services.decide({ projectId, task: 'text-classification', model: path });
    expect([draft.model, (await house.services.listModels({})).some(({ id }) => id === path)]).toEqual([path, true]);
  });
});

test('settings are kept, and the computer is described', async () => {
  await house.services.setSettings({ theme: 'dark', threads: 2 });
  await house.services.setSettings({ writing: { chat: { topP: 0.9 }, translation: { beams: 2 } } });
  await house.services.setSettings({ writing: { chat: { strategy: 'sample' } } });
  const beyond = async () => house.services.setSettings({ writing: { chat: { topP: 4 } } });
  await expect(beyond).rejects.toMatchObject({ code: 'answer.setting', data: { path: 'topP', value: '4' } });
  const settings = await house.services.getSettings({});
  const computer = await house.services.computer({});
  expect([settings, computer.cores > 0, computer.freeDiskBytes > 0, computer.version]).toEqual([
    {
      theme: 'dark',
      expert: false,
      offline: false,
      threads: 2,
      writing: { chat: { strategy: 'sample' }, translation: { beams: 2 } },
      folder: house.paths.home,
    },
    true,
    true,
    'test',
  ]);
});

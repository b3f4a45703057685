/** The open project: decisions one after another, files with their roles, failures that stay until the next act. */
import { expect, test } from 'vitest';
import { StudioError } from '../../../engine/spec/errors.ts';
import type { DatasetView } from '../../../main/contract/views.ts';
import { OpenProject } from '../../../renderer/src/state/project.svelte.ts';
import { fakeStudio, sampleDataset, sampleProject } from './support.ts';

const file = (name: string) => new File(['text,topic\n'], name);
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test('decisions are written in the order they were made, also when the first is slow', async () => {
  let draft = sampleProject().draft;
  const studio = fakeStudio({
    decide: async ({ model = '' }) => {
      if (model === 'slow') await settled();
      draft = { ...draft, model };
      return sampleProject({ draft });
    },
  });
  const project = new OpenProject(studio, 'p1', { known: sampleProject() });
  await Promise.all([project.decide({ model: 'slow' }), project.decide({ model: 'quick' })]);
  expect([project.draft?.model, studio.calls.map((call) => (call.payload as { model: string }).model)]).toEqual([
    'quick',
    ['slow', 'quick'],
  ]);
});

test('dropped files get the role their name tells and join those that are there', async () => {
  const given: unknown[] = [];
  const studio = fakeStudio({
    addData: (payload) => {
      given.push(payload);
      return sampleDataset;
    },
    getProject: () => sampleProject(),
  });
  const project = new OpenProject(studio, 'p1', { known: sampleProject({ dataset: sampleDataset }) });
  await project.addFiles([file('more.csv'), file('more-test.csv')]);
  expect([given, project.busy, project.dataset, project.dataVersion]).toEqual([
    [{ projectId: 'p1', train: ['/uploads/comments.csv', '/uploads/more.csv'], test: ['/uploads/more-test.csv'] }],
    null,
    sampleDataset,
    1,
  ]);
});

test('a failed act keeps what was there, says why, and can be tried again with the same files', async () => {
  let fail = true;
  const studio = fakeStudio({
    addData: (payload): DatasetView => {
      if (fail) throw new StudioError('file.empty', { path: payload.train.at(-1) ?? '' });
      return sampleDataset;
    },
    getProject: () => sampleProject(),
  });
  const project = new OpenProject(studio, 'p1', { known: sampleProject({ dataset: sampleDataset }) });
  await project.addFiles([file('empty.csv')]);
  const failed = [project.failure?.code, project.dataset, project.busy];
  await project.reload();
  const afterReload = project.failure?.code;
  fail = false;
  await project.tryFilesAgain();
  expect([failed, afterReload, project.failure]).toEqual([['file.empty', sampleDataset, null], 'file.empty', null]);
});

test('news of this project is taken, news of others is not, and none after closing', async () => {
  const studio = fakeStudio({ getProject: () => sampleProject() });
  const project = new OpenProject(studio, 'p1');
  const close = project.open();
  await settled();
  studio.tell('project', sampleProject({ id: 'p2', name: 'Other' }));
  studio.tell('project', sampleProject({ name: 'Renamed' }));
  const heard = project.view?.name;
  close();
  studio.tell('project', sampleProject({ name: 'Too late' }));
  expect([heard, project.view?.name]).toEqual(['Renamed', 'Renamed']);
});

test('a reload that a write has overtaken is dropped', async () => {
  const studio = fakeStudio({
    getProject: async () => {
      await settled();
      return sampleProject({ name: 'Old' });
    },
    renameProject: ({ name }) => sampleProject({ name }),
  });
  const project = new OpenProject(studio, 'p1', { known: sampleProject() });
  await Promise.all([project.reload(), project.rename('New')]);
  expect(project.view?.name).toBe('New');
});

/** A project's data: reading files, choosing columns, dealing the rows. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DataRequest } from '../../engine/spec/commands.ts';
import type { DatasetView } from '../../engine/spec/dataset.ts';
import { StudioError } from '../../engine/spec/errors.ts';
import { suitsTask, type Columns, type TaskName } from '../../engine/spec/tasks.ts';
import type { DatasetFile, DatasetRecord, ProjectRecord } from '../store/store.ts';
import type { Parts, Services } from './parts.ts';
import type { Views } from './views.ts';

/** Held back when the user gave no test file, so that the result is measured on rows that were never looked at. */
const testShare = 0.1;
const validationShare = 0.1;

export interface DataRoom {
  /** Reads files into a project's dataset. */
  read(
    project: ProjectRecord,
    files: { readonly train: readonly string[]; readonly test: readonly string[]; readonly columns?: Columns },
  ): Promise<DatasetView>;
  /** Looks at the same files again for another task; a mapping that does not suit it is guessed anew. */
  readAgain(project: ProjectRecord): Promise<void>;
  /** Reads the same files by these columns. */
  map(project: ProjectRecord, columns: Columns): Promise<DatasetView>;
  readonly services: Pick<Services, 'addData' | 'setSplit' | 'rows'>;
}

export function dataRoom({ store, engine, publish }: Parts, views: Views): DataRoom {
  const describe = async (project: ProjectRecord, request: DataRequest): Promise<DatasetView> => {
    const report = await engine.call('describeData', request, {
      onNews: (progress) => publish('job', { method: 'addData', id: project.id, ...progress }),
    });
    const files = await Promise.all(filesOf(request).map(hashed));
    store.transaction(() => {
      store.datasets.save(project.id, { files, report });
      const { draft } = views.projectRecord(project.id);
      store.projects.save({
        ...views.projectRecord(project.id),
        savedAt: new Date().toISOString(),
        draft: { ...draft, task: draft.task ?? report.suggestedTask, estimate: null },
      });
    });
    publish('project', views.project(views.projectRecord(project.id)));
    return report;
  };

  const dataset = (projectId: string): DatasetRecord => {
    const found = store.datasets.get(projectId);
    if (found === null) throw new StudioError('project.incomplete', { missing: 'data' });
    return found;
  };

  const read: DataRoom['read'] = (project, { train, test, columns }) =>
    describe(project, {
      train: train.map((path) => resolve(path)),
      validation: null,
      test: test.length > 0 ? test.map((path) => resolve(path)) : null,
      task: project.draft.task,
      columns: columns ?? null,
      split: { validation: validationShare, test: test.length > 0 ? 0 : testShare, seed: 1 },
    });

  return {
    read,
    readAgain: async (project) => {
      await describe(project, dataRequest(dataset(project.id), project.draft.task));
    },
    map: (project, columns) => describe(project, { ...dataRequest(dataset(project.id), project.draft.task), columns }),
    services: {
      addData: ({ projectId, train, test }) => read(views.projectRecord(projectId), { train, test: test ?? [] }),
      setSplit: ({ projectId, ...split }) => {
        const project = views.projectRecord(projectId);
        return describe(project, { ...dataRequest(dataset(projectId), project.draft.task), split });
      },
      rows: ({ projectId, offset, limit }) => {
        const project = views.projectRecord(projectId);
        return engine.call('dataRows', { ...dataRequest(dataset(projectId), project.draft.task), offset, limit });
      },
    },
  };
}

/** What the engine is asked about a dataset: a mapping the user chose is kept, a guess is made anew. */
function dataRequest({ files, report }: DatasetRecord, task: TaskName | null): DataRequest {
  const paths = (role: DatasetFile['role']) => files.filter((file) => file.role === role).map((file) => file.path);
  const [validation, test] = [paths('validation'), paths('test')];
  return {
    train: paths('train'),
    validation: validation.length > 0 ? validation : null,
    test: test.length > 0 ? test : null,
    task,
    columns: report.guessed || !suits(report.mapping, task) ? null : report.mapping,
    split: report.split,
  };
}

/** Whether columns are of the kind a task reads. */
export function suits(columns: Columns | null, task: TaskName | null): boolean {
  return columns !== null && (task === null || suitsTask(columns, task));
}

function filesOf({ train, validation, test }: DataRequest): readonly Pick<DatasetFile, 'role' | 'path'>[] {
  return [
    ...train.map((path) => ({ role: 'train' as const, path })),
    ...(validation ?? []).map((path) => ({ role: 'validation' as const, path })),
    ...(test ?? []).map((path) => ({ role: 'test' as const, path })),
  ];
}

async function hashed(file: Pick<DatasetFile, 'role' | 'path'>): Promise<DatasetFile> {
  const details = await stat(file.path);
  const hash = createHash('sha256');
  if (details.isFile()) await pipeline(createReadStream(file.path), hash);
  return { ...file, bytes: details.isFile() ? details.size : 0, sha256: details.isFile() ? hash.digest('hex') : '' };
}

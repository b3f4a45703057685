/** Projects: made, named, put away and brought back; the wizard's decisions, each saved as it is made. */
import { randomUUID } from 'node:crypto';
import { catalogueEntry } from '../../engine/spec/catalogue.ts';
import { methodSchemas } from '../../engine/spec/methods/index.ts';
import { parseField } from '../../engine/spec/recipe.ts';
import { suitsTask, taskOfColumns } from '../../engine/spec/tasks.ts';
import { trainingSchema } from '../../engine/spec/training.ts';
import type { ProjectDraft, ProjectView } from '../contract/views.ts';
import type { ProjectRecord } from '../store/store.ts';
import { suits, type DataRoom } from './data.ts';
import { locateModel, serves } from './models.ts';
import type { ParsedOf, Parts, Services } from './parts.ts';
import type { Planner } from './plan.ts';
import { refuseOtherThanStart, type Starts } from './starts.ts';
import type { Views } from './views.ts';

const emptyDraft: ProjectDraft = {
  step: 'data',
  task: null,
  destination: null,
  model: null,
  method: null,
  start: null,
  preset: 'balanced',
  methodChanges: {},
  trainingChanges: {},
  estimate: null,
};

const sampleDraft: ProjectDraft = {
  ...emptyDraft,
  task: 'text-classification',
  destination: 'here',
  model: 'minilm-l6',
  method: 'lora',
};
const sampleName = 'Sample: commands for a home';

type ProjectCalls = Pick<
  Services,
  | 'listProjects'
  | 'createProject'
  | 'getProject'
  | 'renameProject'
  | 'removeProject'
  | 'restoreProject'
  | 'decide'
  | 'setMapping'
>;
type Decisions = Omit<ParsedOf<'decide'>, 'projectId'>;

interface Rooms {
  readonly views: Views;
  readonly data: DataRoom;
  readonly planner: Planner;
  readonly starts: Starts;
}

export function projectServices(parts: Parts, rooms: Rooms): ProjectCalls {
  const { store, paths, publish } = parts;
  const { views, data, planner, starts } = rooms;

  const save = (project: ProjectRecord): ProjectView => {
    store.projects.save({ ...project, savedAt: new Date().toISOString() });
    const view = views.project(views.projectRecord(project.id));
    publish('project', view);
    return view;
  };

  const create = (name: string, draft: ProjectDraft, sample: boolean): ProjectRecord => {
    const now = new Date().toISOString();
    const project = { id: randomUUID(), name, sample, createdAt: now, savedAt: now, draft };
    store.projects.save(project);
    return project;
  };

  /** The sample is made once; asked for again, it is opened as it was left. */
  const openSample = async (): Promise<ProjectView> => {
    const known = store.projects.list().find(({ sample }) => sample);
    if (known && store.datasets.get(known.id) !== null) return views.project(known);
    const project = known ?? create(sampleName, sampleDraft, true);
    const { train, test } = paths.sample;
    await data.read(project, { train: [train], test: [test], columns: { text: 'text', label: 'intent' } });
    return views.project(views.projectRecord(project.id));
  };

  /** A project that trains a run's adapter further, on the rows that taught it until others are chosen. */
  const createFurther = async (runId: string, name: string | undefined): Promise<ProjectView> => {
    const run = views.runRecord(runId);
    const settled = await starts.settledBy(runId);
    const rows = run.projectId === null ? null : store.datasets.get(run.projectId);
    const step = rows === null ? 'data' : 'settings';
    const draft: ProjectDraft = { ...emptyDraft, ...settled, destination: 'here', step };
    const project = create(name ?? `${run.name}, further`.slice(0, 200), draft, false);
    if (rows !== null) store.datasets.save(project.id, rows);
    return save(project);
  };

  const decide = async (project: ProjectRecord, decisions: Decisions): Promise<ProjectView> => {
    const draft = await decided(project.draft, decisions);
    const view = save({ ...project, draft });
    const taskChanged = draft.task !== project.draft.task;
    if (!taskChanged || view.dataset === null || suits(view.dataset.mapping, draft.task)) return view;
    await data.readAgain(views.projectRecord(project.id));
    return views.project(views.projectRecord(project.id));
  };

  const decided = async (before: ProjectDraft, decisions: Decisions): Promise<ProjectDraft> => {
    const { start: runId, ...others } = decisions;
    const start = runId === undefined ? {} : runId === null ? { start: null } : await starts.settledBy(runId);
    const given = {
      ...(Object.fromEntries(
        Object.entries(others).filter(([, value]) => value !== undefined),
      ) as Partial<ProjectDraft>),
      ...start,
    };
    if (given.model !== undefined && given.model !== null && catalogueEntry(given.model) === undefined) {
      locateModel(given.model, { folder: paths.home, paths });
    }
    const merged = { ...before, ...given };
    const methodChanged = merged.method !== before.method;
    const draft: ProjectDraft = {
      ...merged,
      methodChanges: methodChanged && given.methodChanges === undefined ? {} : merged.methodChanges,
      model: await stillServing(merged),
    };
    checkChanges(draft);
    if (runId === undefined) refuseOtherThanStart(before, draft);
    return outdates(before, draft) ? { ...draft, estimate: null } : draft;
  };

  /** A model that cannot do the task any more is no decision. */
  const stillServing = async ({ model, task }: ProjectDraft): Promise<string | null> => {
    if (model === null || task === null) return model;
    const { tasks } = await planner.facts(model);
    return serves(tasks, task) ? model : null;
  };

  return {
    listProjects: () => store.projects.list().map((project) => views.project(project)),
    createProject: async ({ name, sample, start }) => {
      if (sample === true) return await openSample();
      if (start !== undefined) return await createFurther(start, name);
      const project = create(name ?? freeName(store.projects.list()), emptyDraft, false);
      return save(project);
    },
    getProject: ({ projectId }) => views.project(views.projectRecord(projectId)),
    renameProject: ({ projectId, name }) => save({ ...views.projectRecord(projectId), name }),
    removeProject: ({ projectId }) => {
      store.projects.setRemoved(views.projectRecord(projectId).id, new Date().toISOString());
      return null;
    },
    restoreProject: ({ projectId }) => {
      store.projects.setRemoved(views.projectRecord(projectId).id, null);
      return save(views.projectRecord(projectId));
    },
    decide: ({ projectId, ...decisions }) => decide(views.projectRecord(projectId), decisions),
    setMapping: async ({ projectId, columns }) => {
      const project = views.projectRecord(projectId);
      // Columns tell their task: chosen for another one, they change the goal.
      if (project.draft.task !== null && !suitsTask(columns, project.draft.task))
        save({ ...project, draft: await decided(project.draft, { task: taskOfColumns(columns) }) });
      return await data.map(views.projectRecord(projectId), columns);
    },
  };
}

/** Throws 'recipe.field' for a setting that its schema does not take. */
function checkChanges({ method, methodChanges, trainingChanges }: ProjectDraft): void {
  if (method !== null) parseField<unknown>(methodSchemas[method].partial(), methodChanges, 'method');
  parseField<unknown>(trainingSchema.partial(), trainingChanges, 'training');
}

/** Whether an estimate made for one draft says nothing about the other. */
function outdates(before: ProjectDraft, after: ProjectDraft): boolean {
  const deciding = ['task', 'model', 'method', 'start', 'preset', 'methodChanges', 'trainingChanges'] as const;
  return deciding.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function freeName(projects: readonly ProjectRecord[]): string {
  const names = new Set(projects.map(({ name }) => name));
  for (let number = 1; ; number += 1) if (!names.has(`Project ${String(number)}`)) return `Project ${String(number)}`;
}

/** From a project's decisions to a recipe; its settings as a form, its methods with their costs, its estimate. */
import type { RunRequest } from '../../engine/spec/commands.ts';
import {
  asOurs,
  CancelledError,
  StudioError,
  toEnvelope,
  type ErrorCode,
  type ErrorEnvelope,
} from '../../engine/spec/errors.ts';
import type { Json } from '../../engine/spec/json.ts';
import { presetNames, type PresetContext, type PresetName } from '../../engine/spec/methods/common.ts';
import {
  methodNames,
  methodPreset,
  supportedMethods,
  type MethodName,
  type SupportedMethod,
} from '../../engine/spec/methods/index.ts';
import type { Estimate } from '../../engine/spec/metrics.ts';
import { recipeJsonSchema } from '../../engine/spec/recipe.ts';
import type { TaskName } from '../../engine/spec/tasks.ts';
import { trainingPreset, trainingSettings } from '../../engine/spec/training.ts';
import type { MethodView, ProjectDraft, SettingsForm } from '../contract/views.ts';
import type { ProjectRecord } from '../store/store.ts';
import { suits } from './data.ts';
import { destinationsOf } from './destinations.ts';
import { locateModel, modelFacts } from './models.ts';
import type { Parts, Services } from './parts.ts';
import type { Starts } from './starts.ts';
import type { Views } from './views.ts';

export interface Planner {
  readonly facts: ReturnType<typeof modelFacts>;
  /** The recipe of the project as decided. Throws 'project.incomplete' with what is missing. */
  recipe(project: ProjectRecord): Promise<Plan>;
  readonly services: Pick<Services, 'listMethods' | 'settingsForm' | 'estimate' | 'measure' | 'cancelMeasure'>;
}

export interface Plan {
  readonly task: TaskName;
  readonly method: SupportedMethod;
  readonly model: string;
  readonly request: RunRequest & { readonly recipe: Json };
}

interface Reckoned {
  readonly estimate: Estimate | null;
  /** Why the method cannot go with the goal and the model. */
  readonly obstacle: ErrorEnvelope | null;
}

const unreckoned: Reckoned = { estimate: null, obstacle: null };

/** Usually close to full training with far fewer weights, and its result goes everywhere. */
const recommended: MethodName = 'lora';

function isObstacle(code: ErrorCode): boolean {
  return code.startsWith('method.') || code === 'model.task';
}

interface Decided {
  readonly task: TaskName;
  readonly model: string;
  readonly method: SupportedMethod;
}

export function planner(parts: Parts, { views, starts }: { views: Views; starts: Starts }): Planner {
  const { store, engine, paths, publish } = parts;
  const facts = modelFacts(parts);
  const measuring = new Map<string, AbortController>();

  const context = async ({ task, model }: Pick<Decided, 'task' | 'model'>): Promise<About> => {
    const { architecture, parameters, contextLength } = await facts(model);
    return { task, architecture, parameters, contextLength };
  };

  const planOf = async (project: ProjectRecord, decided: Decided): Promise<Plan> => {
    const { task, model, method } = decided;
    const dataset = store.datasets.get(project.id);
    if (dataset === null || !suits(dataset.report.mapping, task))
      throw new StudioError('project.incomplete', { missing: 'data' });
    const values = settingValues(project.draft, method, await context(decided));
    const role = (wanted: string) => dataset.files.filter((file) => file.role === wanted).map(({ path }) => path);
    const orNull = (list: readonly string[]) => (list.length > 0 ? list : null);
    const { threads } = store.settings.get();
    const recipe: Json = {
      version: 1,
      model,
      task,
      data: {
        train: role('train'),
        validation: orNull(role('validation')),
        test: orNull(role('test')),
        columns: dataset.report.mapping as Json,
        split: dataset.report.split,
      },
      method: { ...values.method, name: method },
      ...(project.draft.start !== null && { start: await starts.adapterOf(project.draft.start) }),
      training: values.training,
      device: 'auto',
      precision: 'float32',
      ...(threads > 0 && { threads }),
    };
    return {
      task,
      method,
      model,
      request: { recipe, folder: paths.home, modelPath: locateModel(model, { folder: paths.home, paths }) },
    };
  };

  /** Null where the model is not on this computer yet. */
  const architectureOf = async (model: string): Promise<string | null> => {
    try {
      return (await facts(model)).architecture;
    } catch (error) {
      if (asOurs(error) instanceof StudioError) return null;
      throw error;
    }
  };

  const estimateOf = async (project: ProjectRecord, decided: Decided): Promise<Reckoned> => {
    try {
      return {
        estimate: await engine.call('estimate', (await planOf(project, decided)).request),
        obstacle: null,
      };
    } catch (thrown) {
      const error = asOurs(thrown);
      // A model not downloaded yet, or data not chosen yet, has no estimate; the page says so by itself.
      if (!(error instanceof StudioError)) throw thrown;
      return { estimate: null, obstacle: isObstacle(error.code) ? toEnvelope(error) : null };
    }
  };

  const keep = (projectId: string, estimate: Estimate): Estimate => {
    const project = views.projectRecord(projectId);
    store.projects.save({ ...project, draft: { ...project.draft, estimate } });
    publish('project', views.project(views.projectRecord(projectId)));
    return estimate;
  };

  const measure = async (project: ProjectRecord): Promise<Estimate> => {
    if (measuring.has(project.id)) throw new StudioError('busy', { what: 'Measuring' });
    const abort = new AbortController();
    measuring.set(project.id, abort);
    try {
      const { request } = await planOf(project, allDecided(project.draft));
      const estimate = await engine.call('measure', request, {
        signal: abort.signal,
        onNews: (progress) => publish('job', { method: 'measure', id: project.id, ...progress }),
      });
      if (abort.signal.aborted) throw new CancelledError('measure was cancelled');
      return keep(project.id, estimate);
    } finally {
      measuring.delete(project.id);
    }
  };

  return {
    facts,
    recipe: (project) => planOf(project, allDecided(project.draft)),
    services: {
      listMethods: async ({ projectId }) => {
        const project = views.projectRecord(projectId);
        const { task, model, destination } = project.draft;
        return await Promise.all(
          methodNames.map(async (name): Promise<MethodView> => {
            const other = otherThanStart(project.draft, name);
            const { estimate, obstacle } =
              other !== null
                ? { estimate: null, obstacle: other }
                : isSupported(name) && task !== null && model !== null
                  ? await estimateOf(project, { task, model, method: name })
                  : unreckoned;
            const architecture = model === null ? null : await architectureOf(model);
            const reachable = isSupported(name) ? destinationsOf({ method: name, task, architecture }) : [];
            const reached = destination === null || reachable.includes(destination);
            return {
              name,
              supported: isSupported(name),
              obstacle,
              recommended: name === recommended && project.draft.start === null && reached && obstacle === null,
              trainableParameters: estimate?.trainableParameters ?? null,
              share: estimate === null ? null : estimate.trainableParameters / estimate.totalParameters,
              estimate,
              destinations: reachable,
            };
          }),
        );
      },
      settingsForm: async ({ projectId }) => {
        const project = views.projectRecord(projectId);
        const decided = allDecided(project.draft);
        const about = await context(decided);
        const seconds = await Promise.all(
          presetNames.map(async (preset): Promise<[PresetName, number | null]> => {
            const { estimate } = await estimateOf({ ...project, draft: { ...project.draft, preset } }, decided);
            return [preset, estimate?.seconds ?? null];
          }),
        );
        return settingsForm(project.draft, {
          method: decided.method,
          about,
          seconds: Object.fromEntries(seconds) as SettingsForm['seconds'],
        });
      },
      estimate: async ({ projectId }) => {
        const project = views.projectRecord(projectId);
        const estimate = await engine.call('estimate', (await planOf(project, allDecided(project.draft))).request);
        // What was measured for these very settings is worth more than the formula.
        return project.draft.estimate?.source === 'measured' ? estimate : keep(projectId, estimate);
      },
      measure: ({ projectId }) => measure(views.projectRecord(projectId)),
      cancelMeasure: ({ projectId }) => {
        measuring.get(projectId)?.abort();
        return null;
      },
    },
  };
}

/** Throws 'project.incomplete' with the first decision that is missing. */
function allDecided({ task, model, method }: ProjectDraft): Decided {
  if (task === null) throw new StudioError('project.incomplete', { missing: 'goal' });
  if (model === null) throw new StudioError('project.incomplete', { missing: 'model' });
  if (method === null) throw new StudioError('project.incomplete', { missing: 'method' });
  return { task, model, method };
}

interface About extends PresetContext {
  /** Tokens the model reads at most; null: no limit. */
  readonly contextLength: number | null;
}

interface SettingValues {
  readonly method: Readonly<Record<string, Json>>;
  readonly training: Readonly<Record<string, Json>>;
}

/** A model that reads less than the preset's rows sets their length. */
function presetValues(preset: PresetName, method: SupportedMethod, about: About): SettingValues {
  const training = trainingPreset(method, preset, about);
  const settings = Object.entries(methodPreset(method, preset, about)).filter(([name]) => name !== 'name');
  return {
    method: Object.fromEntries(settings),
    training: { ...training, maxLength: Math.min(training.maxLength, about.contextLength ?? Infinity) },
  };
}

/** Why a method cannot be chosen where the project goes on from an adapter of another. */
function otherThanStart({ start, method }: ProjectDraft, name: MethodName): ErrorEnvelope | null {
  if (start === null || name === method) return null;
  return toEnvelope(new StudioError('project.start', { name: start.name, what: 'method' }));
}

/** What the settings are before anything is changed: the preset's, but of an adapter that is trained further its own. */
function standards({ preset, start, method: own }: ProjectDraft, method: SupportedMethod, about: About): SettingValues {
  const values = presetValues(preset, method, about);
  return start === null || own !== method ? values : { ...values, method: { ...values.method, ...start.method } };
}

/** The preset with the project's changes on it; changes made for another method do not count. */
function settingValues(draft: ProjectDraft, method: SupportedMethod, about: About): SettingValues {
  const defaults = standards(draft, method, about);
  return {
    method: { ...defaults.method, ...(draft.method === method ? draft.methodChanges : {}) },
    training: { ...defaults.training, ...draft.trainingChanges },
  };
}

function settingsForm(
  draft: ProjectDraft,
  { method, about, seconds }: { method: SupportedMethod; about: About; seconds: SettingsForm['seconds'] },
): SettingsForm {
  const schema = recipeJsonSchema({ method, context: about, preset: draft.preset });
  return {
    preset: draft.preset,
    method: property(schema, 'method'),
    training: onlyThese(property(schema, 'training'), trainingSettings(method)),
    values: settingValues(draft, method, about),
    defaults: standards(draft, method, about),
    seconds,
  };
}

function property(schema: Json, name: string): Json {
  const object = schema as { readonly properties?: Readonly<Record<string, Json>> };
  return object.properties?.[name] ?? null;
}

/** An object's schema with some of its properties. */
function onlyThese(schema: Json, names: readonly string[]): Json {
  const { properties = {}, ...rest } = schema as { readonly properties?: Readonly<Record<string, Json>> };
  return {
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name))),
  };
}

function isSupported(name: MethodName): name is SupportedMethod {
  return (supportedMethods as readonly string[]).includes(name);
}

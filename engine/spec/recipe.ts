/** The recipe: everything that determines a run. Parsed once, at the edge; valid from then on. */
import { z } from 'zod';
import { StudioError } from './errors.ts';
import type { Json } from './json.ts';
import { field, type PresetContext, type PresetName } from './methods/common.ts';
import {
  methodNames,
  methodPreset,
  methodSchemas,
  supportedMethods,
  type MethodConfig,
  type SupportedMethod,
} from './methods/index.ts';
import { columnSchemas, taskNames, type Columns, type TaskName } from './tasks.ts';
import { trainingPreset, trainingSchema, type TrainingConfig } from './training.ts';

const paths = z.union([
  z
    .string()
    .min(1)
    .transform((path) => [path]),
  z.array(z.string().min(1)).min(1),
]);
const optionalPaths = paths
  .nullable()
  .optional()
  .transform((value) => value ?? null);

const splitSchema = z.strictObject({
  validation: field(z.number().min(0).max(0.9), {
    label: 'Check rows',
    term: 'validation share',
    help: 'Share of the learning rows held back to see whether it still improves.',
  }),
  test: field(z.number().min(0).max(0.9), {
    label: 'Test rows',
    term: 'test share',
    help: 'Share of the rows held back for the result, when no test file is given.',
  }),
  seed: field(z.int().min(0).max(4_294_967_295), {
    label: 'Seed of the split',
    term: 'split seed',
    help: 'The same seed deals the same rows.',
  }),
});
export type Split = z.infer<typeof splitSchema>;
export const defaultSplit: Split = { validation: 0.1, test: 0, seed: 1 };

export const deviceNames = ['auto', 'cpu', 'webgpu', 'cuda'] as const;
export const precisionNames = ['float32'] as const;

export interface Recipe {
  readonly version: 1;
  /** A catalogue id, a folder or a `.gguf` file. Absolute once resolved, unless a catalogue id. */
  readonly model: string;
  readonly task: TaskName;
  readonly data: {
    readonly train: readonly string[];
    readonly validation: readonly string[] | null;
    readonly test: readonly string[] | null;
    /** Null: guessed from the files. */
    readonly columns: Columns | null;
    readonly split: Split;
  };
  readonly method: MethodConfig;
  /** Folder of an adapter whose values training starts from; absent: it starts anew. */
  readonly start?: string;
  readonly training: TrainingConfig;
  readonly device: (typeof deviceNames)[number];
  readonly precision: (typeof precisionNames)[number];
  readonly threads: number;
}

const outline = z.strictObject({
  version: z.literal(1),
  model: z.string().min(1),
  task: z.enum(taskNames),
  data: z.strictObject({
    train: paths,
    validation: optionalPaths,
    test: optionalPaths,
    columns: z.record(z.string(), z.unknown()).nullable().optional(),
    split: splitSchema.partial().optional(),
  }),
  method: z.looseObject({ name: z.enum(methodNames) }),
  start: z.string().min(1).optional(),
  training: z.record(z.string(), z.unknown()).optional(),
  device: z.enum(deviceNames).optional(),
  precision: z.enum(precisionNames).optional(),
  threads: z.int().min(0).max(256).optional(),
});

/** What is known of a recipe before its model has been looked at. */
export interface RecipeOutline {
  readonly model: string;
  readonly task: TaskName;
  readonly method: SupportedMethod;
  /** The adapter it goes on from, as the recipe writes its path. */
  readonly start: string | null;
  /** Lays the Balanced preset of this method, task and model size under the fields that are absent. */
  resolve(context: Omit<PresetContext, 'task'>): Recipe;
}

/** Reads an unknown value as a recipe; the first wrong field is refused with its path, value and legal answers. */
export function parseRecipe(value: unknown): RecipeOutline {
  const parsed = parseField(outline, value, '');
  const { task, method } = parsed;
  if (!isOneOf(supportedMethods, method.name)) {
    throw new StudioError('not-yet', { what: 'method', value: method.name, available: supportedMethods.join(', ') });
  }
  const name = method.name;
  const columns = parsed.data.columns
    ? parseField<Columns>(columnSchemas[task], parsed.data.columns, 'data.columns')
    : null;
  parseField<unknown>(methodSchemas[name].partial(), method, 'method');
  parseField(trainingSchema.partial(), parsed.training ?? {}, 'training');
  return {
    model: parsed.model,
    task,
    method: name,
    start: parsed.start ?? null,
    resolve: (context) => {
      const full = { ...context, task };
      return {
        version: 1,
        model: parsed.model,
        task,
        data: {
          train: parsed.data.train,
          validation: parsed.data.validation,
          test: parsed.data.test,
          columns,
          split: { ...defaultSplit, ...defined(parsed.data.split ?? {}) },
        },
        method: parseField<MethodConfig>(
          methodSchemas[name],
          { ...methodPreset(name, 'balanced', full), ...method },
          'method',
        ),
        training: parseField(
          trainingSchema,
          { ...trainingPreset(name, 'balanced', full), ...parsed.training },
          'training',
        ),
        ...(parsed.start === undefined ? {} : { start: parsed.start }),
        device: parsed.device ?? 'auto',
        precision: parsed.precision ?? 'float32',
        threads: parsed.threads ?? 0,
      };
    },
  };
}

/** The JSON Schema of a recipe, with the preset of one method and task as the defaults. */
export function recipeJsonSchema(options: {
  method: SupportedMethod;
  context: PresetContext;
  preset?: PresetName;
}): Json {
  const { method, context, preset = 'balanced' } = options;
  const methodDefaults = methodPreset(method, preset, context);
  const trainingDefaults = trainingPreset(method, preset, context);
  const schema = z.strictObject({
    version: z.literal(1),
    model: z.string().min(1).meta({ description: 'A catalogue id, a folder or a .gguf file.' }),
    task: z.enum(taskNames),
    data: z.strictObject({
      train: z.array(z.string()).min(1),
      validation: z.array(z.string()).nullable().default(null),
      test: z.array(z.string()).nullable().default(null),
      columns: columnSchemas[context.task].optional(),
      split: withDefaults(splitSchema, defaultSplit).optional(),
    }),
    method: withDefaults(methodSchemas[method], methodDefaults),
    start: z.string().min(1).optional().meta({
      description:
        'Folder of an adapter that training goes on from; settings of the method that are left out are its own.',
    }),
    training: withDefaults(trainingSchema, trainingDefaults).optional(),
    device: z.enum(deviceNames).default('auto'),
    precision: z.enum(precisionNames).default('float32'),
    threads: z.int().min(0).max(256).default(0).meta({ description: 'Processor threads; 0 takes all cores.' }),
  });
  return z.toJSONSchema(schema, { io: 'input' }) as Json;
}

function withDefaults(schema: z.ZodObject, defaults: Readonly<Record<string, unknown>>): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  for (const [key, inner] of Object.entries(schema.shape)) {
    const type = inner as z.ZodType;
    shape[key] = key === 'name' || !(key in defaults) ? type : type.default(defaults[key]).meta(type.meta() ?? {});
  }
  return z.strictObject(shape);
}

/** Parses with a schema; the first issue becomes `recipe.field` under `prefix`. */
export function parseField<T>(schema: z.ZodType<T>, value: unknown, prefix: string): T {
  const read = readField(schema, value, prefix);
  if (read.problem !== null) throw new StudioError('recipe.field', read.problem);
  return read.value;
}

type FieldRead<T> =
  | { readonly value: T; readonly problem: null }
  | { readonly problem: { readonly path: string; readonly value: string; readonly legal: string } };

/** Parses with a schema; else says what the first issue is, under `prefix`. */
export function readField<T>(schema: z.ZodType<T>, value: unknown, prefix: string): FieldRead<T> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, problem: null };
  const issue = deepest(result.error.issues);
  const path = [prefix, ...issue.path.map(String)].filter((part) => part !== '');
  if (issue.code === 'unrecognized_keys') {
    const problem = {
      path: [...path, issue.keys[0] ?? ''].join('.'),
      value: shown(at(value, [...issue.path, issue.keys[0] ?? ''])),
      legal: `no such field; known here: ${knownKeys(schema, issue.path)}`,
    };
    return { problem };
  }
  const problem = {
    path: path.join('.') || 'recipe',
    value: shown(at(value, issue.path)),
    legal: legalOf(issue),
  };
  return { problem };
}

type Issue = z.core.$ZodIssue;

function deepest(issues: readonly Issue[]): Issue {
  const first = issues[0];
  if (first === undefined) throw new RangeError('an empty list of issues');
  if (first.code !== 'invalid_union') return first;
  const branches = first.errors.filter((branch) => branch.length > 0);
  const best = branches.toSorted((a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0))[0];
  if (best === undefined) return first;
  const inner = deepest(best);
  return { ...inner, path: [...first.path, ...inner.path] };
}

function legalOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(', ');
    case 'too_small':
      return `${String(issue.origin)}, ${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}`;
    case 'too_big':
      return `${String(issue.origin)}, ${issue.inclusive === false ? 'less than' : 'at most'} ${String(issue.maximum)}`;
    case 'invalid_type':
      return `a value of type ${issue.expected}`;
    default:
      return issue.message;
  }
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string {
  let current: unknown = schema;
  for (const key of path)
    current = unwrap(current) instanceof z.ZodObject ? (unwrap(current) as z.ZodObject).shape[String(key)] : undefined;
  const object = unwrap(current);
  return object instanceof z.ZodObject ? Object.keys(object.shape).join(', ') : 'none';
}

function unwrap(schema: unknown): unknown {
  let current = schema;
  while (current instanceof z.ZodOptional || current instanceof z.ZodNullable || current instanceof z.ZodDefault)
    current = current.unwrap();
  return current;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

function shown(value: unknown): string {
  if (value === undefined || typeof value === 'function') return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function isOneOf<T extends string>(list: readonly T[], value: string): value is T {
  return (list as readonly string[]).includes(value);
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

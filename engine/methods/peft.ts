/** What all of PEFT's formats share: reading their fields, which modules their task classes save, how targets are written. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { PeftContext, PeftTask } from './method.ts';
import type { TargetSettings } from '../spec/methods/targets.ts';
import { allLinear } from './targets.ts';

const heads: Readonly<Record<Exclude<PeftTask, null>, readonly string[] | null>> = {
  SEQ_CLS: ['classifier', 'score'],
  TOKEN_CLS: ['classifier', 'score'],
  QUESTION_ANS: ['qa_outputs'],
  CAUSAL_LM: null,
  SEQ_2_SEQ_LM: null,
  FEATURE_EXTRACTION: null,
};

/** Modules that PEFT's task class saves without being told. */
export function automaticHeads(taskType: PeftTask): readonly string[] {
  return (taskType === null ? null : heads[taskType]) ?? [];
}

/**
 * `modules_to_save`: those that PEFT's task class would add (peft/peft_model.py), and heads of other names, which it
 * would leave out and load anew.
 */
export function savedHeads(
  { taskType, target }: PeftContext,
  modulesToSave: readonly string[] | null,
): readonly string[] | null {
  const known = taskType === null ? null : heads[taskType];
  if (modulesToSave !== null) return [...new Set([...modulesToSave, ...(known ?? [])])];
  if (!target.headIsNew) return known;
  const own = [...target.modules.values()].filter(({ part }) => part === 'head').map(({ name }) => name.split('.')[0]);
  const missing = own.filter((name): name is string => name !== undefined && !(known ?? []).includes(name));
  return [...new Set([...(known ?? []), ...missing])];
}

/** Fields of an adapter_config.json; each is read, or refused by its name with `model.config`. */
export interface PeftReader {
  refuse(field: string, legal: string): never;
  /** The field is absent or one of these. */
  must(field: string, legal: readonly Json[]): void;
  number(field: string, fallback: number): number;
  boolean(field: string): boolean;
  choice<T extends string>(field: string, legal: readonly [T, ...T[]]): T;
  /** A list of names, or one. */
  names(field: string): string[] | null;
  text(field: string): string | null;
  /** A table of numbers by pattern. */
  numbers(field: string): Record<string, number>;
  /** Whole numbers, or one. */
  indices(field: string): number[] | null;
}

export function peftReader(raw: Readonly<Record<string, Json>>, path: string): PeftReader {
  const refuse = (field: string, legal: string): never => {
    throw new StudioError('model.config', { path, field, value: JSON.stringify(raw[field] ?? null), legal });
  };
  const list = <T extends Json>(field: string, legal: string, is: (value: Json) => value is T): T[] | null => {
    const value = raw[field] ?? null;
    if (value === null) return null;
    const all: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [value];
    if (!all.every(is)) return refuse(field, legal);
    // To PEFT an empty list is none.
    return all.length === 0 ? null : [...new Set(all)];
  };
  return {
    refuse,
    must: (field, legal) => {
      const value = JSON.stringify(raw[field]);
      if (field in raw && !legal.some((one) => JSON.stringify(one) === value))
        refuse(field, legal.map((one) => JSON.stringify(one)).join(', '));
    },
    number: (field, fallback) => {
      const value = raw[field] ?? fallback;
      return typeof value === 'number' ? value : refuse(field, 'a number');
    },
    boolean: (field) => {
      const value = raw[field] ?? false;
      return typeof value === 'boolean' ? value : refuse(field, 'true, false');
    },
    choice: (field, legal) => {
      const value = raw[field] ?? legal[0];
      return legal.find((one) => one === value) ?? refuse(field, legal.join(', '));
    },
    names: (field) => list(field, 'a list of names', (value): value is string => typeof value === 'string'),
    text: (field) => (typeof raw[field] === 'string' ? raw[field] : null),
    numbers: (field) => {
      const value = raw[field] ?? {};
      const legal = 'numbers by pattern';
      if (typeof value !== 'object' || Array.isArray(value)) return refuse(field, legal);
      return Object.fromEntries(
        Object.entries(value).map(([key, number]) => [key, typeof number === 'number' ? number : refuse(field, legal)]),
      );
    },
    indices: (field) =>
      list(field, 'layers counted from 0', (value): value is number => typeof value === 'number' && value >= 0),
  };
}

/** A text among PEFT's targets is a pattern, `all-linear` aside. */
export function targetsFromPeft(read: PeftReader): TargetSettings {
  const pattern = read.text('target_modules');
  const names = pattern === null || pattern === allLinear ? read.names('target_modules') : [allLinear];
  const excludePattern = read.text('exclude_modules');
  return {
    targetModules: names ?? read.refuse('target_modules', 'a list of names, a pattern, all-linear'),
    targetPattern: pattern === allLinear ? null : pattern,
    excludeModules: excludePattern === null ? read.names('exclude_modules') : null,
    excludePattern,
    layersToTransform: read.indices('layers_to_transform'),
    layersPattern: read.names('layers_pattern'),
    modulesToSave: read.names('modules_to_save'),
  };
}

/** `chosen`: the modules' full names, which `all-linear` stands for. */
export function targetsToPeft(choice: TargetSettings, chosen: readonly string[]): Readonly<Record<string, Json>> {
  const { targetModules, targetPattern, excludeModules, excludePattern, layersToTransform, layersPattern } = choice;
  const excluded = excludePattern ?? excludeModules;
  return {
    target_modules: targetPattern ?? (targetModules[0] === allLinear ? chosen : targetModules),
    layers_to_transform: layersToTransform,
    layers_pattern: layersPattern,
    ...(excluded === null ? {} : { exclude_modules: excluded }),
  };
}

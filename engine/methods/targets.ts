/** Which modules a method changes, by PEFT's rules (peft/tuners/tuners_utils.py): names, patterns, layers, and what is left out. */
import { StudioError } from '../spec/errors.ts';
import type { ModuleKind } from '../models/model.ts';
import type { TargetSettings } from '../spec/methods/targets.ts';
import { boundedMatches } from './bounded-regex.ts';
import { savedModules, type Target, type TargetModule } from './method.ts';

/** Alone in the list: every linear layer below the answer. */
export const allLinear = 'all-linear';

const linearKinds: readonly ModuleKind[] = ['linear', 'conv1d'];

/** Modules of these kinds that are chosen, by name. Throws `method.no-targets` where there are none, and `pattern.failed`. */
export function chosenModules(
  choice: TargetSettings,
  target: Target,
  kinds: readonly ModuleKind[],
): ReadonlyMap<string, TargetModule> {
  const whole = new Set(savedModules(target, choice.modulesToSave).map(({ name }) => name));
  const free = [...target.modules.values()].filter(({ kind, name }) => kinds.includes(kind) && !whole.has(name));
  const excluded = excludes(choice, free);
  const matched = targets(choice, target, free);
  const inLayers = layers(choice, free);
  const found = free.filter(({ name }) => matched.has(name) && inLayers.has(name) && !excluded.has(name));
  if (found.length === 0) throw noTargets(choice, free);
  return new Map(found.map((module) => [module.name, module]));
}

type Modules = readonly TargetModule[];

function namesOf(modules: Modules): string[] {
  return modules.map(({ name }) => name);
}

function targets(
  { targetModules, targetPattern }: TargetSettings,
  { headIsNew, config }: Target,
  free: Modules,
): ReadonlySet<string> {
  if (targetPattern !== null) return matching(targetPattern, free);
  if (targetModules.length !== 1 || targetModules[0] !== allLinear) return ending(targetModules, free);
  // The layer that reads words off the vocabulary is left as it is.
  const reads = ({ part, shape }: TargetModule): boolean =>
    part === 'head' && !headIsNew && shape[0] === config.vocabulary;
  const below = free.filter((module) => linearKinds.includes(module.kind) && !reads(module));
  return new Set(namesOf(below.filter(({ part }) => part !== 'tied')));
}

function excludes(
  { excludeModules, excludePattern, modulesToSave }: TargetSettings,
  free: Modules,
): ReadonlySet<string> {
  const named = ending(excludeModules ?? [], free);
  const matched = excludePattern === null ? new Set<string>() : matching(excludePattern, free);
  // What lies in a module that learns whole gets no correction.
  const inside = namesOf(free).filter((name) => modulesToSave?.some((saved) => `.${name}.`.includes(`.${saved}.`)));
  return new Set([...named, ...matched, ...inside]);
}

function matching(pattern: string, free: Modules): ReadonlySet<string> {
  const names = namesOf(free);
  const found = boundedMatches(pattern, names, { whole: true });
  return new Set(names.filter((_, index) => found[index] !== null));
}

function ending(wanted: readonly string[], free: Modules): ReadonlySet<string> {
  return new Set(namesOf(free).filter((name) => wanted.some((own) => name === own || name.endsWith(`.${own}`))));
}

/**
 * PEFT reads the layer behind the first numbered part of the name, and only where modules are chosen by a list; one that
 * the list names in full is chosen whatever its layer.
 */
function layers(choice: TargetSettings, free: Modules): ReadonlySet<string> {
  const { layersToTransform, layersPattern, targetModules, targetPattern } = choice;
  const names = namesOf(free);
  if (targetPattern !== null || layersToTransform === null) return new Set(names);
  const patterns = layersPattern?.map((held) => `(?:^|.*?\\.)${held}\\.(\\d+)\\.`) ?? ['.*?\\.[^.]*\\.(\\d+)\\.'];
  const found = patterns.map((pattern) => boundedMatches(pattern, names));
  return new Set(
    names.filter((name, index) => {
      if (targetModules.includes(name)) return true;
      const match = found.find((list) => list[index])?.[index];
      return match ? layersToTransform.includes(Number(match.at(-1))) : false;
    }),
  );
}

function noTargets({ targetModules, targetPattern }: TargetSettings, free: Modules): StudioError {
  const linear = free.filter(({ kind, part }) => linearKinds.includes(kind) && part === 'base');
  const available = [...new Set(linear.map(({ name }) => name.split('.').at(-1) ?? name))];
  const targets = targetPattern ?? targetModules.join(', ');
  return new StudioError('method.no-targets', { targets, available: available.join(', ') });
}

/** Of a table of patterns, the value whose key a module's name ends in (peft/utils/other.py, `get_pattern_key`). */
export function patternValues<T>(
  patterns: Readonly<Record<string, T>>,
  names: readonly string[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const [key, value] of Object.entries(patterns)) {
    const matches = boundedMatches(`(.*\\.)?(${key})`, names, { whole: true });
    names.forEach((name, index) => {
      if (matches[index] && !found.has(name)) found.set(name, value);
    });
  }
  return found;
}

/** Brings a model's weights into memory, or maps them from their file, under the names the forward pass uses. */
import { elements, type Shape } from '../autodiff/graph.ts';
import type { BaseModel } from '../checkpoint/model-folder.ts';
import type { NewParameter } from '../methods/method.ts';
import type { ExternalData } from '../onnx/model-proto.ts';
import type { HostTensor } from '../runtime/session.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import { normal, streamKey, truncatedNormal, uniform } from './random.ts';
import { shapeOf, type Setup } from './setup.ts';
import { floats } from './state.ts';

export interface Weights {
  /** Tensors to feed, by leaf name. */
  readonly fed: Map<string, HostTensor>;
  /** Frozen weights that sessions map from the model's file. */
  readonly mapped: ReadonlyMap<string, ExternalData>;
  /** Frozen weights as they were read, by their name in the file. */
  readonly read: ReadonlyMap<string, Float32Array>;
}

export interface LoadOptions {
  readonly base: BaseModel;
  readonly setup: Setup;
  /** Seed of new heads and new parameters. */
  readonly seed: number;
  /** Values known already, by leaf name: a trained adapter's, or a checkpoint's. */
  readonly known?: ReadonlyMap<string, Float32Array>;
  /** Weights of the same file that are in memory already and stay as they are: those that do not learn here are not read again. */
  readonly beside?: Weights;
}

/** Errors: `model.weight-missing`, `model.weight-shape`. */
export async function loadWeights({ base, setup, seed, known = new Map(), beside }: LoadOptions): Promise<Weights> {
  const fed = new Map<string, HostTensor>();
  const mapped = new Map<string, ExternalData>();
  const read = new Map<string, Float32Array>();
  const learns = new Set(setup.trainable);
  const names = new Set(base.weights.names());
  for (const [name, shape] of setup.shapes) {
    const given = known.get(name);
    const stored = storedName(names, name, setup);
    if (given) fed.set(name, floats(shape, checked(given, { name, shape, path: base.path })));
    else if (stored === null) fed.set(name, floats(shape, unstored(name, base, { setup, seed })));
    else {
      const entry = base.weights.entry(stored);
      if (entry && entry.shape.join() !== shape.join()) {
        const data = { path: base.path, name: stored, found: entry.shape.join(' × '), expected: shape.join(' × ') };
        throw new StudioError('model.weight-shape', data);
      }
      if (entry?.asStored && entry.dtype === 'F32' && !learns.has(name)) {
        mapped.set(name, { location: entry.file.replace(/^\//, ''), offset: entry.offset, length: entry.bytes });
      } else {
        // Read under another name already, it need not be read twice; each name has a copy of its own.
        const data = read.get(stored)?.slice() ?? beside?.read.get(stored) ?? (await base.weights.read(stored));
        if (!learns.has(name)) read.set(stored, data);
        fed.set(name, floats(shape, data));
      }
    }
  }
  for (const [name, parameter] of setup.added) {
    fed.set(name, floats(parameter.shape, known.get(name) ?? initial(name, parameter, seed)));
  }
  return { fed, mapped, read };
}

/**
 * The file's name for a weight; null where it is to be made new: a new task's head, but for layers of it that stay as
 * they come (Transformers loads those that the file has).
 */
function storedName(names: ReadonlySet<string>, name: string, setup: Setup): string | null {
  const { target, method, trainable } = setup;
  const isNew = target.headIsNew && target.headWeights.has(name);
  if (isNew && (method === null || trainable.includes(name))) return null;
  const candidates = setup.architecture.stored(name, setup.head.name);
  return [...candidates, ...candidates.map(oldNormName)].find((candidate) => names.has(candidate)) ?? null;
}

/** As files of the first BERT name the weights of a norm, bert-base-uncased among them. */
function oldNormName(name: string): string {
  return name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
}

/** A weight of the model as it came; one of a new head as it starts. */
export async function readWeight(
  name: string,
  base: BaseModel,
  { setup, seed }: { readonly setup: Setup; readonly seed: number },
): Promise<Float32Array> {
  const own = setup.ties.get(name) ?? name;
  const stored = storedName(new Set(base.weights.names()), own, setup);
  if (stored !== null) return base.weights.read(stored);
  return unstored(own, base, { setup, seed });
}

/** A weight that the file lacks: of a new head as it starts; a buffer, which older files leave out, is zero. */
function unstored(
  name: string,
  base: BaseModel,
  { setup, seed }: { readonly setup: Setup; readonly seed: number },
): Float32Array {
  const shape = shapeOf(setup, name);
  if (setup.modules.some((module) => module.kind === 'buffer' && module.name === name))
    return new Float32Array(elements(shape));
  if (!setup.target.headWeights.has(name)) throw new StudioError('model.weight-missing', { path: base.path, name });
  return initial(name, { shape, initial: headInitial(name, setup) }, seed);
}

function checked(data: Float32Array, at: { name: string; shape: Shape; path: string }): Float32Array {
  if (data.length === elements(at.shape)) return data;
  throw new StudioError('model.weight-shape', {
    path: at.path,
    name: at.name,
    found: String(data.length),
    expected: at.shape.join(' × '),
  });
}

/** Transformers' `_init_weights`: N(0, initializer_range), biases zero. */
function headInitial(name: string, setup: Setup): NewParameter['initial'] {
  return name.endsWith('.bias') ? { kind: 'zeros' } : { kind: 'normal', deviation: setup.config.initializerRange };
}

function initial(name: string, { shape, initial: start }: NewParameter, seed: number): Float32Array {
  const data = new Float32Array(elements(shape));
  const key = streamKey(seed, 'initial', name);
  switch (start.kind) {
    case 'zeros':
      return data;
    case 'ones':
      return data.fill(1);
    case 'from-model':
      throw new BugError(`${name} starts from the model and was given no value`);
    case 'normal':
      return data.map((_, index) => start.deviation * normal(key, index));
    case 'truncated-normal':
      return data.map((_, index) => start.deviation * truncatedNormal(key, index, start.limit));
    case 'uniform':
      return data.map((_, index) => start.bound * (2 * uniform(key, index) - 1));
  }
}

/** Learned keys and values before those of every layer (Li & Liang, 2021, section 4; PEFT's PrefixEncoder, peft/tuners/prefix_tuning/model.py). */
import type { Tensor } from '../../autodiff/graph.ts';
import { expand, gemm, reshape, slice, tanh, transpose } from '../../autodiff/ops.ts';
import type { Past } from '../../models/model.ts';
import { architectureNames, architectureOf } from '../../models/registry.ts';
import type { Scope } from '../../models/scope.ts';
import { StudioError } from '../../spec/errors.ts';
import type { PrefixConfig } from '../../spec/methods/prefix.ts';
import type { Initial, NewParameter, StartContext, Target } from '../method.ts';
import { promptEncoder, promptTable } from '../peft-prompts.ts';
import { wordsToStartFrom } from '../start-words.ts';

/** What prefixes have in common, whatever their method calls itself. */
export type PrefixSettings = Omit<PrefixConfig, 'name' | 'modulesToSave'>;

interface PrefixShape {
  readonly tokens: number;
  /** Layers that the table has slices for. */
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  /** Keys of a token in one layer: heads · head size. */
  readonly width: number;
}

export function prefixShape({ virtualTokens }: PrefixSettings, { config }: Target): PrefixShape {
  const { layers, encoderLayers = layers, keyValueHeads: heads, headSize } = config;
  return { tokens: virtualTokens, layers: encoderLayers, heads, headSize, width: heads * headSize };
}

/** PEFT counts two stacks for a sequence-to-sequence model, and puts the prefix into the decoder's self-attention only. */
export function prefixStacks({ head }: Target): number {
  return head.name === 'seq2seq-lm' ? 2 : 1;
}

/**
 * The slices [keys, values] of a decoder layer. For two stacks PEFT lays the slices twice behind each other and hands out
 * four a layer, of which self-attention reads two: layers share slices, and some are never read.
 */
function slicesOf(layer: number, { layers }: PrefixShape, stacks: number): readonly [number, number] {
  const first = (2 * stacks * layer) % (2 * layers);
  return [first, first + 1];
}

export function checkPrefix(name: string, settings: PrefixSettings, { architecture }: Target): void {
  if (!architecture.takesPast) {
    const possible = architectureNames.filter((type) => architectureOf({ model_type: type }).takesPast);
    throw new StudioError('method.architecture', {
      method: name,
      architecture: architecture.type,
      possible: possible.join(', '),
    });
  }
  if (settings.projection && settings.init === 'activations') {
    const legal = '"random", "zero" (a network that writes the prefix cannot start from activations)';
    throw new StudioError('recipe.field', { path: 'method.init', value: '"activations"', legal });
  }
}

/** `deviation`: of the table's start at random. */
export function prefixParameters(
  settings: PrefixSettings,
  target: Target,
  deviation: number,
): ReadonlyMap<string, NewParameter> {
  const { tokens, layers, width } = prefixShape(settings, target);
  const slices = 2 * layers * width;
  const starts = {
    random: { kind: 'normal', deviation },
    zero: { kind: 'zeros' },
    activations: { kind: 'from-model' },
  } as const satisfies Record<PrefixSettings['init'], Initial>;
  if (!settings.projection)
    return new Map([[promptTable, { shape: [tokens, slices], initial: starts[settings.init] }]]);
  const middle = settings.encoderSize ?? width;
  return new Map<string, NewParameter>([
    [`${promptEncoder}.embedding.weight`, { shape: [tokens, width], initial: { kind: 'normal', deviation: 1 } }],
    ...linear(`${promptEncoder}.transform.0`, [middle, width], false),
    ...linear(`${promptEncoder}.transform.2`, [slices, middle], settings.init === 'zero'),
  ]);
}

/** As PyTorch's Linear starts, or at zero. */
function linear(
  name: string,
  [rows, columns]: readonly [number, number],
  atZero: boolean,
): readonly (readonly [string, NewParameter])[] {
  const initial: Initial = atZero ? { kind: 'zeros' } : { kind: 'uniform', bound: 1 / Math.sqrt(columns) };
  return [
    [`${name}.weight`, { shape: [rows, columns], initial }],
    [`${name}.bias`, { shape: [rows], initial }],
  ];
}

/** The table [tokens, 2·layers·width]: itself, or as the network writes it. */
export function tableOf(scope: Scope, settings: PrefixSettings, target: Target): Tensor {
  const parameter = (name: string): Tensor => {
    const { shape } = prefixParameters(settings, target, 1).get(name) ?? { shape: [] };
    return scope.graph.parameter(name, shape);
  };
  if (!settings.projection) return parameter(promptTable);
  const through = (x: Tensor, part: string): Tensor =>
    gemm(x, parameter(`${promptEncoder}.${part}.weight`), {
      transB: true,
      c: parameter(`${promptEncoder}.${part}.bias`),
    });
  return through(tanh(through(parameter(`${promptEncoder}.embedding.weight`), 'transform.0')), 'transform.2');
}

export interface PrefixAt {
  readonly target: Target;
  readonly batch: number;
}

/** Keys and values before every row, one pair a layer; `dropout` is the share that training switches off. */
export function prefixOf(
  scope: Scope,
  settings: PrefixSettings & { readonly dropout?: number },
  { target, batch }: PrefixAt,
): readonly Past[] {
  const shape = prefixShape(settings, target);
  const { tokens, layers, heads, headSize } = shape;
  // A row's numbers lie as [layer, key or value, head, size].
  const slices = transpose(
    reshape(tableOf(scope, settings, target), [tokens, 2 * layers, heads, headSize]),
    [1, 2, 0, 3],
  );
  const part = (index: number, key: string): Tensor => {
    const every = expand(slice(slices, 0, [index, index + 1]), [batch, heads, tokens, headSize]);
    return scope.dropout(every, settings.dropout ?? 0, key);
  };
  const stacks = prefixStacks(target);
  return Array.from({ length: target.config.layers }, (_, layer) => {
    const [key, value] = slicesOf(layer, shape, stacks);
    const name = `${promptTable}.${String(layer)}`;
    return { key: part(key, `${name}.key`), value: part(value, `${name}.value`) };
  });
}

/** The table that holds what the model itself makes of real words; slices that no layer reads stay zero. */
export async function activationTable(
  settings: PrefixSettings,
  context: StartContext,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { target } = context;
  const shape = prefixShape(settings, target);
  const { tokens, layers, heads, headSize, width } = shape;
  const ids = await wordsToStartFrom(settings.initText, tokens, context);
  const present = await context.present(ids);
  const table = new Float32Array(tokens * 2 * layers * width);
  // Of layers that share slices, the first one's activations.
  for (const [layer, { key, value }] of [...present.entries()].reverse()) {
    const slices = slicesOf(layer, shape, prefixStacks(target));
    [key, value].forEach((values, part) => {
      for (let token = 0; token < tokens; token += 1) {
        for (let head = 0; head < heads; head += 1) {
          const from = (head * tokens + token) * headSize;
          const to = (token * 2 * layers + (slices[part] ?? 0)) * width + head * headSize;
          table.set(values.subarray(from, from + headSize), to);
        }
      }
    });
  }
  return new Map([[promptTable, table]]);
}

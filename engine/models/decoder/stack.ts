/** Causal self-attention of a stack of layers over the tokens before and its own, shared by the decoders. */
import type { Tensor } from '../../autodiff/graph.ts';
import { gather } from '../../autodiff/ops.ts';
import { attention, attentionBias, extend, mergeHeads } from '../attention.ts';
import type { ModelConfig, Past, TextInputs } from '../model.ts';

interface Heads extends Past {
  /** [B, heads, S, size]. */
  readonly query: Tensor;
}

interface AttendOptions {
  /** Keys that a query sees at most. */
  readonly window?: number | null;
  readonly scale?: number;
  readonly shape?: (scores: Tensor) => Tensor;
}

export interface Stack {
  readonly batch: number;
  /** Keys and values of the layers so far. */
  readonly present: readonly Past[];
  /** Of layer `index`, its own and earlier keys and values: [B·S, heads·size]. */
  attend(index: number, heads: Heads, options?: AttendOptions): Tensor;
  /** Behind its attention, the last layer is computed only where an answer is asked for. */
  asked(hidden: Tensor, index: number): Tensor;
}

export function causalStack({ layers }: ModelConfig, { mask, positions, past, rows }: TextInputs): Stack {
  const [batch = 1, length = 1] = positions.shape;
  const present: Past[] = [];
  const before = past?.[0]?.key.shape[2] ?? 0;
  const bias = remembered((window: number | null) => attentionBias(mask, { length, past: before, window }));
  return {
    batch,
    present,
    attend: (index, { query, key, value }, { window = null, ...options } = {}) => {
      present.push({ key, value });
      const earlier = past?.[index];
      return mergeHeads(
        attention({
          ...options,
          query,
          key: extend(earlier?.key, key),
          value: extend(earlier?.value, value),
          bias: bias(window),
        }),
      );
    },
    asked: (hidden, index) => (index === layers - 1 ? gather(hidden, rows) : hidden),
  };
}

/** Computes once for each key. */
export function remembered<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}

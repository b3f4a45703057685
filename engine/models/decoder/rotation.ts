/** The turning of queries and keys: frequencies under each scaling, tables of cos and sin, and their use in a graph. */
import type { Tensor } from '../../autodiff/graph.ts';
import { cast, concat, less, mul, rotaryEmbedding, slice, sumAll, where, type Rotation } from '../../autodiff/ops.ts';
import type { Rope } from './rope.ts';

/** Tables cover this many positions at a time, so that few graphs differ in nothing else. */
const positionBlock = 256;

/** Angles a position, one for each pair of a head: [size / 2]. `long`: for rows beyond the original length. */
export function inverseFrequencies({ theta, scaling }: Rope, size: number, long = false): readonly number[] {
  const plain = Array.from({ length: size / 2 }, (_, pair) => 1 / theta ** ((2 * pair) / size));
  switch (scaling?.type) {
    case undefined:
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'llama3': {
      const { factor, lowFrequencyFactor, highFrequencyFactor, originalLength } = scaling;
      return plain.map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency;
        if (wavelength > originalLength / lowFrequencyFactor) return frequency / factor;
        if (wavelength < originalLength / highFrequencyFactor) return frequency;
        const smooth = (originalLength / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
        return ((1 - smooth) * frequency) / factor + smooth * frequency;
      });
    }
    case 'yarn': {
      const { factor, fast, slow, truncated, originalLength } = scaling;
      const pairTurning = (turns: number): number =>
        (size * Math.log(originalLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
      const [first, last] = [pairTurning(fast), pairTurning(slow)];
      const low = Math.max(truncated ? Math.floor(first) : first, 0);
      const high = Math.min(truncated ? Math.ceil(last) : last, size - 1);
      return plain.map((frequency, pair) => {
        const ramp = (pair - low) / (high === low ? 0.001 : high - low);
        const divided = Math.min(Math.max(ramp, 0), 1);
        return (divided * frequency) / factor + (1 - divided) * frequency;
      });
    }
    case 'longrope': {
      const divisors = long ? scaling.long : scaling.short;
      return plain.map((frequency, pair) => frequency / (divisors[pair] ?? 1));
    }
  }
}

/** cos and sin of the positions 0 … `count` − 1: float32 [count, size / 2] each. */
function tables(rope: Rope, size: number, { count, long }: { readonly count: number; readonly long: boolean }) {
  const { scaling } = rope;
  const factor = scaling && 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
  const frequencies = inverseFrequencies(rope, size, long).map(Math.fround);
  const cos = new Float32Array(count * frequencies.length);
  const sin = new Float32Array(count * frequencies.length);
  for (let position = 0; position < count; position += 1) {
    frequencies.forEach((frequency, pair) => {
      const angle = Math.fround(position * frequency);
      cos[position * frequencies.length + pair] = factor * Math.cos(angle);
      sin[position * frequencies.length + pair] = factor * Math.sin(angle);
    });
  }
  return { cos, sin };
}

export interface RotationOptions {
  /** Values of a head that turn. */
  readonly size: number;
  /** int64 [B, S]. */
  readonly positions: Tensor;
  /** float32 [B, past + S]; no position is as high as it is wide. */
  readonly mask: Tensor;
}

export function rotationOf(rope: Rope, { size, positions, mask }: RotationOptions): Rotation {
  const { graph } = positions;
  const { scaling } = rope;
  const [, length = 1] = positions.shape;
  const [, limit = length] = mask.shape;
  const count = Math.ceil(limit / positionBlock) * positionBlock;
  const constants = (long: boolean): Omit<Rotation, 'positions'> => {
    const { cos, sin } = tables(rope, size, { count, long });
    const shape = [count, size / 2];
    return { cos: graph.constant(cos, 'float32', shape), sin: graph.constant(sin, 'float32', shape) };
  };
  const short = constants(false);
  if (scaling?.type !== 'longrope' || limit <= scaling.originalLength) return { positions, ...short };
  // All rows of a batch turn as its longest does, padding apart.
  const reached = mul(cast(positions, 'float32'), slice(mask, 1, [limit - length, limit]));
  const isLong = less(0, sumAll(cast(less(scaling.originalLength - 1, reached), 'float32')));
  const long = constants(true);
  return { positions, cos: where(isLong, long.cos, short.cos), sin: where(isLong, long.sin, short.sin) };
}

/** Turns the first `size` values of each head, x [B, H, S, D]; the others pass. */
export function rotate(x: Tensor, rotation: Rotation, size: number): Tensor {
  const [, , , width = size] = x.shape;
  if (size === width) return rotaryEmbedding(x, rotation);
  return concat([rotaryEmbedding(slice(x, 3, [0, size]), rotation), slice(x, 3, [size, width])], 3);
}

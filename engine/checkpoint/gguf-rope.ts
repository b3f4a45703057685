/** Scalings of the rotary embedding as GGUF has them: keys, and tensors of one divisor or factor for each frequency. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { GgufFile } from './gguf.ts';
import { shortest, type KeyReader } from './gguf-key-reader.ts';

export interface RopeSize {
  readonly theta: number;
  /** Values of a head that turn. */
  readonly dimensions: number;
}

export const llama3Tensor = 'rope_freqs.weight';
export const longropeTensors = { long: 'rope_factors_long.weight', short: 'rope_factors_short.weight' } as const;

/** `rope_scaling` as in a config.json, or null where positions are as they are. */
export async function ropeScaling(file: GgufFile, read: KeyReader, size: RopeSize): Promise<Json> {
  if (file.tensors.has(llama3Tensor)) return llama3Scaling(await file.read(llama3Tensor), read, size);
  if (file.tensors.has(longropeTensors.long) && file.tensors.has(longropeTensors.short)) {
    const attention = read.number('rope.scaling.attn_factor');
    const original = read.number('rope.scaling.original_context_length');
    return {
      type: 'longrope',
      ...(attention === null ? {} : { attention_factor: attention }),
      ...(original === null ? {} : { original_max_position_embeddings: original }),
      long_factor: Array.from(await file.read(longropeTensors.long), shortest),
      short_factor: Array.from(await file.read(longropeTensors.short), shortest),
    };
  }
  const kind = read.text('rope.scaling.type');
  if (kind === null || kind === 'none') return null;
  const factor = read.number('rope.scaling.factor');
  if (kind === 'linear' && factor !== null) return { rope_type: 'linear', factor };
  return kind === 'yarn' && factor !== null
    ? yarnScaling(read, factor)
    : read.refuse('rope.scaling.type', 'none, linear, yarn');
}

function yarnScaling(read: KeyReader, factor: number): Json {
  // Multiples of what YaRN itself puts on the scores, which no config has a field for.
  for (const key of ['attn_factor', 'yarn_attn_factor', 'yarn_ext_factor', 'yarn_log_multiplier']) {
    if ((read.number(`rope.scaling.${key}`) ?? 1) !== 1) read.refuse(`rope.scaling.${key}`, '1');
  }
  const betas = { beta_fast: 'yarn_beta_fast', beta_slow: 'yarn_beta_slow' };
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings:
      read.number('rope.scaling.original_context_length') ?? read.count('context_length'),
    ...Object.fromEntries(
      Object.entries(betas).flatMap(([field, key]) => {
        const value = read.number(`rope.scaling.${key}`);
        return value === null ? [] : [[field, value]];
      }),
    ),
  };
}

interface Llama3 {
  readonly factor: number;
  readonly low: number;
  readonly high: number;
  readonly original: number;
}

/** The converter stores Llama 3.1's scaling as a divisor for each frequency; its parameters are found from them. */
function llama3Scaling(divisors: Float32Array, read: KeyReader, size: RopeSize): Json {
  const factor = shortest(Math.max(...divisors));
  const told = read.number('rope.scaling.original_context_length');
  const usual = [8192, 4096, 16384, 32768, 2048, 1024];
  for (const original of [...(told === null ? [] : [told]), ...usual, ...between(divisors, factor, size)]) {
    const expected = llama3Divisors({ factor, original, low: 1, high: 4 }, size);
    if (expected.length === divisors.length && expected.every((value, i) => near(value, divisors[i] ?? 0))) {
      return {
        rope_type: 'llama3',
        factor,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: original,
      };
    }
  }
  throw new StudioError('model.config', {
    path: read.path,
    field: llama3Tensor,
    value: `${divisors.length} divisors of frequencies`,
    legal: "those of Llama 3.1's scaling",
  });
}

/** Original lengths that the divisors between 1 and the factor stand for. */
function between(divisors: Float32Array, factor: number, size: RopeSize): readonly number[] {
  return Array.from(divisors).flatMap((divisor, i) => {
    if (divisor <= 1 || divisor >= factor) return [];
    const smooth = (1 / divisor - 1 / factor) / (1 - 1 / factor);
    return [Math.round(wavelength(size, i) * (1 + 3 * smooth))];
  });
}

function wavelength({ theta, dimensions }: RopeSize, pair: number): number {
  return 2 * Math.PI * theta ** ((2 * pair) / dimensions);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-3 * Math.abs(a);
}

export function llama3Divisors({ factor, low, high, original }: Llama3, size: RopeSize): number[] {
  return Array.from({ length: size.dimensions / 2 }, (_, i) => {
    const length = wavelength(size, i);
    if (length < original / high) return 1;
    if (length > original / low) return factor;
    const smooth = (original / length - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

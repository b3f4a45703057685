/** Rotary position embedding (Su et al., 2021) and Llama 3's scaling of it (Transformers' modeling_rope_utils). */
import { StudioError } from '../../spec/errors.ts';
import type { Json } from '../../spec/json.ts';

export interface Rope {
  readonly theta: number;
  readonly scaling: Scaling | null;
}

type Scaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalLength: number;
    };

/** Reads `rope_parameters` (Transformers 5), or `rope_theta` and `rope_scaling` (before). */
export function parseRope(raw: Readonly<Record<string, Json>>, path: string): Rope {
  const current = asObject(raw['rope_parameters']);
  const scaling = current ?? asObject(raw['rope_scaling']);
  const field = current?.['rope_theta'] == null ? 'rope_theta' : 'rope_parameters.rope_theta';
  const given = current?.['rope_theta'] ?? raw['rope_theta'] ?? 10_000;
  const theta = positive(given) ?? refuse({ path, field, value: JSON.stringify(given), legal: 'a number above 0' });
  const type = scaling?.['rope_type'] ?? scaling?.['type'] ?? 'default';
  if (scaling === null || type === 'default') return { theta, scaling: null };
  const need = (field: string): number =>
    positive(scaling[field]) ??
    refuse({
      path,
      field: `rope_scaling.${field}`,
      value: JSON.stringify(scaling[field] ?? null),
      legal: 'a number above 0',
    });
  if (type === 'linear') return { theta, scaling: { type, factor: need('factor') } };
  if (type !== 'llama3') {
    return refuse({
      path,
      field: 'rope_scaling.rope_type',
      value: JSON.stringify(type),
      legal: 'default, linear, llama3',
    });
  }
  return {
    theta,
    scaling: {
      type,
      factor: need('factor'),
      lowFrequencyFactor: need('low_freq_factor'),
      highFrequencyFactor: need('high_freq_factor'),
      originalLength: need('original_max_position_embeddings'),
    },
  };
}

/** Angles a position, one for each pair of a head: [size / 2]. */
export function inverseFrequencies({ theta, scaling }: Rope, size: number): readonly number[] {
  const plain = Array.from({ length: size / 2 }, (_, pair) => 1 / theta ** ((2 * pair) / size));
  if (scaling === null) return plain;
  if (scaling.type === 'linear') return plain.map((frequency) => frequency / scaling.factor);
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalLength } = scaling;
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength > originalLength / lowFrequencyFactor) return frequency / factor;
    if (wavelength < originalLength / highFrequencyFactor) return frequency;
    const smooth = (originalLength / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** cos and sin of the positions 0 … `positions` − 1: float32 [positions, size / 2] each. */
export function rotationTables(
  rope: Rope,
  size: number,
  positions: number,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const frequencies = inverseFrequencies(rope, size).map(Math.fround);
  const cos = new Float32Array(positions * frequencies.length);
  const sin = new Float32Array(positions * frequencies.length);
  for (let position = 0; position < positions; position += 1) {
    frequencies.forEach((frequency, pair) => {
      const angle = Math.fround(position * frequency);
      cos[position * frequencies.length + pair] = Math.cos(angle);
      sin[position * frequencies.length + pair] = Math.sin(angle);
    });
  }
  return { cos, sin };
}

function asObject(value: Json | undefined): Readonly<Record<string, Json>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : null;
}

function positive(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

function refuse(data: { path: string; field: string; value: string; legal: string }): never {
  throw new StudioError('model.config', data);
}

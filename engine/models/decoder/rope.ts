/** Rotary position embedding (Su et al., 2021): its settings and scalings in config.json (Transformers' modeling_rope_utils). */
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
    }
  /** YaRN (Peng et al., 2023). */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly attentionFactor: number;
      /** Turns within the original length above which a frequency stays, and below which it is divided. */
      readonly fast: number;
      readonly slow: number;
      readonly truncated: boolean;
      readonly originalLength: number;
    }
  /** LongRoPE (Ding et al., 2024): divisors of each frequency, for rows up to the original length and for longer ones. */
  | {
      readonly type: 'longrope';
      readonly attentionFactor: number;
      readonly short: readonly number[];
      readonly long: readonly number[];
      readonly originalLength: number;
    };

type Fields = Readonly<Record<string, Json>>;

export interface RopeOptions {
  readonly path: string;
  /** Values of a head that turn. */
  readonly size: number;
  /** Where configs before Transformers 5 have theta. */
  readonly thetaField?: string;
  /** What the family calls some types of scaling. */
  readonly types?: Readonly<Record<string, string>>;
}

const allTypes: Readonly<Record<string, string>> = Object.fromEntries(
  ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'].map((type) => [type, type]),
);

/** Reads `rope_parameters` (Transformers 5), or `rope_theta` and `rope_scaling` (before). */
export function parseRope(raw: Fields, options: RopeOptions): Rope {
  const { path, thetaField = 'rope_theta', types = allTypes } = options;
  const current = asObject(raw['rope_parameters']);
  const scaling = current ?? asObject(raw['rope_scaling']);
  const field = current?.['rope_theta'] == null ? thetaField : 'rope_parameters.rope_theta';
  const given = current?.['rope_theta'] ?? raw[thetaField] ?? 10_000;
  const theta = positive(given) ?? refuse({ path, field, value: JSON.stringify(given), legal: 'a number above 0' });
  const named = scaling?.['rope_type'] ?? scaling?.['type'] ?? 'default';
  const type = typeof named === 'string' && Object.hasOwn(types, named) ? types[named] : undefined;
  if (type === undefined) {
    const legal = Object.keys(types).join(', ');
    return refuse({ path, field: 'rope_scaling.rope_type', value: JSON.stringify(named), legal });
  }
  // Dynamic scaling begins behind the longest position, where no row of ours gets.
  if (scaling === null || type === 'default' || type === 'dynamic') return { theta, scaling: null };
  return { theta, scaling: parseScaling(type, { raw, scaling, options }) };
}

/** `switchLength` of a config whose positions turn so. */
export function switchLengthOf({ scaling }: Rope): { readonly switchLength?: number } {
  return scaling?.type === 'longrope' ? { switchLength: scaling.originalLength } : {};
}

interface ScalingFields {
  readonly raw: Fields;
  readonly scaling: Fields;
  readonly options: RopeOptions;
}

function parseScaling(type: string, { raw, scaling, options }: ScalingFields): Scaling {
  const wrong = (field: string, legal: string): never =>
    refuse({
      path: options.path,
      field: `rope_scaling.${field}`,
      value: JSON.stringify(scaling[field] ?? null),
      legal,
    });
  const perhaps = (field: string): number | null =>
    scaling[field] == null ? null : (positive(scaling[field]) ?? wrong(field, 'a number above 0'));
  const need = (field: string): number => perhaps(field) ?? wrong(field, 'a number above 0');
  const longest = positive(raw['max_position_embeddings']);
  const original = (): number =>
    positive(raw['original_max_position_embeddings']) ??
    perhaps('original_max_position_embeddings') ??
    longest ??
    need('original_max_position_embeddings');
  const stretched = (originalLength: number): number => perhaps('factor') ?? (longest ?? 0) / originalLength;
  switch (type) {
    case 'linear':
      return { type, factor: need('factor') };
    case 'llama3':
      return {
        type,
        factor: need('factor'),
        lowFrequencyFactor: need('low_freq_factor'),
        highFrequencyFactor: need('high_freq_factor'),
        originalLength: original(),
      };
    case 'yarn': {
      const originalLength = original();
      const factor = stretched(originalLength);
      const [scale, whole] = [perhaps('mscale'), perhaps('mscale_all_dim')];
      const usual = scale && whole ? temperature(factor, scale) / temperature(factor, whole) : temperature(factor);
      return {
        type,
        factor,
        attentionFactor: perhaps('attention_factor') ?? usual,
        fast: perhaps('beta_fast') ?? 32,
        slow: perhaps('beta_slow') ?? 1,
        truncated: scaling['truncate'] !== false,
        originalLength,
      };
    }
    default: {
      const originalLength = original();
      const factor = stretched(originalLength);
      const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalLength));
      const divisors = (field: string): readonly number[] => {
        const count = options.size / 2;
        const list = Array.isArray(scaling[field]) ? (scaling[field] as readonly Json[]) : [];
        const numbers = list.flatMap((value) => positive(value) ?? []);
        return numbers.length === count && list.length === count
          ? numbers
          : wrong(field, `${String(count)} numbers above 0, one for each pair of values that turns`);
      };
      return {
        type: 'longrope',
        attentionFactor: perhaps('attention_factor') ?? usual,
        short: divisors('short_factor'),
        long: divisors('long_factor'),
        originalLength,
      };
    }
  }
}

/** YaRN's 1/t of the softmax, square-rooted (section 3.4). */
function temperature(factor: number, scale = 1): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}

function asObject(value: Json | undefined): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function positive(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

function refuse(data: { path: string; field: string; value: string; legal: string }): never {
  throw new StudioError('model.config', data);
}

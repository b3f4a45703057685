/** The rotary embedding of a config.json as GGUF has it: keys, and tensors of one number for each frequency. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { llama3Divisors, llama3Tensor, longropeTensors } from './gguf-rope.ts';
import type { GgufValue } from './write-gguf.ts';

type Fields = Readonly<Record<string, Json>>;

export interface WrittenRope {
  readonly keys: Readonly<Record<string, GgufValue>>;
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

interface Place {
  readonly path: string;
  /** Values of a head that turn. */
  readonly dimensions: number;
  /** Longest row in tokens. */
  readonly length: number;
}

/** Errors: `model.config`. */
export function ropeToWrite(raw: Fields, place: Place): WrittenRope {
  const all = fieldsOf(raw['rope_parameters']);
  // Transformers 5 keeps one set for each kind of layer where there are several.
  const current = fieldsOf(all['full_attention'] ?? raw['rope_parameters']);
  const local = fieldsOf(all['sliding_attention'])['rope_theta'] ?? raw['rope_local_base_freq'];
  const scaling = { ...fieldsOf(raw['rope_scaling']), ...current };
  const theta = numberIn(current, 'rope_theta') ?? numberIn(raw, 'rope_theta') ?? 10000;
  const kind = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  const scaled = typeof kind === 'string' && Object.hasOwn(scalings, kind) ? scalings[kind] : undefined;
  if (scaled === undefined) {
    throw wrong(place, { field: 'rope_scaling.rope_type', value: kind, legal: Object.keys(scalings).join(', ') });
  }
  const { keys, tensors } = scaled({ raw, scaling, theta, place });
  const localKeys: WrittenRope['keys'] =
    typeof local === 'number' ? { 'rope.freq_base_swa': { kind: 'float32', value: local } } : {};
  return { keys: { 'rope.freq_base': { kind: 'float32', value: theta }, ...localKeys, ...keys }, tensors };
}

interface Scaling {
  readonly raw: Fields;
  readonly scaling: Fields;
  readonly theta: number;
  readonly place: Place;
}

const originalLength = 'rope.scaling.original_context_length';

const scalings: Readonly<Record<string, (scaling: Scaling) => WrittenRope>> = {
  default: () => ({ keys: {}, tensors: new Map() }),
  linear: (given) => ({
    keys: {
      'rope.scaling.type': { kind: 'string', value: 'linear' },
      'rope.scaling.factor': { kind: 'float32', value: needed(given, 'factor') },
    },
    tensors: new Map(),
  }),
  llama3: (given) => {
    const original = needed(given, 'original_max_position_embeddings');
    const divisors = llama3Divisors(
      {
        factor: needed(given, 'factor'),
        low: needed(given, 'low_freq_factor'),
        high: needed(given, 'high_freq_factor'),
        original,
      },
      { theta: given.theta, dimensions: given.place.dimensions },
    );
    return {
      keys: { [originalLength]: { kind: 'uint32', value: original } },
      tensors: new Map([[llama3Tensor, Float32Array.from(divisors)]]),
    };
  },
  yarn,
  longrope,
  su: longrope,
};

function yarn(given: Scaling): WrittenRope {
  const { scaling, place } = given;
  for (const field of ['attention_factor', 'mscale', 'mscale_all_dim']) {
    const value = scaling[field] ?? null;
    if (value !== null) throw wrong(place, { field: `rope_scaling.${field}`, value, legal: 'null' });
  }
  if (scaling['truncate'] === false)
    throw wrong(place, { field: 'rope_scaling.truncate', value: false, legal: 'true' });
  const betas = ['beta_fast', 'beta_slow'].flatMap((field) => {
    const value = numberIn(scaling, field);
    return value === null ? [] : [[`rope.scaling.yarn_${field}`, { kind: 'float32', value } as const] as const];
  });
  return {
    keys: {
      'rope.scaling.type': { kind: 'string', value: 'yarn' },
      'rope.scaling.factor': { kind: 'float32', value: needed(given, 'factor') },
      [originalLength]: {
        kind: 'uint32',
        value: numberIn(scaling, 'original_max_position_embeddings') ?? place.length,
      },
      ...Object.fromEntries(betas),
    },
    tensors: new Map(),
  };
}

/** Phi-3's: a factor for each frequency, for short rows and for long ones, and a factor for both on the scores. */
function longrope(given: Scaling): WrittenRope {
  const { scaling, place } = given;
  const original =
    numberIn(given.raw, 'original_max_position_embeddings') ?? needed(given, 'original_max_position_embeddings');
  const times = place.length / original;
  const spread = times > 1 ? Math.sqrt(1 + Math.log(times) / Math.log(original)) : 1;
  const factors = (field: string): Float32Array => {
    const list = Array.isArray(scaling[field]) ? (scaling[field] as readonly Json[]) : [];
    const numbers = list.filter((item) => typeof item === 'number');
    if (numbers.length !== place.dimensions / 2) {
      const legal = `${place.dimensions / 2} numbers`;
      throw wrong(place, { field: `rope_scaling.${field}`, value: list, legal });
    }
    return Float32Array.from(numbers);
  };
  return {
    keys: {
      'rope.scaling.type': { kind: 'string', value: 'longrope' },
      'rope.scaling.attn_factor': { kind: 'float32', value: numberIn(scaling, 'attention_factor') ?? spread },
      [originalLength]: { kind: 'uint32', value: original },
    },
    tensors: new Map([
      [longropeTensors.long, factors('long_factor')],
      [longropeTensors.short, factors('short_factor')],
    ]),
  };
}

function needed({ scaling, place }: Scaling, field: string): number {
  const value = numberIn(scaling, field);
  if (value !== null && value > 0) return value;
  throw wrong(place, { field: `rope_scaling.${field}`, value: scaling[field] ?? null, legal: 'a number above 0' });
}

function wrong(
  { path }: Place,
  { field, value, legal }: { readonly field: string; readonly value: Json; readonly legal: string },
): StudioError {
  return new StudioError('model.config', { path, field, value: JSON.stringify(value).slice(0, 80), legal });
}

function numberIn(fields: Fields, name: string): number | null {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function fieldsOf(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

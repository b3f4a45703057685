/** Presents a GGUF file as the Hugging Face model it was made from: names, row order, config, tokenizer. */
import { basename } from 'node:path';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { settingsOf } from '../tokenizer/load.ts';
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts';
import { createTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { canDequantise } from './dequantise.ts';
import { configOf, type GgufConfig } from './gguf-config.ts';
import { architectureNames, hubName, type Layout } from './gguf-families.ts';
import { fromFile, headsOf, otherShape, type Heads } from './gguf-layout.ts';
import { openGgufShards } from './gguf-shards.ts';
import type { GgufFile } from './gguf.ts';
import type { BaseModel } from './model-folder.ts';
import type { TensorEntry } from './tensor-file.ts';

/** Fields that Transformers types as floats; a GGUF file says only that they are numbers. */
const decimalNames: ReadonlySet<string> = new Set([
  'rope_theta',
  'rope_local_base_freq',
  'rms_norm_eps',
  'layer_norm_epsilon',
  'factor',
  'low_freq_factor',
  'high_freq_factor',
  'attn_logit_softcapping',
  'final_logit_softcapping',
]);

/** Errors: those of `openGgufShards`; `model.unknown-architecture`, `model.config`, `model.no-tokenizer`, `tokenizer.unsupported`. */
export async function openGgufModel(path: string): Promise<BaseModel> {
  const file = await openGgufShards(path);
  try {
    if (file.tensors.size === 0) throw new StudioError('model.no-weights', { path });
    const read = await configOf(path, file);
    const { config } = read;
    const heads = { queries: Number(config['num_attention_heads']), keys: Number(config['num_key_value_heads']) };
    const weights = renamed(file, read, heads);
    const { json, settings, chatTemplate } = tokenizerFromGguf(path, file.keys);
    const tokenizer = createTokenizer(path, json, settingsOf(settings));
    const find = (name: string): RenamedTensor => {
      const tensor = weights.get(name);
      if (tensor === undefined) throw new StudioError('model.weight-missing', { path, name });
      return tensor;
    };
    return {
      path,
      name: basename(path).replace(/\.gguf$/i, ''),
      format: 'gguf',
      config,
      decimals: decimalNames,
      weights: {
        names: () => weights.keys(),
        entry: (name) => weights.get(name)?.entry,
        async read(name) {
          const { stored, layout } = find(name);
          return fromFile(layout, { values: await file.read(stored.name), shape: stored.shape }, heads);
        },
        bytes: [...weights.values()].reduce((sum, { entry }) => sum + entry.bytes, 0),
      },
      tokenizer,
      chatTemplate,
      generationConfig: generationConfigOf(file.keys, tokenizer),
      licenceFiles: [],
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

interface RenamedTensor {
  /** As it is in the file. */
  readonly stored: TensorEntry;
  readonly entry: TensorEntry;
  readonly layout: Layout;
}

function renamed(file: GgufFile, { family, config }: GgufConfig, heads: Heads): ReadonlyMap<string, RenamedTensor> {
  const weights = new Map<string, RenamedTensor>();
  for (const stored of file.tensors.values()) {
    // Frequencies of the rotary embedding are in the config.
    if (/^rope_(?:freqs|factors_long|factors_short)\b/.test(stored.name)) continue;
    const named = hubName(family, stored.name);
    if (named === null) {
      throw new StudioError('model.unknown-architecture', {
        architecture: `${JSON.stringify(config['model_type'])} with ${stored.name}`,
        known: architectureNames.join(', '),
      });
    }
    const { name, layout } = named;
    if (!canDequantise(stored.dtype)) {
      throw new StudioError('checkpoint.type', { path: file.path, name: stored.name, type: stored.dtype });
    }
    checkRows(file.path, stored, headsOf(layout, heads));
    const shape = otherShape(layout, stored.shape);
    weights.set(name, { stored, entry: { ...stored, name, shape, asStored: layout === 'same' }, layout });
  }
  return weights;
}

function checkRows(path: string, { name, shape }: TensorEntry, heads: number | null): void {
  const rows = shape[0] ?? 0;
  if (heads === null || rows % (2 * heads) === 0) return;
  const reason = `tensor ${name}: ${rows} rows do not make ${heads} heads`;
  throw new StudioError('checkpoint.corrupt', { path, reason });
}

/** Tokens that end a turn, for files that do not say which. */
const turnEnds = ['<|eot_id|>', '<|im_end|>', '<|end|>', '<end_of_turn>'];

/** As in a generation_config.json: what begins a text, and all that ends an answer. */
function generationConfigOf(keys: GgufFile['keys'], tokenizer: Tokenizer): Json {
  const idAt = (name: string): number | null => {
    const id = keys.get(`tokenizer.ggml.${name}_token_id`);
    return typeof id === 'number' ? id : null;
  };
  const isKnown = (id: number | null): id is number => id !== null;
  const told = [idAt('eot'), idAt('eom')].filter(isKnown);
  const special = (token: string): number | null => {
    const id = tokenizer.tokenToId(token);
    return id !== null && tokenizer.specialIds.has(id) ? id : null;
  };
  const ends = new Set([idAt('eos'), ...(told.length > 0 ? told : turnEnds.map(special))].filter(isKnown));
  const [first, ...others] = ends;
  const fields = {
    bos_token_id: idAt('bos'),
    eos_token_id: others.length === 0 ? (first ?? null) : [...ends],
    pad_token_id: idAt('padding'),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

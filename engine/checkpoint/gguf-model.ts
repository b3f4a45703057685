/** Presents a GGUF file as the Hugging Face model it was made from: names, row order, config, tokenizer. */
import { basename } from 'node:path';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { settingsOf } from '../tokenizer/load.ts';
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';
import { canDequantise } from './dequantise.ts';
import { configOf } from './gguf-config.ts';
import { openGguf, type GgufFile } from './gguf.ts';
import type { BaseModel } from './model-folder.ts';
import { elementCount, type TensorEntry } from './tensor-file.ts';

/** Errors: those of `openGguf`; `model.unknown-architecture`, `model.config`, `model.no-tokenizer`, `tokenizer.unsupported`. */
export async function openGgufModel(path: string): Promise<BaseModel> {
  const file = await openGguf(path);
  try {
    if (file.tensors.size === 0) throw new StudioError('model.no-weights', { path });
    const config = await configOf(path, file);
    const weights = renamed(file, config);
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
      weights: {
        names: () => weights.keys(),
        entry: (name) => weights.get(name)?.entry,
        async read(name) {
          const { stored, entry, heads } = find(name);
          const values = await file.read(stored);
          return heads === null ? values : unpermute(values, entry.shape, heads);
        },
        bytes: [...weights.values()].reduce((sum, { entry }) => sum + entry.bytes, 0),
      },
      tokenizer,
      chatTemplate,
      generationConfig: idsOf(config),
      licenceFiles: [],
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

interface RenamedTensor {
  /** Name in the file. */
  readonly stored: string;
  readonly entry: TensorEntry;
  /** Heads whose rows llama.cpp interleaved; null where the rows are as they were. */
  readonly heads: number | null;
}

const fixedNames: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

const layerNames: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

function hubName(name: string): string | null {
  const [, layer, part = '', kind = ''] = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(name) ?? [];
  if (layer === undefined) return fixedNames[part] === undefined ? null : `${fixedNames[part]}.${kind}`;
  return layerNames[part] === undefined ? null : `model.layers.${layer}.${layerNames[part]}.${kind}`;
}

function renamed(file: GgufFile, config: Readonly<Record<string, Json>>): ReadonlyMap<string, RenamedTensor> {
  const weights = new Map<string, RenamedTensor>();
  for (const tensor of file.tensors.values()) {
    // Frequencies of the rotary embedding are in the config.
    if (/^rope_freqs\b/.test(tensor.name)) continue;
    const name = hubName(tensor.name);
    if (name === null) {
      throw new StudioError('model.unknown-architecture', {
        architecture: `${JSON.stringify(config['model_type'])} with ${tensor.name}`,
        known: 'llama, qwen2, qwen3',
      });
    }
    if (!canDequantise(tensor.dtype)) {
      throw new StudioError('checkpoint.type', { path: file.path, name: tensor.name, type: tensor.dtype });
    }
    const heads = config['model_type'] === 'llama' ? permutedHeads(name, config) : null;
    const rows = tensor.shape[0] ?? 0;
    if (heads !== null && rows % (2 * heads) !== 0) {
      throw new StudioError('checkpoint.corrupt', {
        path: file.path,
        reason: `tensor ${tensor.name}: ${rows} rows do not make ${heads} heads`,
      });
    }
    weights.set(name, { stored: tensor.name, entry: { ...tensor, name, asStored: heads === null }, heads });
  }
  return weights;
}

function permutedHeads(name: string, config: Readonly<Record<string, Json>>): number | null {
  if (/\.q_proj\.(?:weight|bias)$/.test(name)) return Number(config['num_attention_heads']);
  if (/\.k_proj\.(?:weight|bias)$/.test(name)) return Number(config['num_key_value_heads']);
  return null;
}

/**
 * llama.cpp pairs neighbouring rows for its rotation, Hugging Face the two halves of a head:
 * row (head, half, i) of the result is row (head, i, half) of the file.
 */
function unpermute(values: Float32Array, shape: readonly number[], heads: number): Float32Array {
  const rows = shape[0] ?? 0;
  const width = (elementCount(shape) ?? 0) / rows;
  const pairs = rows / heads / 2;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1) {
    const head = Math.floor(row / (2 * pairs));
    const within = row % (2 * pairs);
    const from = head * 2 * pairs + (within % pairs) * 2 + Math.floor(within / pairs);
    out.set(values.subarray(from * width, (from + 1) * width), row * width);
  }
  return out;
}

function idsOf(config: Readonly<Record<string, Json>>): Json {
  const names = ['bos_token_id', 'eos_token_id', 'pad_token_id'];
  return Object.fromEntries(names.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])));
}

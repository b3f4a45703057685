/** The families that GGUF knows: what it calls their tensors and how llama.cpp's converter lays them out, for reading and writing. */

/**
 * How a tensor differs from Transformers': not at all; rows of query or key heads interleaved for llama.cpp's rotation;
 * 1 added, since Gemma's norms multiply by 1 + w; rows and columns exchanged, since GPT-2's layers are Conv1D.
 */
export type Layout = 'same' | 'query-rows' | 'key-rows' | 'plus-one' | 'transposed';

interface Part {
  /** Without the layers' prefix and without `.weight` or `.bias`. */
  readonly hub: string;
  readonly layout?: Layout;
}

export type GgufArchitecture = 'llama' | 'qwen2' | 'qwen3' | 'gemma' | 'gemma2' | 'gemma3' | 'phi3' | 'gpt2';

export interface GgufFamily {
  /** `general.architecture`, and the prefix of the family's keys. */
  readonly architecture: GgufArchitecture;
  /** What a file of this family is in Transformers. */
  readonly modelType: string;
  readonly taskClass: string;
  /** Transformers' model types that are written as this family. */
  readonly writtenFrom: readonly string[];
  /** Whether the head is the table of words where a config does not say. */
  readonly tiedUnlessSaid: boolean;
  /** Where Transformers keeps the layers. */
  readonly layerPrefix: string;
  readonly outside: Readonly<Record<string, Part>>;
  readonly inLayers: Readonly<Record<string, Part>>;
  /** Transformers' names of the settings that all families have, by the end of GGUF's key. */
  readonly settings: Readonly<Record<Setting, string>>;
  /** `attention.layer_norm_rms_epsilon` or that of LayerNorm. */
  readonly epsilon: { readonly key: string; readonly hub: string };
}

export type Setting =
  'block_count' | 'context_length' | 'embedding_length' | 'feed_forward_length' | 'attention.head_count';

const commonSettings: GgufFamily['settings'] = {
  block_count: 'num_hidden_layers',
  context_length: 'max_position_embeddings',
  embedding_length: 'hidden_size',
  feed_forward_length: 'intermediate_size',
  'attention.head_count': 'num_attention_heads',
};
const rmsEpsilon = { key: 'attention.layer_norm_rms_epsilon', hub: 'rms_norm_eps' };

const outside = {
  token_embd: { hub: 'model.embed_tokens' },
  output_norm: { hub: 'model.norm' },
  output: { hub: 'lm_head' },
} satisfies GgufFamily['outside'];

const gatedMlp = {
  ffn_gate: { hub: 'mlp.gate_proj' },
  ffn_up: { hub: 'mlp.up_proj' },
  ffn_down: { hub: 'mlp.down_proj' },
} satisfies GgufFamily['inLayers'];

const attention = {
  attn_q: { hub: 'self_attn.q_proj' },
  attn_k: { hub: 'self_attn.k_proj' },
  attn_v: { hub: 'self_attn.v_proj' },
  attn_output: { hub: 'self_attn.o_proj' },
} satisfies GgufFamily['inLayers'];

const twoNorms = {
  attn_norm: { hub: 'input_layernorm' },
  ffn_norm: { hub: 'post_attention_layernorm' },
} satisfies GgufFamily['inLayers'];

const headNorms = {
  attn_q_norm: { hub: 'self_attn.q_norm' },
  attn_k_norm: { hub: 'self_attn.k_norm' },
} satisfies GgufFamily['inLayers'];

const fourNorms = {
  attn_norm: { hub: 'input_layernorm' },
  post_attention_norm: { hub: 'post_attention_layernorm' },
  ffn_norm: { hub: 'pre_feedforward_layernorm' },
  post_ffw_norm: { hub: 'post_feedforward_layernorm' },
} satisfies GgufFamily['inLayers'];

const rotary = {
  tiedUnlessSaid: false,
  layerPrefix: 'model.layers',
  outside,
  settings: commonSettings,
  epsilon: rmsEpsilon,
};

/** Gemma has no output table of its own, and its norms are stored with 1 added. */
const gemmaOutside = {
  token_embd: outside.token_embd,
  output_norm: { ...outside.output_norm, layout: 'plus-one' },
} as const;

function plusOne(parts: GgufFamily['inLayers']): GgufFamily['inLayers'] {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, { ...part, layout: 'plus-one' }]));
}

const families: readonly GgufFamily[] = [
  {
    ...rotary,
    architecture: 'llama',
    modelType: 'llama',
    taskClass: 'LlamaForCausalLM',
    writtenFrom: ['llama', 'mistral'],
    inLayers: {
      ...twoNorms,
      ...attention,
      attn_q: { ...attention.attn_q, layout: 'query-rows' },
      attn_k: { ...attention.attn_k, layout: 'key-rows' },
      ...gatedMlp,
    },
  },
  {
    ...rotary,
    architecture: 'qwen2',
    modelType: 'qwen2',
    taskClass: 'Qwen2ForCausalLM',
    writtenFrom: ['qwen2'],
    inLayers: { ...twoNorms, ...attention, ...gatedMlp },
  },
  {
    ...rotary,
    architecture: 'qwen3',
    modelType: 'qwen3',
    taskClass: 'Qwen3ForCausalLM',
    writtenFrom: ['qwen3'],
    inLayers: { ...twoNorms, ...attention, ...headNorms, ...gatedMlp },
  },
  {
    ...rotary,
    architecture: 'gemma',
    modelType: 'gemma',
    taskClass: 'GemmaForCausalLM',
    writtenFrom: ['gemma'],
    tiedUnlessSaid: true,
    outside: gemmaOutside,
    inLayers: { ...plusOne(twoNorms), ...attention, ...gatedMlp },
  },
  {
    ...rotary,
    architecture: 'gemma2',
    modelType: 'gemma2',
    taskClass: 'Gemma2ForCausalLM',
    writtenFrom: ['gemma2'],
    tiedUnlessSaid: true,
    outside: gemmaOutside,
    inLayers: { ...plusOne(fourNorms), ...attention, ...gatedMlp },
  },
  {
    ...rotary,
    architecture: 'gemma3',
    modelType: 'gemma3_text',
    taskClass: 'Gemma3ForCausalLM',
    writtenFrom: ['gemma3_text'],
    tiedUnlessSaid: true,
    outside: gemmaOutside,
    inLayers: { ...plusOne({ ...fourNorms, ...headNorms }), ...attention, ...gatedMlp },
  },
  {
    ...rotary,
    architecture: 'phi3',
    modelType: 'phi3',
    taskClass: 'Phi3ForCausalLM',
    writtenFrom: ['phi3'],
    inLayers: {
      ...twoNorms,
      attn_qkv: { hub: 'self_attn.qkv_proj' },
      attn_output: attention.attn_output,
      ffn_up: { hub: 'mlp.gate_up_proj' },
      ffn_down: gatedMlp.ffn_down,
    },
  },
  {
    architecture: 'gpt2',
    modelType: 'gpt2',
    taskClass: 'GPT2LMHeadModel',
    writtenFrom: ['gpt2'],
    tiedUnlessSaid: true,
    layerPrefix: 'transformer.h',
    outside: {
      token_embd: { hub: 'transformer.wte' },
      position_embd: { hub: 'transformer.wpe' },
      output_norm: { hub: 'transformer.ln_f' },
      output: outside.output,
    },
    inLayers: {
      attn_norm: { hub: 'ln_1' },
      attn_qkv: { hub: 'attn.c_attn', layout: 'transposed' },
      attn_output: { hub: 'attn.c_proj', layout: 'transposed' },
      ffn_norm: { hub: 'ln_2' },
      ffn_up: { hub: 'mlp.c_fc', layout: 'transposed' },
      ffn_down: { hub: 'mlp.c_proj', layout: 'transposed' },
    },
    settings: {
      block_count: 'n_layer',
      context_length: 'n_positions',
      embedding_length: 'n_embd',
      feed_forward_length: 'n_inner',
      'attention.head_count': 'n_head',
    },
    epsilon: { key: 'attention.layer_norm_epsilon', hub: 'layer_norm_epsilon' },
  },
];

export const architectureNames = families.map(({ architecture }) => architecture);

/** The model types of Transformers that can be written as GGUF. */
export const writtenTypes = families.flatMap(({ writtenFrom }) => writtenFrom);

export function familyOf(architecture: string): GgufFamily | undefined {
  return families.find((family) => family.architecture === architecture);
}

export function familyToWrite(modelType: string): GgufFamily | undefined {
  return families.find(({ writtenFrom }) => writtenFrom.includes(modelType));
}

/** One tensor's name on the other side, and how the two differ. */
export interface Named {
  readonly name: string;
  readonly layout: Layout;
}

/** Transformers' name of a tensor of a GGUF file, or null where the family has no such tensor. */
export function hubName(family: GgufFamily, stored: string): Named | null {
  const [, layer, part = '', kind = ''] = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(stored) ?? [];
  const parts = layer === undefined ? family.outside : family.inLayers;
  const found = Object.hasOwn(parts, part) ? parts[part] : undefined;
  if (found === undefined) return null;
  const prefix = layer === undefined ? '' : `${family.layerPrefix}.${layer}.`;
  return { name: `${prefix}${found.hub}.${kind}`, layout: layoutOf(found, kind) };
}

/** GGUF's name of a tensor of Transformers, or null where the family has no such tensor. */
export function storedName(family: GgufFamily, hub: string): Named | null {
  const [, stem = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(hub) ?? [];
  const inside = stem.startsWith(`${family.layerPrefix}.`)
    ? /^(\d+)\.(.+)$/.exec(stem.slice(family.layerPrefix.length + 1))
    : null;
  const parts = inside === null ? family.outside : family.inLayers;
  const wanted = inside?.[2] ?? stem;
  const found = Object.entries(parts).find(([, part]) => part.hub === wanted);
  if (found === undefined) return null;
  const prefix = inside === null ? '' : `blk.${inside[1] ?? ''}.`;
  return { name: `${prefix}${found[0]}.${kind}`, layout: layoutOf(found[1], kind) };
}

/** A bias is a list: nothing to exchange, and no norm with a bias is shifted; rows of heads it has. */
function layoutOf({ layout = 'same' }: Part, kind: string): Layout {
  return kind === 'bias' && (layout === 'transposed' || layout === 'plus-one') ? 'same' : layout;
}

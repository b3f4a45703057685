/** Heads that came with an adapter, in place of Transformers': AdapterHub's flexible heads (adapters/heads). */
import type { Tensor } from '../autodiff/graph.ts';
import { gemm, tanh } from '../autodiff/ops.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { activate, activationNames, type Activation } from './activations.ts';
import {
  isLanguageModel,
  type Architecture,
  type Head,
  type HeadName,
  type ModelConfig,
  type Module,
} from './model.ts';
import { layerNorm, layerNormModule } from './norm.ts';
import type { Scope } from './scope.ts';

type Raw = Readonly<Record<string, Json>>;

const kinds: ReadonlyMap<string, Pick<Head, 'name' | 'problem'>> = new Map<string, Pick<Head, 'name' | 'problem'>>([
  ['classification', { name: 'sequence-classification' }],
  ['multilabel_classification', { name: 'sequence-classification', problem: 'multi-label' }],
  ['multiple_choice', { name: 'multiple-choice' }],
  ['tagging', { name: 'token-classification' }],
  ['question_answering', { name: 'question-answering' }],
  ['causal_lm', { name: 'causal-lm' }],
  ['seq2seq_lm', { name: 'seq2seq-lm' }],
]);

/** AdapterHub's own heads have one to three; a file that says a million would take the memory for their names alone. */
const mostLayers = 100;

/** A head of Transformers' whose modules are the base model's without anything for a task. */
const bareHeads = {
  encoder: 'token-classification',
  decoder: 'causal-lm',
  'encoder-decoder': 'seq2seq-lm',
} as const satisfies Record<Architecture['kind'], HeadName>;

/** T5's flexible models hold the base model as `transformer`, where T5ForConditionalGeneration is the base model itself. */
const basePrefixes: Readonly<Record<string, string>> = { t5: 'transformer.', mt5: 'transformer.' };

type Step =
  { readonly kind: 'linear' | 'norm'; readonly module: Module } | { readonly kind: 'bend'; readonly name: Activation };

interface Plan {
  readonly steps: readonly Step[];
  /** The layer over the vocabulary, which never learns; null but for language models. */
  readonly decoder: { readonly name: string; readonly bias: boolean } | null;
  readonly usePooler: boolean;
  readonly epsilon: number;
}

export interface OwnHeadOptions {
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  /** The base model's config.json. */
  readonly rawConfig: Raw;
  /** head_config.json, and where it lies. */
  readonly raw: Raw;
  readonly path: string;
}

/** The architecture with this head on it. Errors: `model.config`. */
export function withOwnHead(options: OwnHeadOptions): { readonly architecture: Architecture; readonly head: Head } {
  const { architecture: base, config, raw } = options;
  const settings = raw['config'] as Raw;
  const head = headOf(options);
  const name = text(options, 'name');
  const bare = { name: bareHeads[base.kind], labels: config.vocabulary };
  const own = { raw, key: (key: string) => `${basePrefixes[base.type] ?? ''}${key}` };
  const taskClasses = { ...base.taskClasses, [head.name]: text(options, 'model_class') };
  if (head.name === 'seq2seq-lm') {
    if (settings['layers'] !== 1 || settings['bias'] === true) refuse(options, 'layers', '1 without a bias');
    // The model's own head, under a name of the adapter's.
    const key = (key: string): string => (key === 'lm_head.weight' ? `heads.${name}.0.weight` : own.key(key));
    return { head, architecture: { ...base, taskClasses, ownHead: { raw, key, learns: false } } };
  }
  if (base.kind === 'encoder-decoder') refuse(options, 'head_type', 'seq2seq_lm');
  const plan = planOf(options, head);
  const pooler = plan.usePooler ? poolerOf(options) : [];
  const tied = plan.decoder && config.tied ? `${base.wordEmbeddings(bare.name)}.weight` : null;
  return {
    head,
    architecture: {
      ...base,
      taskClasses,
      ownHead: { ...own, learns: true },
      wordEmbeddings: () => base.wordEmbeddings(bare.name),
      modules: (model) => [...base.modules(model, bare), ...pooler],
      headModules: () => modulesOf(plan, { config, tied: tied !== null }),
      ties: () => new Map(plan.decoder && tied !== null ? [[`${plan.decoder.name}.weight`, tied]] : []),
      stored: (weight) => base.stored(weight, bare.name),
      pooled: (model, ids) => (base.kind === 'encoder' ? 0 : lastCounted(model, ids)),
      decoderInput: () => 'none',
      forward: (scope, model, inputs) => base.forward(scope, model, { ...inputs, head: bare.name }),
      head: (scope, _head, hidden) => applyPlan(scope, plan, pooled(scope, pooler, hidden)),
    },
  };
}

/** The position that AdapterHub's decoders pool: tokens that are not padding are counted, wherever they stand. */
function lastCounted({ padTokenId }: ModelConfig, ids: readonly number[]): number {
  return Math.max(0, ids.filter((id) => id !== padTokenId).length - 1);
}

function headOf(options: OwnHeadOptions): Head {
  const settings = options.raw['config'] as Raw;
  const kind = kinds.get(text(options, 'head_type', settings));
  if (!kind) return refuse(options, 'head_type', [...kinds.keys()].join(', '));
  const { name } = kind;
  if (isLanguageModel(name)) return { name, labels: options.config.vocabulary };
  if (name === 'multiple-choice') return { name, labels: 1 };
  const labels = settings['num_labels'];
  if (!isCount(labels)) return refuse(options, 'num_labels', 'a whole number of at least 1');
  return name === 'sequence-classification' && labels === 1 && !kind.problem
    ? { name, labels, problem: 'regression' }
    : { ...kind, labels };
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function planOf(options: OwnHeadOptions, { name, labels }: Head): Plan {
  const { raw, rawConfig, config } = options;
  const settings = raw['config'] as Raw;
  const prefix = `heads.${text(options, 'name')}`;
  const { layers = null } = settings;
  if (!isCount(layers) || layers > mostLayers)
    return refuse(options, 'layers', `a whole number from 1 to ${String(mostLayers)}`);
  const bend = activationOf(options, settings['activation_function'] ?? null);
  const language = isLanguageModel(name);
  const width = language && typeof settings['embedding_size'] === 'number' ? settings['embedding_size'] : config.hidden;
  const steps: Step[] = [];
  let index = 0;
  let columns = config.hidden;
  const linear = (out: number, bias: boolean): void => {
    const module: Module = { name: `${prefix}.${String(index)}`, kind: 'linear', shape: [out, columns], bias };
    steps.push({ kind: 'linear', module });
    columns = out;
    index += 1;
  };
  for (let layer = 0; layer < layers - 1; layer += 1) {
    if (!language) index += 1;
    linear(width, true);
    if (bend) {
      steps.push({ kind: 'bend', name: bend });
      index += 1;
    }
    if (language && settings['layer_norm'] === true) {
      steps.push({ kind: 'norm', module: layerNormModule(`${prefix}.${String(index)}`, width) });
      index += 1;
    }
  }
  const bias = settings['bias'] !== false;
  const epsilon = typeof rawConfig['layer_norm_eps'] === 'number' ? rawConfig['layer_norm_eps'] : 1e-12;
  const usePooler = settings['use_pooler'] === true;
  if (language) return { steps, decoder: { name: `${prefix}.${String(index)}`, bias }, usePooler, epsilon };
  // Each layer is preceded by a dropout.
  index += 1;
  linear(labels, bias);
  return { steps, decoder: null, usePooler, epsilon };
}

function activationOf(options: OwnHeadOptions, name: Json): Activation | null {
  if (name === null) return null;
  const known = activationNames.find((own) => own === (typeof name === 'string' ? name.toLowerCase() : null));
  return known ?? refuse(options, 'activation_function', activationNames.join(', '));
}

/** BERT's pooler, where the base model of a classifier has one. */
function poolerOf(options: OwnHeadOptions): readonly Module[] {
  const { architecture, config } = options;
  const modules = architecture.modules(config, { name: 'sequence-classification', labels: 1 });
  const found = modules.filter(({ name }) => name.endsWith('.pooler.dense'));
  return found.length > 0 ? found : refuse(options, 'use_pooler', 'false');
}

function pooled(scope: Scope, [pooler]: readonly Module[], hidden: Tensor): Tensor {
  return pooler ? tanh(scope.linear(hidden, pooler.name)) : hidden;
}

/** The layer over the vocabulary is saved with the head and frozen: a buffer, or the embedding. */
function modulesOf(
  { steps, decoder }: Plan,
  { config, tied }: { readonly config: ModelConfig; readonly tied: boolean },
): readonly Module[] {
  const learned = steps.flatMap((step) => (step.kind === 'bend' ? [] : [step.module]));
  if (!decoder) return learned;
  const buffer = (name: string, shape: readonly number[]): Module => ({ name, kind: 'buffer', shape, bias: false });
  const width = learned.at(-1)?.shape[0] ?? config.hidden;
  return [
    ...learned,
    ...(tied ? [] : [buffer(`${decoder.name}.weight`, [config.vocabulary, width])]),
    ...(decoder.bias ? [buffer(`${decoder.name}.bias`, [config.vocabulary])] : []),
  ];
}

function applyPlan(scope: Scope, { steps, decoder, epsilon }: Plan, hidden: Tensor): Tensor {
  const x = steps.reduce((z, step) => {
    if (step.kind === 'bend') return activate(step.name, z);
    const { name } = step.module;
    return step.kind === 'linear' ? scope.linear(z, name) : layerNorm(scope, name, epsilon)(z);
  }, hidden);
  if (!decoder) return x;
  const bias = decoder.bias ? { c: scope.weight(`${decoder.name}.bias`) } : {};
  return gemm(x, scope.weight(`${decoder.name}.weight`), { transB: true, ...bias });
}

function text(options: OwnHeadOptions, field: string, from: Raw = options.raw): string {
  const value = from[field];
  if (typeof value === 'string') return value;
  const shown = JSON.stringify(value ?? null);
  throw new StudioError('model.config', { path: options.path, field, value: shown, legal: 'a name' });
}

function refuse({ raw, path }: OwnHeadOptions, field: string, legal: string): never {
  const value = JSON.stringify((raw['config'] as Raw)[field] ?? null);
  throw new StudioError('model.config', { path, field: `config.${field}`, value, legal });
}

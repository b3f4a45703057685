/** LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2021, arXiv 2106.09685), with rsLoRA, DoRA, LoRA+ and PiSSA. */
import { weightsOfModule } from '../../models/model.ts';
import { StudioError } from '../../spec/errors.ts';
import type { LoraConfig } from '../../spec/methods/lora.ts';
import { endsIn, learningHead, plainMethod, wordTemplate, type Method, type Target } from '../method.ts';
import { toPeftConfig } from './config.ts';
import { injectLora } from './inject.ts';
import { loraMerging } from './merge.ts';
import { biasOf, correctedModules, loraParameters, magnitudeOf, startOf } from './parameters.ts';
import { pissaFactors, savedLora } from './saved.ts';
import { loraStart } from './start.ts';

export const lora: Method<LoraConfig> = {
  ...plainMethod,
  name: 'lora',
  merging: loraMerging,
  savedAs: 'peft',
  template: wordTemplate,
  lowRank: correctedModules,
  peft: {
    config: toPeftConfig,
    key: peftKey,
    // PEFT starts anew on the base as it came, which changes it, and then reads the file.
    holdsLearned: ({ initWeights }) => initWeights === 'pissa',
    alsoSaved,
  },
  startsAsIdentity: ({ initWeights }) => initWeights !== 'random',
  check: (config, target) => {
    if (config.dora && config.loraBias) refuse('loraBias', 'true', 'false with DoRA');
    const tables = [...correctedModules(config, target).values()].filter(({ module }) => module.kind === 'embedding');
    if (config.initWeights === 'pissa' && tables.length > 0)
      refuse('initWeights', 'pissa', 'default, gaussian or random where word tables are corrected');
  },
  // What is one weight in the model becomes two where one of the two learns whole.
  adapt: (model, { modulesToSave, ensureWeightTying }, { architecture, head }) => {
    const pairs = [...architecture.ties(model, head)].flat().map((weight) => weight.replace(/\.weight$/, ''));
    const parts = pairs.some((name) => modulesToSave?.some((wanted) => endsIn(name, wanted)));
    return parts && !ensureWeightTying ? { ...model, tied: false } : model;
  },
  added: loraParameters,
  trainable,
  rate,
  start: loraStart,
  inject: injectLora,
  savedConfig: savedLora,
  savedTensors: pissaFactors,
};

function refuse(field: string, value: string, legal: string): never {
  throw new StudioError('recipe.field', { path: `method.${field}`, value, legal });
}

function trainable(config: LoraConfig, target: Target): readonly string[] {
  const corrected = correctedModules(config, target);
  const frozen = new Set([...corrected.values()].flatMap(({ a, b }) => [startOf(a), startOf(b)]));
  const own = [...loraParameters(config, target).keys()].filter((name) => !frozen.has(name));
  return [...new Set([...own, ...learningHead(target, config.modulesToSave), ...learningBiases(config, target)])];
}

/** PEFT goes by the name: whatever has `bias` in it. */
function learningBiases(config: LoraConfig, target: Target): readonly string[] {
  if (config.bias === 'none') return [];
  if (config.bias === 'all')
    return [...target.base.keys(), ...target.headWeights.keys()].filter((name) => name.includes('bias'));
  const corrected = [...correctedModules(config, target).values()];
  return corrected.filter(({ module }) => module.bias).map(({ module }) => `${module.name}.bias`);
}

/** Weights of a corrected module lie a level deeper in PEFT's wrapped model. */
function peftKey(name: string, target: Target, config: LoraConfig): string {
  const module = name.slice(0, name.lastIndexOf('.'));
  const wrapped = config.bias !== 'none' && name.endsWith('.bias') && correctedModules(config, target).has(module);
  return `base_model.model.${wrapped ? `${module}.base_layer.bias` : name}`;
}

/** Tables that PEFT takes for changed (peft/utils/save_and_load.py), and the other name of a tied one that learned. */
function alsoSaved(config: LoraConfig, target: Target): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const { targetModules, targetPattern } = config;
  const names = ['embed_tokens', 'lm_head'];
  const table = target.architecture.wordEmbeddings(target.head.name);
  const named = (wanted: string): boolean => (targetPattern ?? targetModules).includes(wanted);
  const corrected = correctedModules(config, target);
  if (names.some(named))
    for (const { module } of corrected.values())
      if (module.name === table || module.name === 'lm_head')
        found.set(`base_model.model.${module.name}.base_layer.weight`, `${module.name}.weight`);
  if (!config.ensureWeightTying) return found;
  const learned = new Set(learningHead(target, config.modulesToSave));
  for (const module of target.modules.values())
    if (module.part === 'tied' && learned.has(`${table}.weight`))
      for (const [name] of weightsOfModule(module)) found.set(`base_model.model.${name}`, name);
  return found;
}

/** LoRA+ (Hayou et al., 2024, arXiv 2402.12354): B and vectors move faster than A, tables slower. */
function rate(config: LoraConfig, name: string, target: Target): number {
  const { loraPlusRatio: ratio, loraPlusEmbedding } = config;
  if (ratio === 1) return 1;
  for (const [
    module,
    {
      a,
      b,
      module: { kind },
    },
  ] of correctedModules(config, target)) {
    if (name === a) return kind === 'embedding' ? loraPlusEmbedding : 1;
    if (name === b) return kind === 'embedding' ? loraPlusEmbedding : ratio;
    if (name === biasOf(module) || name === magnitudeOf(module)) return ratio;
  }
  const owner = target.modules.get(name.slice(0, name.lastIndexOf('.')));
  if (owner?.kind === 'embedding') return loraPlusEmbedding;
  return (target.base.get(name) ?? target.headWeights.get(name) ?? []).length === 1 ? ratio : 1;
}

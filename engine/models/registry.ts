/** All architectures the engine can run, by `model_type`. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { bart } from './bart/index.ts';
import { bert } from './bert/index.ts';
import { debertaV2 } from './deberta-v2/index.ts';
import { distilbert } from './distilbert/index.ts';
import { electra } from './electra/index.ts';
import { gemma } from './gemma/index.ts';
import { gemma2 } from './gemma2/index.ts';
import { gemma3, gemma3Text } from './gemma3/index.ts';
import { gpt2 } from './gpt2/index.ts';
import { gptNeox } from './gpt-neox/index.ts';
import { llama } from './llama/index.ts';
import { mistral } from './mistral/index.ts';
import type { Architecture } from './model.ts';
import { opt } from './opt/index.ts';
import { phi3 } from './phi3/index.ts';
import { qwen2 } from './qwen2/index.ts';
import { qwen3 } from './qwen3/index.ts';
import { roberta, xlmRoberta } from './roberta/index.ts';
import { mt5, t5 } from './t5/index.ts';

/** Each architecture parses its own config; outside it, a config is only handed back to it. */
const list = [
  bert,
  roberta,
  xlmRoberta,
  distilbert,
  electra,
  debertaV2,
  t5,
  mt5,
  bart,
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  gemma3Text,
  gemma3,
  phi3,
  gpt2,
  gptNeox,
  opt,
] as readonly unknown[] as readonly Architecture[];

const registry = new Map(list.map((architecture) => [architecture.type, architecture]));
if (registry.size !== list.length) throw new RangeError('an architecture is registered twice');

export const architectureNames = [...registry.keys()];

/** The architecture that a config.json names. Throws `model.unknown-architecture`. */
export function architectureOf(config: Readonly<Record<string, Json>>): Architecture {
  const type = config['model_type'];
  const name = typeof type === 'string' ? type : 'none';
  const found = registry.get(name);
  if (!found)
    throw new StudioError('model.unknown-architecture', { architecture: name, known: architectureNames.join(', ') });
  return found;
}

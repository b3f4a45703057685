/** All architectures the engine can run, by `model_type`. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { bert } from './bert/index.ts';
import { debertaV2 } from './deberta-v2/index.ts';
import { distilbert } from './distilbert/index.ts';
import { electra } from './electra/index.ts';
import { llama } from './llama/index.ts';
import type { Architecture } from './model.ts';
import { roberta, xlmRoberta } from './roberta/index.ts';

/** Each architecture parses its own config; outside it, a config is only handed back to it. */
const list = [
  bert,
  roberta,
  xlmRoberta,
  distilbert,
  electra,
  debertaV2,
  llama,
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

/** ELECTRA's config.json: BERT's, with embeddings of a size of their own and a summary in front of multiple choice. */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { parseBertConfig, type BertConfig } from '../bert/config.ts';
import { readConfig } from '../config-reader.ts';

export interface ElectraConfig extends BertConfig {
  readonly embeddingSize: number;
  readonly summary: {
    /** A linear layer in front of the classifier. */
    readonly projects: boolean;
    readonly activation: Activation | null;
  };
}

export function parseElectraConfig(raw: Readonly<Record<string, Json>>, path: string): ElectraConfig {
  const config = parseBertConfig(raw, path);
  const read = readConfig(raw, path);
  read.choice('summary_type', ['first'], 'first');
  if (read.boolean('summary_proj_to_labels', false)) read.refuse('summary_proj_to_labels', 'false');
  const silent = raw['summary_activation'] === null || raw['summary_activation'] === '';
  return {
    ...config,
    embeddingSize: read.count('embedding_size', 128),
    padTokenId: config.padTokenId ?? 0,
    summary: {
      projects: read.boolean('summary_use_proj', true),
      activation: silent ? null : read.choice('summary_activation', activationNames, 'gelu'),
    },
  };
}

/** RoBERTa's config.json: BERT's, with positions that start behind the padding index. */
import type { Json } from '../../spec/json.ts';
import { parseBertConfig, type BertConfig } from '../bert/config.ts';

export function parseRobertaConfig(raw: Readonly<Record<string, Json>>, path: string): BertConfig {
  const config = parseBertConfig(raw, path);
  return { ...config, maxLength: config.positionRows - (config.padTokenId ?? 1) - 1 };
}

/** Names and shapes of RoBERTa's weights; its classification head is two layers. */
import type { Shape } from '../../autodiff/graph.ts';
import type { BertConfig } from '../bert/config.ts';
import { bertHeadWeights, encoderWeights, withBias } from '../bert/weights.ts';
import type { Head } from '../model.ts';

export function robertaWeights(config: BertConfig): ReadonlyMap<string, Shape> {
  return new Map(encoderWeights(config, 'roberta'));
}

export function robertaHeadWeights(config: BertConfig, head: Head): ReadonlyMap<string, Shape> {
  if (head.name !== 'sequence-classification') return bertHeadWeights(config, head);
  const { hidden } = config;
  return new Map(
    withBias([
      ['classifier.dense', [hidden, hidden]],
      ['classifier.out_proj', [head.labels, hidden]],
    ]),
  );
}

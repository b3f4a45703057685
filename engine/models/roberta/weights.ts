/** Names and shapes of RoBERTa's weights; its classification head is two layers. */
import type { Shape } from '../../autodiff/graph.ts';
import type { BertConfig } from '../bert/config.ts';
import { bertHeadWeights, encoderWeights, isPooled, withBias } from '../bert/weights.ts';
import type { Head } from '../model.ts';

export function robertaWeights(config: BertConfig, head: Head): ReadonlyMap<string, Shape> {
  const { hidden } = config;
  const pooler = head.name === 'multiple-choice' ? withBias([['roberta.pooler.dense', [hidden, hidden]]]) : [];
  return new Map([...encoderWeights(config, 'roberta'), ...pooler]);
}

export function robertaHeadWeights(config: BertConfig, head: Head): ReadonlyMap<string, Shape> {
  if (head.name !== 'sequence-classification' || !isPooled(head)) return bertHeadWeights(config, head);
  const { hidden } = config;
  return new Map(
    withBias([
      ['classifier.dense', [hidden, hidden]],
      ['classifier.out_proj', [head.labels, hidden]],
    ]),
  );
}

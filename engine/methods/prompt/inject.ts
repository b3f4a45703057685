/** A learned table of word vectors and what it starts from (Lester et al., 2021, section 3.2; PEFT's PromptEmbedding). */
import type { PromptConfig } from '../../spec/methods/prompt.ts';
import type { Shape } from '../../autodiff/graph.ts';
import type { Initial, NewParameter, StartContext, Target } from '../method.ts';
import { promptTable, wordSize } from '../peft-prompts.ts';
import { drawnIds, labelIds, wordsToStartFrom } from '../start-words.ts';

export function promptShape(
  { virtualTokens, transformerSubmodules }: Pick<PromptConfig, 'virtualTokens' | 'transformerSubmodules'>,
  target: Target,
): Shape {
  return [virtualTokens * transformerSubmodules, wordSize(target)];
}

export function promptParameters(config: PromptConfig, target: Target): ReadonlyMap<string, NewParameter> {
  // At random as PyTorch's Embedding starts.
  const initial: Initial = config.init === 'random' ? { kind: 'normal', deviation: 1 } : { kind: 'from-model' };
  return new Map([[promptTable, { shape: promptShape(config, target), initial }]]);
}

/** Word embeddings as the model reads them; a label of several tokens is their mean. */
export async function promptStart(
  config: PromptConfig,
  context: StartContext,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { target } = context;
  const [rows = 0, size = 0] = promptShape(config, target);
  const words = await context.weight(`${target.architecture.wordEmbeddings(target.head.name)}.weight`);
  const { embeddingScale: scale = 1 } = target.config;
  const table = new Float32Array(rows * size);
  (await startIds(config, rows, context)).forEach((ids, row) => {
    for (const id of ids) {
      for (let at = 0; at < size; at += 1) {
        const place = row * size + at;
        table[place] = (table[place] ?? 0) + (scale * (words[id * size + at] ?? 0)) / ids.length;
      }
    }
  });
  return new Map([[promptTable, table]]);
}

/** Ids of the words that each row of the table starts from. */
async function startIds(
  { init, initText }: PromptConfig,
  rows: number,
  context: StartContext,
): Promise<readonly (readonly number[])[]> {
  const alone = (ids: readonly number[]): readonly (readonly number[])[] => ids.map((id) => [id]);
  switch (init) {
    case 'random':
      return [];
    case 'vocabulary':
      return alone(drawnIds(rows, context));
    case 'text':
      return alone(await wordsToStartFrom(initText, rows, context));
    case 'labels': {
      const labels = (await labelIds(context)).slice(0, rows);
      return [...labels, ...alone(drawnIds(rows - labels.length, context))];
    }
  }
}

/** A machine as tasks ask it: rows in any number, batched by length, answers in the rows' order. */
import { Decoder } from '../generate/decoder.ts';
import type { TokenRules } from '../generate/rules.ts';
import type { Device } from '../runtime/device.ts';
import type { Runtime } from '../runtime/session.ts';
import { generationSettings } from '../spec/generation.ts';
import type { Recipe } from '../spec/recipe.ts';
import { writesText } from '../spec/tasks.ts';
import type { Answerer, Watch } from '../tasks/task.ts';
import { withoutVirtualTokens, type TokenRow } from '../tasks/rows.ts';
import { dealByLength } from './batches.ts';
import type { Machine } from './machine.ts';
import type { Weights } from './weights.ts';

export interface AnswererOptions {
  readonly machine: Machine;
  readonly runtime: Runtime;
  readonly device: Device;
  readonly threads: number;
  readonly mapped: Weights['mapped'];
  readonly batchSize: number;
  /** What the model's files say of its answers. */
  readonly rules: TokenRules;
}

/** Prompts answered at a time. */
const promptsAtATime = 16;

export function createAnswerer(options: AnswererOptions): Answerer & { dispose(): Promise<void> } {
  const { machine, batchSize } = options;
  const decoder = new Decoder({ ...options, setup: machine.setup, state: machine.state });
  return {
    logits: (rows, watch) => inBatches(rows, { batchSize, watch }, (batch) => machine.logits(batch)),
    losses: (rows, watch) => inBatches(rows, { batchSize, watch }, (batch) => machine.losses(batch)),
    features: (rows, watch) =>
      inBatches(rows, { batchSize, watch }, async (batch) => {
        const read = machine.setup.virtualTokens === 0 ? batch.map(withoutVirtualTokens) : batch;
        const everywhere = read.map((row) => ({
          ...row,
          answers: row.ids.map((_, position) => ({ position, label: 0 })),
        }));
        const { hidden } = machine.setup.config;
        return (await machine.hidden(everywhere)).map((state) => meanRow(state, hidden));
      }),
    states: (rows, watch) => inBatches(rows, { batchSize, watch }, (batch) => machine.hidden(batch)),
    continue: async (prompts, maxNewTokens, watch) => {
      const answers: (readonly number[])[] = [];
      const order = prompts
        .map((_, index) => index)
        .sort((a, b) => (prompts[a]?.length ?? 0) - (prompts[b]?.length ?? 0));
      let done = 0;
      for (let start = 0; start < order.length; start += promptsAtATime) {
        const chosen = order.slice(start, start + promptsAtATime);
        const decoding = {
          settings: generationSettings({ maxNewTokens }),
          rules: options.rules,
          onToken: () => watch?.(done, prompts.length),
        };
        const found = await decoder.decode(
          chosen.map((index) => prompts[index] ?? []),
          decoding,
        );
        chosen.forEach((index, at) => {
          answers[index] = found[at] ?? [];
        });
        done += chosen.length;
        watch?.(done, prompts.length);
      }
      return answers;
    },
    dispose: () => decoder.dispose(),
  };
}

/** Of a run whose rows are measured; few tokens answer for a label, and an answer that is written has many. */
export function rowsMeasuredTogether({ task, training }: Pick<Recipe, 'task' | 'training'>): number {
  return Math.max(training.batchSize, writesText(task) ? 1 : 32);
}

type BatchWork = (rows: readonly TokenRow[]) => Promise<readonly Float32Array[]>;

async function inBatches(
  rows: readonly TokenRow[],
  { batchSize, watch }: { batchSize: number; watch: Watch | undefined },
  work: BatchWork,
): Promise<readonly Float32Array[]> {
  const results = new Array<Float32Array>(rows.length);
  let done = 0;
  for (const indices of dealByLength(
    rows.map(({ ids }) => ids.length),
    batchSize,
  )) {
    const found = await work(indices.flatMap((index) => rows[index] ?? []));
    indices.forEach((index, at) => {
      results[index] = found[at] ?? new Float32Array();
    });
    done += indices.length;
    watch?.(done, rows.length);
  }
  return results;
}

function meanRow(states: Float32Array, size: number): Float32Array {
  const mean = new Float32Array(size);
  const rows = states.length / size;
  states.forEach((value, at) => {
    mean[at % size] = (mean[at % size] ?? 0) + value / rows;
  });
  return mean;
}

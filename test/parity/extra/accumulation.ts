/** Golden-extra's gradient accumulation: micro-batches of a causal model whose tokens count alike, whatever batch they fell into. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradients } from '../../../engine/autodiff/backward.ts';
import { Graph } from '../../../engine/autodiff/graph.ts';
import { reshape } from '../../../engine/autodiff/ops.ts';
import type { HostTensor } from '../../../engine/runtime/session.ts';
import { weightedLoss } from '../../../engine/tasks/objective.ts';
import { floatData, floats, longs } from '../../../engine/train/state.ts';
import { openReference } from '../reference.ts';
import { compare } from './compare.ts';
import type { ExtraResult, Machine } from './registry.ts';

/** Sums of float32 losses; gradients of logits are shares of a token. */
const tolerance = 1e-6;

interface Golden {
  readonly token_counts_shifted: readonly number[];
  readonly token_weighted_contributions: readonly number[];
  readonly token_weighted_loss: number;
}

export async function runAccumulation(folder: string, machine: Machine): Promise<ExtraResult> {
  const golden = JSON.parse(readFileSync(join(folder, 'accumulation.json'), 'utf8')) as Golden;
  const tensors = await openReference(folder, 'accumulation.safetensors');
  const micro = golden.token_counts_shifted.map((_, index) => {
    const { shape, values } = tensors.floats(`micro${String(index)}.logits`);
    return { shape, logits: values, labels: shifted(tensors.integers(`micro${String(index)}.labels`)) };
  });
  const counts = micro.map(({ labels }) => labels.filter((label) => label >= 0).length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const found: { loss: number; gradient: readonly number[] }[] = [];
  for (const batch of micro) found.push(await contribution(batch, 1 / total, machine));
  return compare(
    {
      counts,
      contributions: found.map(({ loss }) => loss),
      loss: found.reduce((sum, { loss }) => sum + loss, 0),
      gradients: found.map(({ gradient }) => gradient),
    },
    {
      counts: golden.token_counts_shifted,
      contributions: golden.token_weighted_contributions,
      loss: golden.token_weighted_loss,
      gradients: micro.map((_, index) => [...tensors.floats(`micro${String(index)}.dlogits_token_weighted`).values]),
    },
    tolerance,
  );
}

/** Position t answers with the token of t + 1; the last with none: −100. */
function shifted({ shape, values }: { shape: readonly number[]; values: readonly number[] }): readonly number[] {
  const length = shape[1] ?? 1;
  return values.map((_, index) => ((index + 1) % length === 0 ? -100 : (values[index + 1] ?? -100)));
}

interface MicroBatch {
  /** [rows, length, vocabulary]. */
  readonly shape: readonly number[];
  readonly logits: Float32Array;
  readonly labels: readonly number[];
}

async function contribution(
  { shape, logits, labels }: MicroBatch,
  weight: number,
  { runtime, device }: Machine,
): Promise<{ loss: number; gradient: readonly number[] }> {
  const graph = new Graph();
  const leaf = graph.input('logits', 'float32', shape);
  const answers = labels.length;
  const objective = { batch: shape[0] ?? 1, answers, choices: 1 };
  const loss = weightedLoss('class', reshape(leaf, [answers, logits.length / answers]), { graph, shape: objective });
  const [gradient] = gradients(loss, [leaf]);
  if (!gradient) throw new Error('the loss does not depend on the logits');
  const session = await runtime.compile(graph, { loss, gradient }, { device, threads: 1 });
  const known = labels.map((label) => Math.max(0, label));
  const weights = Float32Array.from(labels, (label) => (label >= 0 ? weight : 0));
  const result = await session.run(
    new Map<string, HostTensor>([
      ['logits', floats(shape, logits)],
      ['labels', longs([answers], known)],
      ['weights', floats([answers], weights)],
    ]),
  );
  await session.dispose();
  return { loss: floatData(result['loss'])[0] ?? NaN, gradient: [...floatData(result['gradient'])] };
}

/** A model as it came, asked for the likelihoods of continuations, and what its answers are held against. */
import { askedRow, encodeAsked, type Asked, type Reader } from '../../../engine/methods/in-context/continuation.ts';
import type { HeadName } from '../../../engine/models/model.ts';
import { beginningToken, tokenRules } from '../../../engine/generate/rules.ts';
import { argmax } from '../../../engine/tasks/probabilities.ts';
import type { Answerer } from '../../../engine/tasks/task.ts';
import { createAnswerer } from '../../../engine/train/answerer.ts';
import { Machine as Engine } from '../../../engine/train/machine.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { loadWeights } from '../../../engine/train/weights.ts';
import type { ExtraResult, Machine } from './registry.ts';

/** Deviations as they come; the first beyond its tolerance is told. */
export class Check {
  worst = 0;
  failure: string | null = null;

  number(name: string, [found, expected]: readonly [number | undefined, number | undefined], tolerance: number): void {
    const deviation = Math.abs((found ?? NaN) - (expected ?? NaN));
    if (deviation > this.worst) this.worst = deviation;
    if (!(deviation <= tolerance))
      this.failure ??= `${name}: ${String(found)}, expected ${String(expected)} (tolerance ${String(tolerance)})`;
  }

  numbers(
    name: string,
    [found, expected]: readonly [ArrayLike<number>, readonly number[]],
    tolerance: (own: number) => number,
  ): void {
    this.same(`length of ${name}`, found.length, expected.length);
    expected.forEach((own, at) => {
      this.number(`${name}[${String(at)}]`, [found[at], own], tolerance(own));
    });
  }

  same(name: string, found: unknown, expected: unknown): void {
    const [own, other] = [JSON.stringify(found), JSON.stringify(expected)];
    if (own !== other) this.failure ??= `${name}: ${own}, expected ${other}`;
  }

  result(): ExtraResult {
    return { worst: this.worst, failure: this.failure };
  }
}

export interface Asking {
  readonly reader: Reader;
  readonly answerer: Answerer;
}

export interface Bounded extends Asking {
  readonly maxLength: number;
}

/** Opens a model as it came and asks it. */
export async function asked(
  { machine, model, head }: { readonly machine: Machine; readonly model: string; readonly head: HeadName },
  work: (asking: Asking, check: Check) => Promise<void>,
): Promise<ExtraResult> {
  const { base, architecture, config } = await openArchitecture(model);
  try {
    const labels = head === 'causal-lm' ? config.vocabulary : 2;
    const setup = createSetup({ architecture, config, head: { name: head, labels }, method: null });
    const weights = await loadWeights({ base, setup, seed: 0 });
    const options = { ...machine, threads: 1, mapped: weights.mapped };
    const engine = new Engine({ ...options, setup, base, weights });
    const answerer = createAnswerer({ ...options, machine: engine, batchSize: 8, rules: tokenRules(base) });
    const check = new Check();
    const reader = { tokenizer: base.tokenizer, kind: architecture.kind, config, beginning: beginningToken(base) };
    await work({ reader, answerer }, check);
    await answerer.dispose();
    await engine.release();
    return check.result();
  } finally {
    await base.close();
  }
}

/** log p of each continuation's tokens, and whether each is the likeliest. */
export async function likelihoods(
  questions: readonly Asked[],
  { reader, answerer, maxLength }: Bounded,
): Promise<readonly { readonly tokens: readonly number[]; readonly greedy: boolean }[]> {
  const encoded = await encodeAsked(questions, reader);
  const rows = encoded.map((own) => askedRow(own, reader, maxLength));
  const losses = await answerer.losses(rows);
  const logits = await answerer.logits(rows);
  return rows.map(({ answers }, at) => {
    const own = logits[at] ?? new Float32Array();
    const width = own.length / answers.length;
    const best = answers.map((_, token) => argmax(own.subarray(token * width, (token + 1) * width)));
    return {
      tokens: Array.from(losses[at] ?? [], (loss) => -loss),
      greedy: answers.every(({ label }, token) => best[token] === label),
    };
  });
}

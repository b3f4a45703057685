/** Greedy replies of a golden case after its training: the very tokens, and the log-probabilities of the five best at each step. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decoder } from '../../engine/generate/decoder.ts';
import { logSoftmax, type Scores } from '../../engine/generate/scores.ts';
import type { Device } from '../../engine/runtime/device.ts';
import type { HostTensor, Runtime } from '../../engine/runtime/session.ts';
import { generationSettings } from '../../engine/spec/generation.ts';
import type { Setup } from '../../engine/train/setup.ts';
import type { CaseFile } from './cases.ts';
import type { Deviation } from './run-case.ts';

interface Row {
  readonly prompt_ids: readonly number[];
  readonly attention_mask: readonly number[];
  readonly new_ids: readonly number[];
  /** Step after step, the best first. */
  readonly top5_ids: readonly (readonly number[])[];
  readonly top5_logprobs: readonly (readonly number[])[];
}

interface GenerationFile {
  readonly max_new_tokens: number;
  /** Of each row of the last run: how far it is from the same prompt alone, which is the run of the row's number. */
  readonly padded_batch_agreement: readonly { readonly first_step_logprob_diff: number }[];
  readonly runs: readonly { readonly batched: boolean; readonly rows: readonly Row[] }[];
}

export interface TrainedCase {
  readonly folder: string;
  readonly file: CaseFile;
  readonly setup: Setup;
  /** Every weight by its leaf's name, as it is after the training. */
  readonly state: ReadonlyMap<string, HostTensor>;
}

/** Behind a step whose two best tokens are nearer than this, another reply is no error. */
const close = 1e-3;
/** Log-probabilities are written with six digits. */
const rounding = 1e-6;

/**
 * Ours gives a row of a padded batch what it gives the row alone. Upstream does not always: with prompts PEFT drops the position
 * ids of a left-padded batch, and sliding windows count its padding. Where its own log-probabilities differ by more than this,
 * our row of the batch is held against the same prompt alone.
 */
const samePadded = 1e-4;
const paddedNote =
  'generation: a row of a padded batch for which upstream itself answers otherwise than for the prompt alone is held against the prompt alone';

/** Null for a case that has no generation.json. */
export async function runGeneration(
  { folder, file, setup, state }: TrainedCase,
  { runtime, device }: { readonly runtime: Runtime; readonly device: Device },
): Promise<Deviation | null> {
  const path = join(folder, 'generation.json');
  if (!existsSync(path)) return null;
  const { runs, max_new_tokens, padded_batch_agreement } = JSON.parse(readFileSync(path, 'utf8')) as GenerationFile;
  const settings = generationSettings({ maxNewTokens: max_new_tokens });
  const decoder = new Decoder({ runtime, device, threads: 1, setup, state, mapped: new Map() });
  let note: string | undefined;
  const worst = new WorstStep(2 * file.tolerance.logits_final + rounding);
  try {
    for (const [run, { rows, batched }] of runs.entries()) {
      const prompts = rows.map((row) => row.prompt_ids.filter((_, at) => row.attention_mask[at] === 1));
      const seen = rows.map(() => [] as Scores[]);
      const found = await decoder.search(prompts, {
        settings,
        rules: { eos: [] },
        watch: (scores, { row }) => {
          seen[row]?.push(scores);
          return scores;
        },
      });
      rows.forEach((row, index) => {
        const where = `run ${String(run)} row ${String(index)}`;
        const differs = batched && (padded_batch_agreement[index]?.first_step_logprob_diff ?? 0) > samePadded;
        if (differs) note = paddedNote;
        const expected = (differs ? runs[index]?.rows[0] : null) ?? row;
        worst.compare(expected, { ids: found[index]?.[0]?.ids ?? [], scores: seen[index] ?? [] }, where);
      });
    }
  } finally {
    await decoder.dispose();
  }
  return note === undefined ? worst.deviation : { ...worst.deviation, note };
}

class WorstStep {
  readonly #atol: number;
  #found: Deviation = { family: 'generation', worst: 0, ratio: 0, where: 'no step' };

  constructor(atol: number) {
    this.#atol = atol;
  }

  get deviation(): Deviation {
    return this.#found;
  }

  compare(row: Row, ours: { ids: readonly number[]; scores: readonly Scores[] }, where: string): void {
    for (const [step, id] of row.new_ids.entries()) {
      const logs = logSoftmax(ours.scores[step] ?? []);
      const theirs = row.top5_logprobs[step] ?? [];
      row.top5_ids[step]?.forEach((candidate, rank) => {
        const expected = theirs[rank] ?? NaN;
        const off = Math.abs((logs[candidate] ?? NaN) - expected);
        this.#keep(off, off / (this.#atol + 1e-4 * Math.abs(expected)), `${where} step ${String(step)}`);
      });
      if (ours.ids[step] === id) continue;
      const [best = NaN, second = NaN] = theirs;
      if (!(best - second < close))
        this.#keep(Infinity, Infinity, `${where} step ${String(step)}: ${String(ours.ids[step])}, not ${String(id)}`);
      return;
    }
  }

  #keep(worst: number, ratio: number, where: string): void {
    const known = Number.isNaN(ratio) ? Infinity : ratio;
    if (known >= this.#found.ratio) this.#found = { family: 'generation', worst, ratio: known, where };
  }
}

/** Decoding: stops, sampling by seed, listeners, golden replies. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Decoder, type DecodeOptions } from '../../../engine/generate/decoder.ts';
import { generationSettings, type GenerationRequest } from '../../../engine/spec/generation.ts';
import type { MethodConfig } from '../../../engine/spec/methods/index.ts';
import { softmax } from '../../../engine/tasks/probabilities.ts';
import { classify, type CaseFile } from '../../parity/cases.ts';
import { openReference } from '../../parity/reference.ts';
import { goldenModel, loadMachine, randomRows, shared, useFolder } from '../../support/engine-fixtures.ts';

type Loaded = Awaited<ReturnType<typeof loadMachine>>;

async function load(model: string, method: MethodConfig | null = null, known = new Map<string, Float32Array>()) {
  const loaded = await loadMachine({ model, head: 'causal-lm', method, known });
  const { runtime, setup, weights, machine } = loaded;
  const decoder = new Decoder({
    runtime,
    device: 'cpu',
    threads: 1,
    setup,
    state: machine.state,
    mapped: weights.mapped,
  });
  return { ...loaded, decoder };
}

async function close({ decoder, machine, base }: Loaded & { decoder: Decoder }): Promise<void> {
  await decoder.dispose();
  await machine.release();
  await base.close();
}

const newTokens = 12;
const greedy: DecodeOptions = { settings: generationSettings({ maxNewTokens: newTokens }), rules: { eos: [] } };

function sampling(asked: GenerationRequest): DecodeOptions {
  return { ...greedy, settings: generationSettings({ maxNewTokens: newTokens, ...asked }) };
}

/** Logits behind a row, by a pass over the whole of it. */
async function next({ machine }: Loaded, ids: readonly number[]): Promise<Float32Array> {
  const row = { ids, types: null, answers: [{ position: ids.length - 1, label: 0 }] };
  return (await machine.logits([row]))[0] ?? new Float32Array();
}

describe('on a tiny Llama', () => {
  let loaded: Awaited<ReturnType<typeof load>>;
  // Short of, at, and beyond the steps that prompts are rounded to.
  const prompts = randomRows([3, 16, 17, 9], { seed: 4 }).map(({ ids }) => ids);
  beforeAll(async () => {
    loaded = await load(goldenModel('llama'));
  });
  afterAll(() => close(loaded));

  test('a row ends before its stop token; the others go on', async () => {
    const whole = await loaded.decoder.decode(prompts, greedy);
    const stop = whole[1]?.[4] ?? -1;
    const heard: number[][] = prompts.map(() => []);
    const found = await loaded.decoder.decode(prompts, {
      ...greedy,
      rules: { eos: [stop] },
      onToken: (row, id) => heard[row]?.push(id),
    });
    const expected = whole.map((reply) => (reply.includes(stop) ? reply.slice(0, reply.indexOf(stop)) : reply));
    expect({ found, heard }).toEqual({ found: expected, heard: expected });
    expect(found[1]?.length).toBeLessThan(5);
  });

  test('a sampled reply is a function of its seed', async () => {
    const sample = (seed: number) => loaded.decoder.decode(prompts, sampling({ temperature: 1, seed }));
    const first = await sample(1);
    expect(await sample(1)).toEqual(first);
    expect(await sample(2)).not.toEqual(first);
    // Equal prompts of a batch are sampled apart.
    const [prompt = []] = prompts;
    const [one, two] = await loaded.decoder.decode([prompt, prompt], sampling({ temperature: 1, seed: 1 }));
    expect(one).not.toEqual(two);
  });

  test('a temperature near zero is greedy', async () => {
    const cold = await loaded.decoder.decode(prompts, sampling({ temperature: 1e-4, seed: 1 }));
    expect(cold).toEqual(await loaded.decoder.decode(prompts, greedy));
  });

  test('tokens are drawn as often as their probability says', async () => {
    const [prompt = []] = prompts;
    const temperature = 0.5;
    const chances = softmax((await next(loaded, prompt)).map((logit) => logit / temperature));
    const counts = chances.map(() => 0);
    const [seeds, rows] = [25, 80];
    for (let seed = 0; seed < seeds; seed += 1) {
      const batch = Array.from({ length: rows }, () => prompt);
      for (const [id = -1] of await loaded.decoder.decode(batch, sampling({ maxNewTokens: 1, temperature, seed })))
        counts[id] = (counts[id] ?? 0) + 1;
    }
    const draws = seeds * rows;
    const far = chances.flatMap((chance, id) => {
      const deviation = Math.sqrt(draws * chance * (1 - chance));
      return Math.abs((counts[id] ?? 0) - draws * chance) > 5 * Math.max(1, deviation) ? [id] : [];
    });
    expect({ far, sure: Math.max(...chances) > 0.02 }).toEqual({ far: [], sure: true });
  });

  test('an answer longer than the room a cache begins with goes on as a new one would', async () => {
    const long = await load(join(shared, 'golden-extra/base/llama'));
    const [prompt = [], other = []] = prompts;
    const asked = (maxNewTokens: number) => ({ ...greedy, settings: generationSettings({ maxNewTokens }) });
    const whole = await long.decoder.decode([prompt, other], asked(340));
    const begun = await long.decoder.decode([prompt, other], asked(240));
    const rest = await long.decoder.decode(
      begun.map((reply, row) => [...(prompts[row] ?? []), ...reply]),
      asked(100),
    );
    expect(whole).toEqual(begun.map((reply, row) => [...reply, ...(rest[row] ?? [])]));
    await close(long);
  });

  test('what a listener throws ends it, and the decoder can be asked again', async () => {
    const enough = new RangeError('enough');
    const heard: number[] = [];
    const decoding = loaded.decoder.decode(prompts, {
      ...greedy,
      onToken: (row, id) => {
        if (heard.length === 6) throw enough;
        heard.push(row * 1000 + id);
      },
    });
    await expect(decoding).rejects.toBe(enough);
    expect(heard.length).toBe(6);
    const again = await loaded.decoder.decode(prompts, greedy);
    expect(again.map(({ length }) => length)).toEqual(prompts.map(() => newTokens));
  });

  test('an empty prompt is a fault of ours', async () => {
    await expect(loaded.decoder.decode([[1], []], greedy)).rejects.toMatchObject({ name: 'BugError' });
  });
});

interface GoldenRow {
  readonly prompt_ids: readonly number[];
  readonly attention_mask: readonly number[];
  readonly new_ids: readonly number[];
  readonly top5_logprobs: readonly (readonly number[])[];
}

describe('golden replies after training', () => {
  const cases = [
    'llama-causallm-lora',
    'llama-causallm-lora-all-linear',
    'llama-causallm-full',
    'llama-causallm-linear',
    'smollm-causallm-lora',
    'smollm-causallm-full',
  ];
  test.each(cases)('%s', async (name) => {
    const folder = join(shared, 'golden/cases', name);
    const file = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as CaseFile;
    const { runs } = JSON.parse(readFileSync(join(folder, 'generation.json'), 'utf8')) as {
      readonly runs: readonly { readonly rows: readonly GoldenRow[] }[];
    };
    const supported = classify(file);
    if (supported.kind === 'skipped') throw new RangeError(supported.reason);
    const reference = await openReference(folder);
    const known = new Map(
      reference
        .names('final.')
        .map((key) => [key.replace(/^final\.(?:base_model\.model\.)?/, ''), reference.floats(key).values]),
    );
    const loaded = await load(goldenModel(file.model), supported.method, known);
    for (const { rows } of runs) {
      const prompts = rows.map(({ prompt_ids, attention_mask }) =>
        prompt_ids.filter((_, at) => attention_mask[at] === 1),
      );
      const found = await loaded.decoder.decode(prompts, greedy);
      // Behind a step whose two best tokens are all but equal, another reply is no error.
      const sure = rows.map(({ top5_logprobs }) => {
        const close = top5_logprobs.findIndex(([best = 0, second = 0]) => best - second < 1e-3);
        return close < 0 ? newTokens : close;
      });
      expect(found.map((reply, row) => reply.slice(0, sure[row]))).toEqual(
        rows.map(({ new_ids }, row) => new_ids.slice(0, sure[row])),
      );
    }
    await close(loaded);
  });
});

describe('positions that turn otherwise in long rows', () => {
  const path = useFolder();
  const originalLength = 16;

  test('a reply that grows past the bound is what passes over the whole row say', async () => {
    const folder = path('phi3');
    cpSync(goldenModel('phi3'), folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
    const scaling = { rope_type: 'longrope', short_factor: [1, 1, 1, 1], long_factor: [1, 3, 5, 9] };
    const changed = { ...config, original_max_position_embeddings: originalLength, rope_parameters: scaling };
    writeFileSync(path('phi3', 'config.json'), JSON.stringify(changed));
    const loaded = await load(folder);
    const prompts = randomRows([originalLength - 4, originalLength - 4], { seed: 4 }).map(({ ids }) => ids);
    const replies = await loaded.decoder.decode(prompts, greedy);
    for (const [row, prompt] of prompts.entries()) {
      const reply = replies[row] ?? [];
      expect(reply.length).toBe(newTokens);
      for (const [at, id] of reply.entries()) {
        const logits = await next(loaded, [...prompt, ...reply.slice(0, at)]);
        expect(logits.indexOf(Math.max(...logits)), `row ${String(row)} token ${String(at)}`).toBe(id);
      }
    }
    await close(loaded);
  });
});

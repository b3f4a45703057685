/** The searches on a model that is a table: beams against all sequences there are, greedy, draws, ends. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawAt, logSoftmax } from '../../../engine/generate/scores.ts';
import { search, type SearchOptions, type Stepper } from '../../../engine/generate/search.ts';
import { generationSettings, type GenerationRequest } from '../../../engine/spec/generation.ts';
import { normal, streamKey } from '../../../engine/train/random.ts';
import { openReference } from '../../parity/reference.ts';
import { shared } from '../../support/engine-fixtures.ts';

const vocabulary = 5;
const prompts = [[3, 1], [2]];

/** Logits that depend on the whole row. */
function logitsOf(ids: readonly number[], seed: number): Float32Array {
  const key = streamKey(seed, ...ids);
  return Float32Array.from({ length: vocabulary }, (_, id) => 2 * normal(key, id));
}

function tableModel(seed: number, starts = prompts): Stepper & { readonly calls: number[] } {
  let rows: readonly (readonly number[])[] = starts;
  const calls: number[] = [];
  const answer = () => {
    calls.push(rows.length);
    return Promise.resolve(rows.map((ids) => logitsOf(ids, seed)));
  };
  return {
    calls,
    start: answer,
    next: (continuations) => {
      rows = continuations.map(({ parent, id }) => [...(rows[parent] ?? []), id]);
      return answer();
    },
  };
}

function options(asked: GenerationRequest, others: Partial<SearchOptions> = {}): SearchOptions {
  return { settings: generationSettings(asked), prompts, processors: [], eos: new Set(), ...others };
}

/** Every answer there is, ended by `eos` or by its length, with its score. */
function exhaustive(prompt: readonly number[], at: { seed: number; length: number; eos: number; penalty: number }) {
  const all: { ids: readonly number[]; score: number }[] = [];
  const grow = (ids: readonly number[], sum: number): void => {
    if (ids.length === at.length || ids.at(-1) === at.eos) {
      all.push({ ids, score: sum / ids.length ** at.penalty });
      return;
    }
    logSoftmax(logitsOf([...prompt, ...ids], at.seed)).forEach((log, id) => {
      grow([...ids, id], sum + log);
    });
  };
  grow([], 0);
  return all.toSorted((a, b) => b.score - a.score);
}

describe('beams', () => {
  test.each([
    [1, 1],
    [2, 0.5],
    [3, 0],
    [4, -1],
    [5, 2],
  ])('as many as there are rows find the best of all answers (seed %i, length penalty %f)', async (seed, penalty) => {
    const asked = {
      strategy: 'beam',
      beams: 64,
      maxNewTokens: 3,
      lengthPenalty: penalty,
      earlyStopping: 'never',
    } as const;
    const found = await search(tableModel(seed), options(asked, { eos: new Set([4]) }));
    prompts.forEach((prompt, index) => {
      const all = exhaustive(prompt, { seed, length: 3, eos: 4, penalty });
      const [best] = found[index] ?? [];
      expect({ ids: best?.ids, score: best?.score }).toEqual({
        ids: all[0]?.ids,
        score: expect.closeTo(all[0]?.score ?? NaN, 9) as number,
      });
    });
  });

  test('one beam is greedy', async () => {
    for (const seed of [1, 2, 3]) {
      const [beam, greedy] = [
        await search(tableModel(seed), options({ strategy: 'beam', beams: 1, maxNewTokens: 6 })),
        await search(tableModel(seed), options({ maxNewTokens: 6 })),
      ];
      expect(beam.map(([best]) => best?.ids)).toEqual(greedy.map(([best]) => best?.ids));
    }
  });

  test('prompts beside each other get what each gets alone, best first', async () => {
    const asked = options({ strategy: 'beam', beams: 3, maxNewTokens: 6, noRepeatNgram: 2 }, { eos: new Set([4]) });
    const together = await search(tableModel(7), asked);
    const alone = await Promise.all(
      prompts.map(async (prompt) => (await search(tableModel(7, [prompt]), { ...asked, prompts: [prompt] }))[0]),
    );
    expect(together).toEqual(alone);
    for (const answers of together) {
      const scores = answers.map(({ score }) => score ?? NaN);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }
  });

  test('“first” ends once as many answers are finished as there are beams; “never” goes on and is no worse', async () => {
    const run = async (earlyStopping: 'first' | 'never') => {
      const model = tableModel(11, [[1]]);
      const asked = { strategy: 'beam', beams: 2, maxNewTokens: 12, earlyStopping, lengthPenalty: 1 } as const;
      const [answers = []] = await search(model, options(asked, { prompts: [[1]], eos: new Set([3, 4]) }));
      return { calls: model.calls.length, best: answers[0]?.score ?? NaN, ended: answers.map(({ ended }) => ended) };
    };
    const [first, never] = [await run('first'), await run('never')];
    expect(first.ended).toEqual([true, true]);
    expect(first.calls).toBeLessThan(never.calls);
    expect(never.best).toBeGreaterThanOrEqual(first.best);
  });
});

describe('one token at a time', () => {
  test('a row ends with its end token or where it is told; the others go on', async () => {
    const told: [number, number][] = [];
    const ended = (ids: readonly number[], prompt: number) => prompt === 1 && ids.length === 3;
    const plain = await search(tableModel(5), options({ maxNewTokens: 8 }));
    const eos = plain[0]?.[0]?.ids[1] ?? -1;
    const found = await search(
      tableModel(5),
      options({ maxNewTokens: 8 }, { eos: new Set([eos]), ended, onToken: (row, id) => told.push([row, id]) }),
    );
    const lengths = plain.map(([best], row) => {
      const end = best?.ids.indexOf(eos) ?? -1;
      return Math.min(end < 0 ? 8 : end + 1, row === 1 ? 3 : 8);
    });
    expect(found.map(([best]) => best?.ids)).toEqual(plain.map(([best], row) => best?.ids.slice(0, lengths[row])));
    expect(found.map((_, row) => told.filter(([of]) => of === row).map(([, id]) => id))).toEqual(
      found.map(([best]) => best?.ids),
    );
  });

  test('a draw depends on the seed and the row, not on the rows behind it', async () => {
    const draw = async (seed: number, starts = prompts) =>
      (
        await search(tableModel(6, starts), options({ temperature: 1, seed, maxNewTokens: 20 }, { prompts: starts }))
      ).map(([best]) => best?.ids);
    const together = await draw(1);
    expect(await draw(1, prompts.slice(0, 1))).toEqual(together.slice(0, 1));
    expect(await draw(2)).not.toEqual(together);
    const [one, two] = await draw(1, [[2], [2]]);
    expect(one).not.toEqual(two);
  });

  test('a draw is the golden’s', async () => {
    const reference = await openReference(join(shared, 'golden-extra/generation'), 'processors.safetensors');
    const { shape, values } = reference.floats('logits');
    const drawn = reference.floats('sampling.u');
    const [rows = 0, width = 0] = shape;
    const draws = drawn.shape[1] ?? 0;
    const found = Array.from({ length: rows * draws }, (_, at) => {
      const row = Math.floor(at / draws);
      return drawAt(values.subarray(row * width, (row + 1) * width), drawn.values[at] ?? NaN);
    });
    expect(found).toEqual(reference.integers('sampling.token').values);
  });
});

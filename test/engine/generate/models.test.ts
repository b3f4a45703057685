/** Every language model there is, plain and with each method that stands before its rows: cached decoding is what full passes give. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../../engine/generate/decoder.ts';
import { search, type Stepper } from '../../../engine/generate/search.ts';
import { hasHead, writesText, headNames } from '../../../engine/models/model.ts';
import { architectureNames, architectureOf } from '../../../engine/models/registry.ts';
import { methodOf } from '../../../engine/methods/registry.ts';
import { generationSettings } from '../../../engine/spec/generation.ts';
import { methodPreset, supportedMethods, type MethodConfig } from '../../../engine/spec/methods/index.ts';
import { goldenModel, loadMachine, randomRows, shared } from '../../support/engine-fixtures.ts';

type Loaded = Awaited<ReturnType<typeof loadMachine>>;

// Shorter and longer than a sliding window of 8, and than the steps that lengths are rounded to.
const prompts = randomRows([3, 17, 9], { seed: 4 }).map(({ ids }) => ids);

/** Without a cache: each step reads every row anew. */
function fullPasses({ machine, architecture, config }: Loaded): Stepper {
  const encoded = architecture.kind === 'encoder-decoder';
  let rows = prompts.map((prompt) => ({ prompt, ids: encoded ? [config.decoderStartTokenId ?? 0] : [...prompt] }));
  const logits = async () => {
    const all = await Promise.all(
      rows.map(({ prompt, ids }) =>
        machine.logits([
          {
            ids: encoded ? prompt : ids,
            types: null,
            ...(encoded ? { decoder: ids } : {}),
            answers: [{ position: ids.length - 1, label: 0 }],
          },
        ]),
      ),
    );
    return all.flat();
  };
  return {
    start: logits,
    next: (continuations) => {
      rows = continuations.flatMap(({ parent, id }) => {
        const row = rows[parent];
        return row ? [{ ...row, ids: [...row.ids, id] }] : [];
      });
      return logits();
    },
  };
}

const models = readdirSync(join(shared, 'golden/models')).flatMap((name) => {
  const config = JSON.parse(readFileSync(join(goldenModel(name), 'config.json'), 'utf8')) as { model_type: string };
  if (!architectureNames.includes(config.model_type)) return [];
  const architecture = architectureOf(config);
  const head = headNames.find((each) => writesText(each) && hasHead(architecture, each));
  return head ? [{ name, head, architecture: architecture.type }] : [];
});

/** Methods that put something before every row, at their quick preset. */
function methodsBefore(architecture: string): readonly MethodConfig[] {
  return supportedMethods
    .map((name) => methodPreset(name, 'quick', { task: 'chat', architecture, parameters: 1e6 }))
    .filter((config) => {
      const method = methodOf(config);
      return method.virtualTokens(config) + method.prefixLength(config) > 0;
    });
}

describe.each(models)('$name', ({ name, head, architecture }) => {
  test.each([null, ...methodsBefore(architecture)].map((method) => [method?.name ?? 'as it came', method] as const))(
    '%s: greedy and beams, prompts together and alone',
    async (_title, method) => {
      const loaded = await loadMachine({ model: goldenModel(name), head, method });
      const { runtime, setup, weights, machine, base } = loaded;
      const state = machine.state;
      const decoder = new Decoder({ runtime, device: 'cpu', threads: 1, setup, state, mapped: weights.mapped });
      const start = loaded.architecture.kind === 'encoder-decoder' ? [loaded.config.decoderStartTokenId ?? 0] : null;
      for (const asked of [{ maxNewTokens: 12 }, { maxNewTokens: 6, strategy: 'beam', beams: 3 }] as const) {
        const settings = generationSettings(asked);
        const options = { settings, rules: { eos: [] } };
        const plain = await search(fullPasses(loaded), {
          settings,
          prompts: prompts.map((prompt) => start ?? prompt),
          processors: [],
          eos: new Set(),
        });
        const expected = plain.map((answers) =>
          answers.map(({ ids, ended, score }) => ({
            ids,
            ended,
            score: score === null ? null : (expect.closeTo(score, 4) as number),
          })),
        );
        expect(await decoder.search(prompts, options)).toEqual(expected);
        for (const [index, prompt] of prompts.entries())
          expect(await decoder.search([prompt], options)).toEqual([expected[index]]);
      }
      await decoder.dispose();
      await machine.release();
      await base.close();
    },
  );
});

/** The untrained model's figures are those of the model as it came, whatever the method puts on it. */
import { beforeAll, expect, test } from 'vitest';
import { useFolder } from '../../support/engine-fixtures.ts';
import { readPredictions, textRecipe, textRows, trainTiny, writeRows } from '../../support/tiny-runs.ts';

const path = useFolder();

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(24, 1));
  await writeRows(path('test.csv'), textRows(15, 77));
});

async function untrained(method: Readonly<Record<string, unknown>>) {
  const out = path(JSON.stringify(method).replaceAll(/\W+/g, '-'));
  const { metrics } = await trainTiny({
    folder: path(),
    out,
    recipe: textRecipe({ method, training: { maxSteps: 1 } }),
  });
  const said = (await readPredictions(out)).map((line) => ('untrained' in line ? line.untrained : null));
  return { figure: metrics.baselines?.untrained, said };
}

test.each([
  { name: 'prefix', virtualTokens: 3 },
  { name: 'prompt', virtualTokens: 3 },
  { name: 'p-tuning', virtualTokens: 3, template: '{virtual} {text}' },
  { name: 'p-tuning-v2', virtualTokens: 3 },
])('of $name', async (method) => {
  const plain = await untrained({ name: 'linear-probe' });
  expect(plain.said.every((label) => typeof label === 'string')).toBe(true);
  expect(await untrained(method)).toEqual(plain);
});

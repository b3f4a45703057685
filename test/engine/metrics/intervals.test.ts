/** Promises: Wilson intervals and paired gains agree with the reference figures and with what the paper asks of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wilson } from '../../../engine/metrics/intervals.ts';
import { pairedGain, pairedMeanGain } from '../../../engine/metrics/paired.ts';

interface Golden {
  wilson: { correct: number; n: number; wilson: [number, number] }[];
  bootstrap: {
    a_correct: number[];
    b_correct: number[];
    resamples: number;
    seed: number;
    difference_b_minus_a: number;
    difference_ci95: [number, number];
  }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../shared/golden-extra/metrics/intervals.json', import.meta.url), 'utf8'),
) as Golden;

test.each(golden.wilson)('Wilson of $correct in $n is scipy’s', ({ correct, n, wilson: expected }) => {
  const [low, high] = wilson(correct, n);
  expect([low, high].map((value) => value.toFixed(12))).toEqual(expected.map((value) => value.toFixed(12)));
});

test.each(golden.bootstrap)('the paired bootstrap with seed $seed is the reference’s', (row) => {
  const differences = row.b_correct.map((right, index) => right - (row.a_correct[index] ?? 0));
  const gain = pairedMeanGain(differences, row);
  expect([gain?.value, ...(gain?.interval ?? [])].map((value) => value?.toFixed(9))).toEqual(
    [row.difference_b_minus_a, ...row.difference_ci95].map((value) => value.toFixed(9)),
  );
});

describe('the paired gain of shares', () => {
  test('is nothing without rows', () => {
    expect(pairedGain({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 })).toBeNull();
  });

  test('mirrors when the systems change places', () => {
    const gain = pairedGain({ both: 30, onlyFirst: 12, onlySecond: 3, neither: 5 });
    const mirrored = pairedGain({ both: 30, onlyFirst: 3, onlySecond: 12, neither: 5 });
    expect([mirrored?.value, mirrored?.interval[0], mirrored?.interval[1]]).toEqual([
      -(gain?.value ?? 0),
      -(gain?.interval[1] ?? 0),
      -(gain?.interval[0] ?? 0),
    ]);
  });

  test('is narrower the more the systems agree', () => {
    const width = (gain: ReturnType<typeof pairedGain>) => (gain?.interval[1] ?? 0) - (gain?.interval[0] ?? 0);
    expect(width(pairedGain({ both: 60, onlyFirst: 10, onlySecond: 0, neither: 30 }))).toBeLessThan(
      width(pairedGain({ both: 35, onlyFirst: 35, onlySecond: 25, neither: 5 })),
    );
  });

  test('holds the true difference in about 95 of 100 samples, counted over every outcome of 24 rows', () => {
    const chances = [0.45, 0.3, 0.1, 0.15] as const;
    const logFactorial = [0];
    for (let value = 1; value <= 24; value += 1) logFactorial.push((logFactorial[value - 1] ?? 0) + Math.log(value));
    let covered = 0;
    for (let both = 0; both <= 24; both += 1) {
      for (let onlyFirst = 0; both + onlyFirst <= 24; onlyFirst += 1) {
        for (let onlySecond = 0; both + onlyFirst + onlySecond <= 24; onlySecond += 1) {
          const counts = [both, onlyFirst, onlySecond, 24 - both - onlyFirst - onlySecond];
          const log = counts.reduce(
            (sum, n, index) => sum + n * Math.log(chances[index] ?? 1) - (logFactorial[n] ?? 0),
            logFactorial[24] ?? 0,
          );
          const gain = pairedGain({ both, onlyFirst, onlySecond, neither: counts[3] ?? 0 });
          if (gain && gain.interval[0] <= 0.2 && gain.interval[1] >= 0.2) covered += Math.exp(log);
        }
      }
    }
    expect(covered).toBeGreaterThan(0.94);
    expect(covered).toBeLessThan(0.975);
  });
});

/** Losses against values computed by hand, and class centres against a drawing. */
import { describe, expect, test } from 'vitest';
import { Graph, type Tensor } from '../../../engine/autodiff/graph.ts';
import { Runtime, type HostTensor } from '../../../engine/runtime/session.ts';
import { weightedLoss } from '../../../engine/tasks/objective.ts';
import { argmax, softmax } from '../../../engine/tasks/probabilities.ts';
import { classCentres, nearestCentre } from '../../../engine/tasks/nearest-centre.ts';
import { floats, longs } from '../../../engine/train/state.ts';

async function lossOf(given: Readonly<Record<string, HostTensor>>, build: (graph: Graph) => Tensor): Promise<number> {
  const graph = new Graph();
  const runtime = await Runtime.open();
  const session = await runtime.compile(graph, { loss: build(graph) }, { device: 'cpu', threads: 1 });
  const { loss } = await session.run(new Map(Object.entries(given)));
  await session.dispose();
  return Number(loss?.data[0]);
}

describe('Σ weight · loss', () => {
  const logits = floats([3, 2], Float32Array.of(0, 0, Math.log(3), 0, 100, -100));
  test.each([
    ['even chances', [0, 0, 0], [1, 0, 0], Math.LN2],
    ['three to one, right', [0, 0, 0], [0, 1, 0], Math.log(4 / 3)],
    ['three to one, wrong', [0, 1, 0], [0, 1, 0], Math.log(4)],
    ['far apart, no overflow', [0, 0, 1], [0, 0, 1], 200],
    ['a mean over the first two', [0, 0, 1], [0.5, 0.5, 0], (Math.LN2 + Math.log(4 / 3)) / 2],
  ])('classes: %s', async (...[, labels, weights, expected]) => {
    const given = { logits, labels: longs([3], labels), weights: floats([3], Float32Array.from(weights)) };
    const loss = await lossOf(given, (graph) =>
      weightedLoss('class', graph.input('logits', 'float32', [3, 2]), {
        graph,
        shape: { batch: 3, answers: 3, choices: 1 },
      }),
    );
    expect(loss).toBeCloseTo(expected, 5);
  });

  test('numbers: squared error', async () => {
    const given = {
      logits: floats([3, 1], Float32Array.of(1, -2, 5)),
      labels: floats([3], Float32Array.of(1.5, 1, 7)),
      weights: floats([3], Float32Array.of(0.5, 0.5, 0)),
    };
    const loss = await lossOf(given, (graph) =>
      weightedLoss('regression', graph.input('logits', 'float32', [3, 1]), {
        graph,
        shape: { batch: 3, answers: 3, choices: 1 },
      }),
    );
    expect(loss).toBeCloseTo(0.5 * 0.25 + 0.5 * 9, 6);
  });

  test('several labels: binary cross-entropy of each, finite at any size', async () => {
    const given = {
      logits: floats([2, 2], Float32Array.of(0, Math.log(3), 200, -200)),
      labels: floats([2, 2], Float32Array.of(1, 1, 0, 0)),
      weights: floats([2], Float32Array.of(1, 0.25)),
    };
    const loss = await lossOf(given, (graph) =>
      weightedLoss('multi-label', graph.input('logits', 'float32', [2, 2]), {
        graph,
        shape: { batch: 2, answers: 2, choices: 1 },
      }),
    );
    expect(loss).toBeCloseTo((Math.LN2 + Math.log(4 / 3) + 0.25 * 200) / 2, 5);
  });
});

test('softmax is exact at any size; argmax takes the first of equals', () => {
  expect({
    softmax: softmax([1000, 1000 + Math.log(3), -1000]).map((chance) => Number(chance.toFixed(12))),
    argmax: [argmax([1, 3, 3]), argmax([-5]), argmax([-1, -Infinity])],
  }).toEqual({ softmax: [0.25, 0.75, 0], argmax: [1, 0, 0] });
});

test('the nearest centre is that of the smallest angle, whatever the lengths', () => {
  const features = [
    [1, 0],
    [100, 10],
    [0, 1],
    [-1, 5],
  ].map((values) => Float32Array.from(values));
  const queries = [
    [0.001, 0.0001],
    [1, 1.4],
    [-3, -0.1],
    [50, 40],
  ].map((values) => Float32Array.from(values));
  // Centres lie at about 3° and 96°: the border is near 49°.
  const centres = classCentres(features, [0, 0, 1, 1], 2);
  expect(queries.map((query) => nearestCentre(centres, query))).toEqual([0, 1, 1, 0]);
});

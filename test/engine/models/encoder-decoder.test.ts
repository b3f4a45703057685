/** Encoder–decoders in steps: the encoder's states are computed once, the decoder's tokens one after the other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Graph, Tensor } from '../../../engine/autodiff/graph.ts';
import type { HostTensor } from '../../../engine/runtime/session.ts';
import { buildForward, type ForwardGraph } from '../../../engine/train/setup.ts';
import { floatData, floats, longs } from '../../../engine/train/state.ts';
import { goldenModel, loadMachine } from '../../support/engine-fixtures.ts';

const source = [40, 41, 42, 43, 44, 45, 46];
const answer = [50, 51, 52, 53, 54];
/** Tokens of the answer that the first pass has read. */
const read = 3;

describe.each(['t5', 't5-tied', 'bart'])('%s', (name) => {
  let loaded: Awaited<ReturnType<typeof loadMachine>>;
  beforeAll(async () => {
    loaded = await loadMachine({ model: goldenModel(name), head: 'seq2seq-lm' });
  });
  afterAll(async () => {
    await loaded.machine.release();
    await loaded.base.close();
  });

  const run = async (
    graph: Graph,
    outputs: Record<string, Tensor>,
    feeds: readonly (readonly [string, HostTensor])[],
  ) => {
    const { runtime, weights, machine } = loaded;
    const session = await runtime.compile(graph, outputs, { device: 'cpu', threads: 1, mapped: weights.mapped });
    const result = await session.run(new Map([...machine.state, ...feeds]));
    await session.dispose();
    return result;
  };

  const places = (count: number, before = 0): number[] => {
    const { architecture, config } = loaded;
    const mask = new Array<number>(count).fill(1);
    return [...architecture.positions(config, mask, { before, embedded: false })];
  };

  const encoderFeeds = (): (readonly [string, HostTensor])[] => [
    ['ids', longs([1, source.length], source)],
    ['mask', floats([1, source.length], new Float32Array(source.length).fill(1))],
    ['positions', longs([1, source.length], places(source.length))],
  ];

  const decoderFeeds = (tokens: readonly number[], before: number): (readonly [string, HostTensor])[] => [
    ['decoder.ids', longs([1, tokens.length], tokens)],
    ['decoder.mask', floats([1, before + tokens.length], new Float32Array(before + tokens.length).fill(1))],
    ['decoder.positions', longs([1, tokens.length], places(tokens.length, before))],
    [
      'rows',
      longs(
        [tokens.length],
        tokens.map((_, at) => at),
      ),
    ],
  ];

  const states = (built: ForwardGraph, what: 'present' | 'cross'): [string, Tensor][] =>
    built[what].flatMap(({ key, value }, layer) => [
      [`${what}.${String(layer)}.key`, key],
      [`${what}.${String(layer)}.value`, value],
    ]);

  test('a second step behind a cache, without the encoder, computes what one pass computes', async () => {
    const { setup, config } = loaded;
    const forward = (length: number) =>
      buildForward(setup, { batch: 1, length: source.length, decoderLength: length, answers: length });
    const whole = forward(answer.length);
    const all = await run(whole.graph, { logits: whole.logits }, [...encoderFeeds(), ...decoderFeeds(answer, 0)]);

    const first = forward(read);
    const kept = await run(first.graph, Object.fromEntries([...states(first, 'present'), ...states(first, 'cross')]), [
      ...encoderFeeds(),
      ...decoderFeeds(answer.slice(0, read), 0),
    ]);
    const shape = { layers: config.layers, heads: config.keyValueHeads, size: config.headSize };
    const left = answer.length - read;
    const second = buildForward(
      setup,
      { batch: 1, length: source.length, decoderLength: left, answers: left },
      { past: { ...shape, length: read }, cross: { ...shape, length: source.length } },
    );
    const asPast = Object.entries(kept).map(([key, tensor]) => [key.replace('present', 'past'), tensor] as const);
    const rest = await run(second.graph, { logits: second.logits }, [
      ['mask', floats([1, source.length], new Float32Array(source.length).fill(1))],
      ...decoderFeeds(answer.slice(read), read),
      ...asPast,
    ]);

    const expected = floatData(all['logits']).subarray(read * config.vocabulary);
    const found = floatData(rest['logits']);
    expect(found.length).toBe(expected.length);
    const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[at] ?? NaN))), 0);
    expect(worst).toBeLessThan(1e-5);
    const used = second.graph.leaves.flatMap(({ leaf }) => (leaf?.kind === 'parameter' ? [leaf.name] : []));
    expect(
      used.filter((weight) => weight.includes('encoder.') || /EncDecAttention\.[kv]|encoder_attn\.[kv]_/.test(weight)),
    ).toEqual([]);
  });

  test('what is hidden of the input changes nothing', async () => {
    const { setup } = loaded;
    const built = buildForward(setup, { batch: 1, length: source.length, decoderLength: 2, answers: 2 });
    const logits = async (ids: readonly number[], kept: number): Promise<Float32Array> => {
      const mask = Float32Array.from(ids, (_, at) => (at < kept ? 1 : 0));
      const feeds = [
        ...encoderFeeds(),
        ['ids', longs([1, ids.length], ids)] as const,
        ['mask', floats([1, ids.length], mask)] as const,
      ];
      return floatData(
        (await run(built.graph, { logits: built.logits }, [...feeds, ...decoderFeeds([50, 51], 0)]))['logits'],
      );
    };
    const one = await logits(source, 5);
    const other = await logits(source.with(6, 99), 5);
    const open = await logits(source.with(6, 99), 7);
    expect(other).toEqual(one);
    expect(open).not.toEqual(one);
  });
});

/** WebGPU: every op by kernels of its own, with the CPU's results; golden cases of each method and model family. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encode } from '../../engine/onnx/encode.ts';
import { Runtime } from '../../engine/runtime/session.ts';
import { opGraph } from '../support/check-op.ts';
import { goldenModel, shared, useFolder } from '../support/engine-fixtures.ts';
import { eventsOf, textRecipe, textRows, trainTiny, writeRows } from '../support/tiny-runs.ts';
import { opCases } from '../support/op-cases.ts';
import { classify, listCases } from './cases.ts';
import { runCase } from './run-case.ts';
import { cpuNodes, openOnWebgpu, runOnWebgpu, whyNoAdapter } from './webgpu-adapter.ts';

const missing = await whyNoAdapter();
if (missing !== null) test('WebGPU', ({ skip }) => skip(missing));
/** Without an adapter one skipped test says it all. */
function onDevice(name: string, tests: () => void): void {
  if (missing === null) describe(name, tests);
}
const runtime = await Runtime.open();

/** Whole numbers are fed from the host: what prepares them there costs no trip from the device. */
const onHost: Readonly<Record<string, readonly string[]>> = {
  Equal: ['Cast int64'],
  Gather: ['Reshape int64'],
  ScatterRows: ['Reshape int64'],
  CrossEntropy: ['Reshape int64'],
};

/** Enough of a kind's cases to meet each of its kernels once. */
const few: Readonly<Record<string, number>> = { Gemm: 6, MatMul: 1, ReduceSum: 2, ReduceMean: 2, ReduceSumSquare: 2 };

onDevice('ops on WebGPU', () => {
  const path = useFolder();
  const cases = Object.entries(opCases).flatMap(([op, list]) =>
    list
      .map((entry, index) => ({ ...entry, op, title: `${op} ${String(index)}` }))
      .filter((_, index) => index % (few[op] ?? 3) === 0),
  );
  test.each(cases)('$title: the CPU’s values and gradients, by the device’s own kernels', async (entry) => {
    const { graph, outputs, feeds } = opGraph(entry.operands, entry.build);
    const reference = await runtime.compile(graph, outputs, { device: 'cpu', threads: 1 });
    const expected = await reference.run(feeds);
    await reference.dispose();
    const encoded = encode(graph, outputs, { target: 'webgpu', mapped: new Map() });
    const profile = path(`${entry.title.replace(' ', '-')}-profile`);
    const session = await openOnWebgpu(encoded, profile);
    const found = await runOnWebgpu(session, feeds);
    session.endProfiling();
    await session.release();
    const far = Object.entries(expected).filter(([name, { data }]) => {
      const own = found[name] ?? [];
      return !Array.from(data, Number).every(
        (value, at) => Math.abs(value - (own[at] ?? NaN)) <= 2e-5 * Math.max(1, Math.abs(value)),
      );
    });
    expect({ far, onCpu: await cpuNodes(profile) }).toEqual({ far: [], onCpu: onHost[entry.op] ?? [] });
  });
});

onDevice('golden cases on WebGPU', () => {
  const wanted = [
    ...['bert-seqcls-full', 'bert-seqcls-linear', 'bert-seqcls-lora', 'roberta-tokencls-lora'],
    ...['llama-causallm-full', 'llama-causallm-linear', 'llama-causallm-lora', 'smollm-causallm-lora'],
    ...['llama-causallm-prefix', 'bert-seqcls-prompt', 'bert-seqcls-ptuning', 'bert-seqcls-ptuning-v2'],
    ...['distilbert-seqcls-lora', 'electra-seqcls-lora', 'deberta-v3-seqcls-lora', 'gpt2-causallm-lora'],
    ...['gpt_neox-causallm-lora', 'opt-causallm-lora', 'mistral-causallm-lora', 'qwen2-causallm-lora'],
    ...['qwen3-causallm-lora', 'gemma2-causallm-lora', 'gemma3-causallm-lora', 'phi3-causallm-lora'],
    ...['t5-seq2seq-lora', 'bart-seq2seq-lora'],
  ];
  const listed = listCases(join(shared, 'golden')).filter(({ file }) => wanted.includes(file.name));
  test.each(listed.map((entry) => ({ ...entry, name: entry.file.name })))('$name', async (entry) => {
    const supported = classify(entry.file);
    if (supported.kind === 'skipped') throw new RangeError(supported.reason);
    const deviations = await runCase(runtime, { ...entry, supported }, 'webgpu');
    expect(deviations.filter(({ ratio }) => !(ratio <= 1))).toEqual([]);
    expect(deviations.map(({ family }) => family)).toContain('grad');
  });
  test('none of them is missing', () => {
    expect(listed.map(({ file }) => file.name).toSorted()).toEqual(wanted.toSorted());
  });
});

/** The methods without a golden case above train too; what is asked in a prompt answers. */
const methods: readonly { readonly name: string; readonly model?: string }[] = [
  { name: 'lora' },
  { name: 'adapter' },
  { name: 'ia3' },
  { name: 'in-context', model: goldenModel('llama') },
];

onDevice('a run on WebGPU', () => {
  const path = useFolder();
  test.each(methods)('$name follows the CPU, its frozen weights mapped from their file', async ({ name, model }) => {
    await writeRows(path('train.csv'), textRows(16, 1));
    await writeRows(path('test.csv'), textRows(3, 77));
    const figures = async (device: string) => {
      const settings = { method: { name }, training: { maxSteps: 3 }, ...(model === undefined ? {} : { model }) };
      const recipe = { ...textRecipe(settings), device };
      const { events, metrics } = await trainTiny({ folder: path(), out: path(`${name}-${device}`), recipe });
      const losses = eventsOf(events, 'step').map(({ loss }) => loss);
      return { device: metrics.train.device, losses, tuned: metrics.tuned };
    };
    const cpu = await figures('cpu');
    expect(await figures('webgpu')).toEqual({
      device: 'webgpu',
      losses: cpu.losses.map((loss) => expect.closeTo(loss, 4) as number),
      tuned: cpu.tuned,
    });
  });
});

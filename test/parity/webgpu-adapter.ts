/** Whether WebGPU finds an adapter here: a real one, or the software Vulkan that test/support/webgpu-env.sh prepares. */
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Graph } from '../../engine/autodiff/graph.ts';
import { neg } from '../../engine/autodiff/ops.ts';
import { encode, type Encoded } from '../../engine/onnx/encode.ts';
import type { HostTensor } from '../../engine/runtime/session.ts';

const mesa = join(import.meta.dirname, '../../.cache/mesa');

/** Null, or why there is none. Takes the prepared software driver unless the environment names one. */
export async function whyNoAdapter(): Promise<string | null> {
  if (process.env['VK_ICD_FILENAMES'] === undefined && existsSync(join(mesa, 'lvp.json'))) {
    process.env['VK_ICD_FILENAMES'] = join(mesa, 'lvp.json');
    process.env['XDG_RUNTIME_DIR'] = join(mesa, 'run');
  }
  const graph = new Graph();
  try {
    const y = neg(graph.input('x', 'float32', [1]));
    await (await openOnWebgpu(encode(graph, { y }, { target: 'webgpu', mapped: new Map() }))).release();
    return null;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const [first = ''] = reason.split('\n');
    return `${first.replace(/^.*was false\. /, '')}; test/support/webgpu-env.sh prepares a software adapter`;
  }
}

export function openOnWebgpu(encoded: Encoded, profile?: string): Promise<InferenceSession> {
  return InferenceSession.create(encoded.bytes, {
    executionProviders: ['webgpu'],
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false,
    logSeverityLevel: 4,
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  });
}

/** Nodes that a profiled session ran on the CPU for want of a kernel: op and type of the first input, each once. */
export async function cpuNodes(profile: string): Promise<readonly string[]> {
  const [folder, prefix] = [dirname(profile), basename(profile)];
  const file = (await readdir(folder)).find((name) => name.startsWith(prefix));
  if (file === undefined) throw new RangeError(`no profile ${profile}`);
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as readonly {
    readonly args?: {
      readonly provider?: string;
      readonly op_name?: string;
      readonly input_type_shape?: readonly Readonly<Record<string, unknown>>[];
    };
  }[];
  const nodes = events.flatMap(({ args }) =>
    args?.provider === 'CPUExecutionProvider'
      ? [`${args.op_name ?? ''} ${Object.keys(args.input_type_shape?.[0] ?? {}).join()}`]
      : [],
  );
  return [...new Set(nodes)].toSorted();
}

/** Runs once and gives every output's values. */
export async function runOnWebgpu(
  session: InferenceSession,
  feeds: ReadonlyMap<string, HostTensor>,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const given = session.inputNames.map((name) => {
    const feed = feeds.get(name);
    if (!feed) throw new RangeError(`no feed ${name}`);
    return [name, new Tensor(feed.dtype as 'float32', feed.data as Float32Array, feed.shape)] as const;
  });
  const results = await session.run(Object.fromEntries(given));
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array, Number)]),
  );
}

/** Sessions of onnxruntime-node: compiles a graph for a device and runs it on host tensors. */
import type * as onnxruntime from 'onnxruntime-node';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType, Graph, HostData, Shape, Tensor } from '../autodiff/graph.ts';
import { encode } from '../onnx/encode.ts';
import type { ExternalData } from '../onnx/model-proto.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { Device } from './device.ts';

type Ort = typeof onnxruntime;

/** A tensor in this process's memory. A run may write into it when it is given as a place for an output. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostData;
}

export interface CompileOptions {
  readonly device: Device;
  /** 0 takes all cores. */
  readonly threads: number;
  /** Parameters mapped from files; absolute paths without their leading slash. */
  readonly mapped?: ReadonlyMap<string, ExternalData>;
}

export interface Executable {
  /** Names that `run` must be fed. */
  readonly inputs: readonly string[];
  readonly nodes: number;
  /** `into`: host tensors that outputs of these names are written to; one may also be fed: it is then updated in place. */
  run(
    feeds: ReadonlyMap<string, HostTensor>,
    into?: ReadonlyMap<string, HostTensor>,
  ): Promise<Readonly<Record<string, HostTensor>>>;
  dispose(): Promise<void>;
}

/** What sessions share: the library, and onnxruntime tensors made once a host tensor. */
export class Runtime {
  readonly #ort: Ort;
  readonly #tensors = new WeakMap<HostTensor, OrtTensor>();

  private constructor(ort: Ort) {
    this.#ort = ort;
  }

  static async open(): Promise<Runtime> {
    return new Runtime(await import('onnxruntime-node'));
  }

  async compile(graph: Graph, outputs: Readonly<Record<string, Tensor>>, options: CompileOptions): Promise<Executable> {
    const encoded = encode(graph, outputs, { target: options.device, mapped: options.mapped ?? new Map() });
    const session = await this.#ort.InferenceSession.create(encoded.bytes, sessionOptions(options)).catch(
      (thrown: unknown) => {
        throw missingDevice(thrown, options.device);
      },
    );
    const inputs = encoded.inputs.map((input) => input.name);
    return {
      inputs,
      nodes: encoded.nodes,
      run: async (feeds, into = new Map<string, HostTensor>()) => {
        const given = Object.fromEntries(inputs.map((name) => [name, this.#tensor(name, feeds.get(name))]));
        const wanted = Object.fromEntries(
          encoded.outputs.map(({ name }) => [name, into.has(name) ? this.#tensor(name, into.get(name)) : null]),
        );
        const results = await session.run(given, wanted);
        return Object.fromEntries(
          encoded.outputs.map(({ name, dtype, shape }) => {
            const place = into.get(name);
            return [name, place ?? { dtype, shape, data: hostData(results[name]) }];
          }),
        );
      },
      dispose: () => session.release(),
    };
  }

  #tensor(name: string, host: HostTensor | undefined): OrtTensor {
    if (!host) throw new BugError(`the run is not fed ${name}`);
    const known = this.#tensors.get(host);
    if (known) return known;
    const made = new this.#ort.Tensor(host.dtype as 'float32', host.data as Float32Array, host.shape);
    this.#tensors.set(host, made);
    return made;
  }
}

function hostData(tensor: OrtTensor | undefined): HostData {
  if (!tensor) throw new BugError('the run left an output out');
  return tensor.data as HostData;
}

/** A device the library knows may still not be there: no graphics driver, or none that WebGPU takes. */
function missingDevice(thrown: unknown, device: Device): unknown {
  const isMissing = thrown instanceof Error && /WebGPU adapter|backend not found/.test(thrown.message);
  if (device === 'cpu' || !isMissing) return thrown;
  return new StudioError('device.unavailable', { device, available: 'auto, cpu' }, { cause: thrown });
}

/** The settings that a training graph needs; each one measured. */
function sessionOptions({ device, threads }: CompileOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    // Fusion would undo recomputation and fold frozen weights into second copies.
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false,
    // Each session's arena would keep its own peak for good; the process's heap is shared by all batch shapes.
    enableCpuMemArena: false,
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    extra: {
      session: {
        disable_prepacking: '1',
        model_external_initializers_file_folder_path: '/',
      },
    },
  };
}

/** An ONNX file as strangers run it: by its path, with nothing of ours around it. */
import type { HostTensor } from './session.ts';

export interface OnnxFile {
  readonly inputs: readonly string[];
  run(feeds: ReadonlyMap<string, HostTensor>): Promise<ReadonlyMap<string, HostTensor>>;
  dispose(): Promise<void>;
}

export async function openOnnxFile(path: string): Promise<OnnxFile> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  return {
    inputs: session.inputNames,
    run: async (feeds) => {
      const given = session.inputNames.flatMap((name) => {
        const tensor = feeds.get(name);
        return tensor
          ? [[name, new Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.shape)] as const]
          : [];
      });
      const results = await session.run(Object.fromEntries(given));
      return new Map(
        Object.entries(results).map(([name, { type, dims, data }]) => [
          name,
          { dtype: type, shape: dims, data } as HostTensor,
        ]),
      );
    },
    dispose: () => session.release(),
  };
}

/** Host tensors of a run: frozen weights, learning parameters and the optimizer's moments, by leaf name. */
import { elements, type Shape } from '../autodiff/graph.ts';
import type { HostTensor } from '../runtime/session.ts';

export function floats(shape: Shape, data: Float32Array = new Float32Array(elements(shape))): HostTensor {
  return { dtype: 'float32', shape, data };
}

export function longs(shape: Shape, values: ArrayLike<number>): HostTensor {
  const data = new BigInt64Array(values.length);
  for (let index = 0; index < values.length; index += 1) data[index] = BigInt(values[index] ?? 0);
  return { dtype: 'int64', shape, data };
}

export function scalar(value: number): HostTensor {
  return floats([], Float32Array.of(value));
}

export function floatData(tensor: HostTensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('not a float32 tensor');
  return tensor.data;
}

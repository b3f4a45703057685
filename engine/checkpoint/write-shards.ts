/** A model's weights as safetensors: one file, or several with an index where one would be too large (as Transformers cuts them). */
import { join } from 'node:path';
import { writeAtomically, writeSafetensors } from './write-safetensors.ts';

export interface LazyTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Called when the tensor's turn has come. */
  readonly data: () => Promise<Float32Array>;
}

const float32Bytes = 4;

/** Writes `model.safetensors`, or shards of at most `limit` bytes (one tensor at least) and their index. */
export async function writeShards(folder: string, tensors: readonly LazyTensor[], limit: number): Promise<void> {
  const shards = cut(tensors, limit);
  const [only, second] = shards;
  if (second === undefined) {
    await writeSafetensors(join(folder, 'model.safetensors'), only ?? []);
    return;
  }
  const count = padded(shards.length);
  const map: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const file = `model-${padded(index + 1)}-of-${count}.safetensors`;
    await writeSafetensors(join(folder, file), shard);
    for (const { name } of shard) map[name] = file;
  }
  const index = {
    metadata: { total_size: tensors.reduce((total, tensor) => total + bytesOf(tensor), 0) },
    weight_map: map,
  };
  await writeAtomically(join(folder, 'model.safetensors.index.json'), async (handle) => {
    await handle.writeFile(`${JSON.stringify(index, null, 2)}\n`);
  });
}

function padded(number: number): string {
  return String(number).padStart(5, '0');
}

function bytesOf({ shape }: LazyTensor): number {
  return shape.reduce((product, size) => product * size, float32Bytes);
}

function cut(tensors: readonly LazyTensor[], limit: number): readonly (readonly LazyTensor[])[] {
  const shards: LazyTensor[][] = [];
  let filled = Infinity;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (filled + bytes > limit) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(tensor);
    filled += bytes;
  }
  return shards;
}

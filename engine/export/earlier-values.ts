/** Values that an adapter of ours, or one that was imported, learned before: training goes on from them. */
import { StudioError } from '../spec/errors.ts';
import type { Setup } from '../train/setup.ts';
import { readLearned } from './open-adapter.ts';

/** Everything that learns under this setup. Errors: those of the files; `adapter.start`, `adapter.base`. */
export async function earlierValues(adapter: string, setup: Setup): Promise<ReadonlyMap<string, Float32Array>> {
  try {
    return await readLearned(adapter, setup);
  } catch (thrown) {
    const isOther = thrown instanceof StudioError && thrown.code === 'adapter.incomplete';
    if (!isOther) throw thrown;
    const { path, name } = thrown.data as StudioError<'adapter.incomplete'>['data'];
    throw new StudioError('adapter.start', { path, name, method: setup.methodConfig?.name ?? '' }, { cause: thrown });
  }
}

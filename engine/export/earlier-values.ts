/** Values that an adapter of ours, or one that was imported, learned before: training goes on from them. */
import { elements } from '../autodiff/graph.ts';
import { ownClasses } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import { createSetup, shapeOf, type Setup } from '../train/setup.ts';
import { readWeight, type LoadOptions } from '../train/weights.ts';
import { readLearned } from './open-adapter.ts';

type Values = ReadonlyMap<string, Float32Array>;

/** Everything that learns under this setup. Errors: those of the files; `adapter.start`, `adapter.base`. */
export async function earlierValues(adapter: string, options: LoadOptions): Promise<Values> {
  const { setup } = options;
  try {
    return await besideOthers(await readLearned(adapter, ownSetup(setup)), options);
  } catch (thrown) {
    const isOther = thrown instanceof StudioError && thrown.code === 'adapter.incomplete';
    if (!isOther) throw thrown;
    const { path, name } = thrown.data as StudioError<'adapter.incomplete'>['data'];
    throw new StudioError('adapter.start', { path, name, method: setup.methodConfig?.name ?? '' }, { cause: thrown });
  }
}

/** An adapter has the classes of its own data set alone. */
function ownSetup(setup: Setup): Setup {
  const { architecture, config, head, methodConfig } = setup;
  return head.sets ? createSetup({ architecture, config, head: ownClasses(head), method: methodConfig }) : setup;
}

/** In a layer whose classes several data sets share, the run's own stand first; the others start anew. */
async function besideOthers(own: Values, { setup, base, seed }: LoadOptions): Promise<Values> {
  const whole = new Map(own);
  for (const [name, values] of own) {
    if (values.length === elements(shapeOf(setup, name))) continue;
    const all = (await readWeight(name, base, { setup, seed })).slice();
    all.set(values);
    whole.set(name, all);
  }
  return whole;
}

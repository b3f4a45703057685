/** Values that an adapter of ours, or one that was imported, learned before: training goes on from them. */
import { join } from 'node:path';
import { elements } from '../autodiff/graph.ts';
import { ownClasses } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import { exists } from '../train/checkpoints.ts';
import { createSetup, shapeOf, type Setup } from '../train/setup.ts';
import { readWeight, type LoadOptions } from '../train/weights.ts';
import { readLabels, readLearned } from './open-adapter.ts';

type Values = ReadonlyMap<string, Float32Array>;

interface StartOptions extends LoadOptions {
  /** Classes of the run, in the order of its logits. */
  readonly labels: readonly string[];
}

/** Everything that learns under this setup. Errors: those of the files; `adapter.start`, `adapter.base`. */
export async function earlierValues(adapter: string, options: StartOptions): Promise<Values> {
  const own = ownSetup(options.setup);
  const learned = (await classesOf(adapter)) ?? options.labels;
  const hasClasses = own.target.headIsNew && learned.length > 0 && own.head.labels === options.labels.length;
  try {
    const stored = hasClasses ? withClasses(own, learned.length) : own;
    const values = await readLearned(adapter, stored);
    const sorted = hasClasses ? await inOrder(values, { ...options, own, learned }) : values;
    return await besideOthers(sorted, options);
  } catch (thrown) {
    const isOther = thrown instanceof StudioError && thrown.code === 'adapter.incomplete';
    if (!isOther) throw thrown;
    const { path, name } = thrown.data as StudioError<'adapter.incomplete'>['data'];
    const method = options.setup.methodConfig?.name ?? '';
    throw new StudioError('adapter.start', { path, name, method }, { cause: thrown });
  }
}

/** The labels an adapter has learned, in the order of its logits; null where its folder names none. */
export async function classesOf(adapter: string): Promise<readonly string[] | null> {
  return (await exists(join(adapter, 'labels.json'))) ? await readLabels(adapter) : null;
}

/** An adapter has the classes of its own data set alone. */
function ownSetup(setup: Setup): Setup {
  const { architecture, config, head, methodConfig } = setup;
  return head.sets ? createSetup({ architecture, config, head: ownClasses(head), method: methodConfig }) : setup;
}

function withClasses(setup: Setup, labels: number): Setup {
  const { architecture, config, head, methodConfig } = setup;
  return labels === head.labels
    ? setup
    : createSetup({ architecture, config, head: { ...head, labels }, method: methodConfig });
}

interface Order extends StartOptions {
  readonly own: Setup;
  readonly learned: readonly string[];
}

/** The rows' labels may stand in another order than the adapter's, and be others: a class it knows keeps its values, a new one starts anew. */
async function inOrder(values: Values, { own, learned, labels, base, seed }: Order): Promise<Values> {
  if (learned.join('\n') === labels.join('\n')) return values;
  const wider = withClasses(own, labels.length + 1);
  const sorted = new Map(values);
  for (const [name, from] of values) {
    const shape = shapeOf(own, name);
    const axis = shapeOf(wider, name).findIndex((size, at) => size !== shape[at]);
    if (axis < 0) continue;
    const inner = elements(shape.slice(axis + 1));
    const to = own.added.has(name)
      ? new Float32Array(elements(shape))
      : (await readWeight(name, base, { setup: own, seed })).slice();
    for (let outer = 0; outer < elements(shape.slice(0, axis)); outer += 1)
      labels.forEach((label, at) => {
        const place = learned.indexOf(label);
        if (place < 0) return;
        const start = (outer * learned.length + place) * inner;
        to.set(from.subarray(start, start + inner), (outer * labels.length + at) * inner);
      });
    sorted.set(name, to);
  }
  return sorted;
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

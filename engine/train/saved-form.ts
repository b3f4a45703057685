/** What is left of a method once it has learned: a prompt encoder's table, a decomposition as plain LoRA. */
import { elements, Graph } from '../autodiff/graph.ts';
import { ownClasses } from '../models/model.ts';
import { createScope } from '../models/scope.ts';
import { Runtime, type HostTensor } from '../runtime/session.ts';
import { BugError } from '../spec/errors.ts';
import { createSetup, type Setup } from './setup.ts';
import { floatData, floats } from './state.ts';

export interface SavedForm {
  /** The setup under which the values are loaded again. */
  readonly setup: Setup;
  /** Everything that learned, by its name in that setup. */
  readonly state: ReadonlyMap<string, HostTensor>;
}

/** Computes the saved form's tensors from what learned; what keeps its name is passed on as it is. */
export async function savedForm(learned: Setup, state: ReadonlyMap<string, HostTensor>): Promise<SavedForm> {
  const { architecture, config, head, method, methodConfig, target, modules, ties } = learned;
  if (!method || !methodConfig) throw new BugError('nothing was learned');
  const own = ownClasses(head);
  const setup = createSetup({ architecture, config, head: own, method: method.savedConfig(methodConfig) });
  const graph = new Graph();
  const scope = createScope(graph, { modules, ties, training: false });
  const computed = method.savedTensors(scope, methodConfig, target);
  if (computed.size === 0) return { setup, state: ownRows(setup, state) };
  // A value may keep the name of one it is made from.
  const outputs = Object.fromEntries([...computed].map(([name, tensor]) => [`${name}+`, tensor]));
  const session = await (await Runtime.open()).compile(graph, outputs, { device: 'cpu', threads: 1 });
  try {
    const made = Object.entries(await session.run(state)).map(([name, tensor]) => [name.slice(0, -1), tensor] as const);
    return { setup, state: ownRows(setup, new Map([...state, ...made])) };
  } finally {
    await session.dispose();
  }
}

/** Of a layer whose classes several data sets share, the rows of the run's own, which stand first. */
function ownRows({ shapes }: Setup, state: SavedForm['state']): SavedForm['state'] {
  return new Map(
    [...state].map(([name, tensor]) => {
      const shape = shapes.get(name) ?? tensor.shape;
      const whole = elements(shape) === elements(tensor.shape);
      return [name, whole ? tensor : floats(shape, floatData(tensor).slice(0, elements(shape)))];
    }),
  );
}

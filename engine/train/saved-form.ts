/** What is left of a method once it has learned: a prompt encoder's table, a decomposition as plain LoRA. */
import { Graph } from '../autodiff/graph.ts';
import { createScope } from '../models/scope.ts';
import { Runtime, type HostTensor } from '../runtime/session.ts';
import { BugError } from '../spec/errors.ts';
import { createSetup, type Setup } from './setup.ts';

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
  const setup = createSetup({ architecture, config, head, method: method.savedConfig(methodConfig) });
  const graph = new Graph();
  const scope = createScope(graph, { modules, ties, training: false });
  const computed = method.savedTensors(scope, methodConfig, target);
  if (computed.size === 0) return { setup, state };
  // A value may keep the name of one it is made from.
  const outputs = Object.fromEntries([...computed].map(([name, tensor]) => [`${name}+`, tensor]));
  const session = await (await Runtime.open()).compile(graph, outputs, { device: 'cpu', threads: 1 });
  try {
    const made = Object.entries(await session.run(state)).map(([name, tensor]) => [name.slice(0, -1), tensor] as const);
    return { setup, state: new Map([...state, ...made]) };
  } finally {
    await session.dispose();
  }
}

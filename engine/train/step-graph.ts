/** One training step as one graph: forward, backward, clipping and the optimizer's update. */
import { gradients } from '../autodiff/backward.ts';
import type { Graph, Tensor } from '../autodiff/graph.ts';
import { add } from '../autodiff/ops.ts';
import type { Mask } from '../models/scope.ts';
import { adamw, stepScalars, type AdamWSettings } from '../optim/adamw.ts';
import { clip, globalNorm } from '../optim/clip.ts';
import { BugError } from '../spec/errors.ts';
import { objectiveOf, weightedLoss } from '../tasks/objective.ts';
import { buildForward, buildHead, shapeOf, type BatchShape, type Setup } from './setup.ts';

/** What a step does with its gradients. */
export type StepKind =
  /** Updates the weights from this batch. */
  | 'update'
  /** Adds this batch's gradients to those of the batches before. */
  | 'accumulate'
  /** Adds them and updates. */
  | 'accumulate-update'
  /** Gives them back, for checks. */
  | 'gradients';

export interface StepShape extends BatchShape {
  /** Candidates of each multiple choice; 1 elsewhere. */
  readonly choices: number;
}

export interface StepOptions {
  readonly kind: StepKind;
  readonly optimizer: AdamWSettings;
  /** Whether weight decay applies to a parameter. */
  readonly decays: (name: string) => boolean;
  /** Size of the hidden states that come as the leaf `features`; absent: the base computes them. */
  readonly features?: number | undefined;
}

export interface StepGraph {
  readonly graph: Graph;
  /** `loss`, `norm` (with an update), and the new values of what `updates` names. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Output → the leaf it replaces. */
  readonly updates: ReadonlyMap<string, string>;
  readonly masks: readonly Mask[];
}

export const firstMoment = (name: string): string => `${name}/first`;
export const secondMoment = (name: string): string => `${name}/second`;
export const summedGradient = (name: string): string => `${name}/gradient`;

export function buildStep(setup: Setup, shape: StepShape, options: StepOptions): StepGraph {
  const { graph, logits, masks } =
    options.features === undefined
      ? buildForward(setup, shape, { training: true })
      : buildHead(setup, { answers: shape.answers, size: options.features });
  const loss = weightedLoss(objectiveOf(setup.head), logits, { graph, shape });
  const named = learning(setup, graph, loss);
  const outputs: Record<string, Tensor> = { loss };
  const updates = new Map<string, string>();
  const replace = (leaf: string, value: Tensor): void => {
    outputs[`${leaf}+`] = value;
    updates.set(`${leaf}+`, leaf);
  };
  const { kind } = options;
  if (kind === 'gradients') {
    for (const { name, grad } of named) outputs[summedGradient(name)] = grad;
    outputs['norm'] = globalNorm(named.map(({ grad }) => grad));
    return { graph, outputs, updates, masks };
  }
  const summed = named.map(({ name, grad }) =>
    kind === 'update' ? grad : add(graph.input(summedGradient(name), 'float32', grad.shape), grad),
  );
  if (kind === 'accumulate') {
    named.forEach(({ name }, index) => replace(summedGradient(name), summed[index] as Tensor));
    return { graph, outputs, updates, masks };
  }
  const norm = globalNorm(summed);
  outputs['norm'] = norm;
  const clipped = clip(summed, norm, graph.input('optimizer.maxNorm', 'float32', []));
  named.forEach(({ name, weight }, index) => {
    const state = {
      weight,
      first: graph.input(firstMoment(name), 'float32', weight.shape),
      second: graph.input(secondMoment(name), 'float32', weight.shape),
    };
    const next = adamw(state, clipped[index] as Tensor, {
      scalars: stepScalars(graph, rateOf(setup, name)),
      settings: options.optimizer,
      decays: options.decays(name),
    });
    replace(name, next.weight);
    replace(firstMoment(name), next.first);
    replace(secondMoment(name), next.second);
  });
  return { graph, outputs, updates, masks };
}

/** Factor of the learning rate for a parameter. */
export function rateOf({ method, methodConfig, target }: Setup, name: string): number {
  return method && methodConfig ? method.rate(methodConfig, name, target) : 1;
}

/** Parameters that learn, with their gradients; one the loss does not reach is left as it is, decay included. */
function learning(setup: Setup, graph: Graph, loss: Tensor): readonly { name: string; weight: Tensor; grad: Tensor }[] {
  const used = new Set(graph.leaves.flatMap(({ leaf }) => (leaf?.kind === 'parameter' ? [leaf.name] : [])));
  const names = setup.trainable.filter((name) => used.has(name));
  const weights = names.map((name) => graph.parameter(name, shapeOf(setup, name)));
  const found = gradients(loss, weights);
  const result = names.flatMap((name, index) => {
    const [weight, grad] = [weights[index], found[index]];
    return weight && grad ? [{ name, weight, grad }] : [];
  });
  if (result.length === 0) throw new BugError('nothing learns: the loss reaches no trainable parameter');
  return result;
}

/** What a task minimises, as Transformers' task classes have it: a loss for each item of a batch, and their weighted sum. */
import type { Graph, Tensor } from '../autodiff/graph.ts';
import { add, crossEntropy, mul, reshape, sumAll, transpose } from '../autodiff/ops.ts';
import type { Head } from '../models/model.ts';
import { binaryCrossEntropy, squaredError } from './losses.ts';

/**
 * class: one of the labels at each answered position. class-of-set: one of those of the row's own data set, as if it had
 * a layer of its own. regression: a number a row. multi-label: each label yes or no. span: where in the row the answer
 * starts and ends; two items a row. choice: one of several candidates.
 */
export type Objective = 'class' | 'class-of-set' | 'regression' | 'multi-label' | 'span' | 'choice';

export function objectiveOf({ name, problem = 'single-label', sets }: Head): Objective {
  if (name === 'question-answering') return 'span';
  if (name === 'multiple-choice') return 'choice';
  if (problem !== 'single-label') return problem;
  return sets ? 'class-of-set' : 'class';
}

export interface ObjectiveShape {
  /** Sequences of the batch; candidates of multiple choice count each. */
  readonly batch: number;
  /** Hidden states read: rows of the logits. */
  readonly answers: number;
  /** Candidates of each multiple choice; 1 elsewhere. */
  readonly choices: number;
}

/** Items of a batch: what has a loss and a weight. */
export function itemsOf(objective: Objective, { batch, answers, choices }: ObjectiveShape): number {
  if (objective === 'span') return 2 * batch;
  return objective === 'choice' ? answers / choices : answers;
}

/**
 * Loss of each item, [items], from logits [answers, width]. Leaves: `labels`, int64 [items]; regression float32 [items];
 * multi-label float32 [items, width]. class-of-set, span and choice: `allowed`, float32 [items, classes, positions or
 * candidates], which is 0, or −1e9 for what cannot be the answer.
 */
export function itemLosses(
  objective: Objective,
  logits: Tensor,
  { graph, shape }: { readonly graph: Graph; readonly shape: ObjectiveShape },
): Tensor {
  const items = itemsOf(objective, shape);
  const classes = (): Tensor => graph.input('labels', 'int64', [items]);
  const among = (scores: Tensor): Tensor =>
    crossEntropy(add(scores, graph.input('allowed', 'float32', scores.shape)), classes());
  switch (objective) {
    case 'class':
      return crossEntropy(logits, classes());
    case 'class-of-set':
      return among(logits);
    case 'regression':
      return squaredError(reshape(logits, [items]), graph.input('labels', 'float32', [items]));
    case 'multi-label':
      return binaryCrossEntropy(logits, graph.input('labels', 'float32', logits.shape));
    case 'span': {
      const { batch, answers } = shape;
      const sides = transpose(reshape(logits, [batch, answers / batch, 2]), [0, 2, 1]);
      return among(reshape(sides, [items, answers / batch]));
    }
    case 'choice':
      return among(reshape(logits, [items, shape.choices]));
  }
}

/** Σ weight·loss over the items, with the leaf `weights`, float32 [items]: weights of 1 / items make a mean of any batch split. */
export function weightedLoss(
  objective: Objective,
  logits: Tensor,
  at: { readonly graph: Graph; readonly shape: ObjectiveShape },
): Tensor {
  const losses = itemLosses(objective, logits, at);
  return sumAll(mul(losses, at.graph.input('weights', 'float32', losses.shape)));
}

/** Learned vectors in the place of words: how a table [tokens, size] stands in the word embeddings. */
import type { Tensor } from '../autodiff/graph.ts';
import { add, gather, mul, sub } from '../autodiff/ops.ts';
import type { Scope } from '../models/scope.ts';

/** The scope that puts rows of the table where rows hold virtual tokens. */
export function withTable(scope: Scope, table: (scope: Scope) => Tensor): Scope {
  return {
    ...scope,
    place: (words, { indices, mask }) => add(mul(words, sub(1, mask)), mul(gather(table(scope), indices), mask)),
  };
}

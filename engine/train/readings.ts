/** What a prepared task would have a model read, counted without one: each prompt with each of its answers, in tokens. */
import type { PreparedTask, Answerer, Part } from '../tasks/task.ts';
import type { TokenRow } from '../tasks/rows.ts';

/** Tokens that `predict` reads and writes on a part; a writing model is taken to use the whole room of its answers. */
export async function tokensToRead(rows: PreparedTask, part: Part, hidden: number): Promise<number> {
  let tokens = 0;
  const read = (asked: readonly TokenRow[]): void => {
    for (const { ids, decoder = [] } of asked) tokens += ids.length + decoder.length;
  };
  const blank = (size: (row: TokenRow) => number) => (asked: readonly TokenRow[]) => {
    read(asked);
    return Promise.resolve(asked.map((row) => new Float32Array(size(row))));
  };
  const counter: Answerer = {
    losses: blank(({ answers }) => answers.length),
    logits: blank(({ answers }) => answers.length * Math.max(1, rows.labels.length)),
    features: blank(() => hidden),
    states: blank(({ answers }) => answers.length * hidden),
    continue: (prompts, limit) => {
      for (const prompt of prompts) tokens += prompt.length + limit;
      return Promise.resolve(prompts.map(() => []));
    },
  };
  await rows.predict(counter, part, { before: null });
  return tokens;
}

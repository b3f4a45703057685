/** A bidirectional LSTM over one sequence, unrolled (Hochreiter & Schmidhuber, 1997; PyTorch's nn.LSTM, gates i f g o). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, concat, gemm, mul, sigmoid, slice, tanh, zeros } from '../../autodiff/ops.ts';
import { BugError } from '../../spec/errors.ts';
import type { NewParameter } from '../method.ts';

export interface LstmShape {
  /** Size of the sequence's vectors. */
  readonly input: number;
  /** Of each direction. */
  readonly hidden: number;
  readonly layers: number;
}

const directions = ['', '_reverse'] as const;

/** PyTorch's names and start: U(−1/√hidden, 1/√hidden). */
export function lstmParameters(name: string, { input, hidden, layers }: LstmShape): ReadonlyMap<string, NewParameter> {
  const initial = { kind: 'uniform', bound: 1 / Math.sqrt(hidden) } as const;
  const gates = 4 * hidden;
  return new Map<string, NewParameter>(
    Array.from({ length: layers }, (_, layer) =>
      directions.flatMap((direction) => {
        const end = `l${String(layer)}${direction}`;
        return [
          [`${name}.weight_ih_${end}`, { shape: [gates, layer === 0 ? input : 2 * hidden], initial }] as const,
          [`${name}.weight_hh_${end}`, { shape: [gates, hidden], initial }] as const,
          [`${name}.bias_ih_${end}`, { shape: [gates], initial }] as const,
          [`${name}.bias_hh_${end}`, { shape: [gates], initial }] as const,
        ];
      }),
    ).flat(),
  );
}

export interface LstmOptions extends LstmShape {
  readonly parameter: (name: string) => Tensor;
  /** Between two layers. */
  readonly dropout: (x: Tensor, layer: number) => Tensor;
}

/** [steps, input] → [steps, 2·hidden]: both directions side by side. */
export function lstm(sequence: Tensor, { parameter, dropout, hidden, layers }: LstmOptions): Tensor {
  let x = sequence;
  for (let layer = 0; layer < layers; layer += 1) {
    const end = `l${String(layer)}`;
    const both = directions.map((direction) => {
      const weight = (part: string): Tensor => parameter(`${part}_${end}${direction}`);
      // The inputs' share of the gates, of all steps at once.
      const given = gemm(x, weight('weight_ih'), { transB: true, c: weight('bias_ih') });
      const from = { given, weight: weight('weight_hh'), bias: weight('bias_hh'), hidden };
      return direction === '' ? steps(from, false) : steps(from, true);
    });
    const [forwards, backwards] = both;
    if (!forwards || !backwards) throw new BugError('an LSTM has two directions');
    const joined = concat([forwards, backwards], 1);
    x = layer === layers - 1 ? joined : dropout(joined, layer);
  }
  return x;
}

interface Direction {
  /** [steps, 4·hidden]. */
  readonly given: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly hidden: number;
}

/** All states of one direction, [steps, hidden], in the sequence's order. */
function steps({ given, weight, bias, hidden }: Direction, backwards: boolean): Tensor {
  const count = given.shape[0] ?? 0;
  const order = Array.from({ length: count }, (_, step) => (backwards ? count - 1 - step : step));
  let state = zeros(given, [1, hidden]);
  let cell = state;
  const states: Tensor[] = [];
  for (const step of order) {
    const gates = add(slice(given, 0, [step, step + 1]), gemm(state, weight, { transB: true, c: bias }));
    const gate = (index: number): Tensor => slice(gates, 1, [index * hidden, (index + 1) * hidden]);
    cell = add(mul(sigmoid(gate(1)), cell), mul(sigmoid(gate(0)), tanh(gate(2))));
    state = mul(sigmoid(gate(3)), tanh(cell));
    states.push(state);
  }
  const [first, ...others] = backwards ? states.reverse() : states;
  if (!first) throw new BugError('an LSTM needs a step');
  return concat([first, ...others], 0);
}

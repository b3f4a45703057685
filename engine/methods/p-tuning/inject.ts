/** The prompt encoder, which writes the learned vectors (Liu et al., 2021, section 3.2; PEFT's PromptEncoder, peft/tuners/p_tuning/model.py). */
import type { Tensor } from '../../autodiff/graph.ts';
import { gemm, relu } from '../../autodiff/ops.ts';
import type { Scope } from '../../models/scope.ts';
import type { PTuningConfig } from '../../spec/methods/p-tuning.ts';
import type { NewParameter, Target } from '../method.ts';
import { promptEncoder, promptTable, wordSize } from '../peft-prompts.ts';
import { promptShape } from '../prompt/inject.ts';
import { lstm, lstmParameters, type LstmShape } from './lstm.ts';

const embedding = `${promptEncoder}.embedding.weight`;
const lstmHead = `${promptEncoder}.lstm_head`;
const mlpHead = `${promptEncoder}.mlp_head`;

export function encoderParameters(config: PTuningConfig, target: Target): ReadonlyMap<string, NewParameter> {
  const shape = promptShape(config, target);
  // Vectors that the model reads as they are start as small as its own words; an encoder's input starts as PyTorch's Embedding.
  if (config.encoder === 'embedding')
    return new Map([[promptTable, { shape, initial: { kind: 'normal', deviation: target.config.initializerRange } }]]);
  const size = wordSize(target);
  const hidden = config.encoderSize ?? size;
  const layers: readonly (readonly [string, NewParameter])[] =
    config.encoder === 'lstm'
      ? [
          ...lstmParameters(lstmHead, lstmShape(config, target)),
          ...linear(0, 2 * hidden, 2 * hidden),
          ...linear(2, size, 2 * hidden),
        ]
      : [...linear(0, hidden, size), ...linear(2, hidden, hidden), ...linear(4, size, hidden)];
  return new Map([[embedding, { shape, initial: { kind: 'normal', deviation: 1 } }], ...layers]);
}

/** As PyTorch's Linear starts. */
function linear(at: number, rows: number, columns: number): readonly (readonly [string, NewParameter])[] {
  const initial = { kind: 'uniform', bound: 1 / Math.sqrt(columns) } as const;
  return [
    [`${mlpHead}.${String(at)}.weight`, { shape: [rows, columns], initial }],
    [`${mlpHead}.${String(at)}.bias`, { shape: [rows], initial }],
  ];
}

function lstmShape({ encoderSize, encoderLayers }: PTuningConfig, target: Target): LstmShape {
  const input = wordSize(target);
  return { input, hidden: encoderSize ?? input, layers: encoderLayers };
}

/** The table [tokens, size] that stands in the rows. */
export function encodedPrompt(scope: Scope, config: PTuningConfig, target: Target): Tensor {
  const shapes = encoderParameters(config, target);
  const parameter = (name: string): Tensor => scope.graph.parameter(name, shapes.get(name)?.shape ?? []);
  if (config.encoder === 'embedding') return parameter(promptTable);
  const through = (x: Tensor, at: number): Tensor =>
    gemm(x, parameter(`${mlpHead}.${String(at)}.weight`), {
      transB: true,
      c: parameter(`${mlpHead}.${String(at)}.bias`),
    });
  const table = parameter(embedding);
  return scope.graph.within(promptEncoder, () => {
    if (config.encoder === 'mlp') return through(relu(through(relu(through(table, 0)), 2)), 4);
    const states = lstm(table, {
      ...lstmShape(config, target),
      parameter: (name) => parameter(`${lstmHead}.${name}`),
      dropout: (x, layer) => scope.dropout(x, config.encoderDropout, `${lstmHead}.${String(layer)}`),
    });
    return through(relu(through(states, 0)), 2);
  });
}

/** GPT-2's forward pass: pre-norm layers over learned positions (Radford et al., 2019; Transformers' modeling_gpt2). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, slice } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { splitHeads } from '../attention.ts';
import { layerNorm } from '../norm.ts';
import { causalStack, type Stack } from '../decoder/stack.ts';
import type { ForwardResult, TextInputs } from '../model.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { Gpt2Config } from './config.ts';

export function gpt2Forward(scope: Scope, config: Gpt2Config, inputs: TextInputs): ForwardResult {
  const { ids, positions, virtual } = inputs;
  const words = embedWords(scope, 'transformer.wte', { ids, virtual, paddingIndex: null });
  const stack = causalStack(config, inputs);
  let x = flattenRows(add(words, scope.embedding(positions, 'transformer.wpe', null)));
  for (let index = 0; index < config.layers; index += 1) {
    const input = x;
    x = scope.graph.within(`transformer.h.${String(index)}`, () => block(scope, config, { stack, index, input }));
  }
  return { hidden: layerNorm(scope, 'transformer.ln_f', config.epsilon)(x), present: stack.present, cross: [] };
}

interface Block {
  readonly stack: Stack;
  readonly index: number;
  /** [B·S, hidden]. */
  readonly input: Tensor;
}

function block(scope: Scope, config: Gpt2Config, { stack, index, input }: Block): Tensor {
  const { hidden, heads, epsilon } = config;
  const layer = `transformer.h.${String(index)}`;
  const together = scope.linear(layerNorm(scope, `${layer}.ln_1`, epsilon)(input), `${layer}.attn.c_attn`);
  const part = (at: number): Tensor =>
    splitHeads(slice(together, 1, [at * hidden, (at + 1) * hidden]), { batch: stack.batch, heads });
  const scale = config.attentionScales[index] ?? 1;
  const mixed = stack.attend(index, { query: part(0), key: part(1), value: part(2) }, { scale });
  const attended = scope.residual(
    scope.linear(stack.asked(mixed, index), `${layer}.attn.c_proj`),
    stack.asked(input, index),
    { place: `${layer}.attention_adapters`, kind: 'attention', layer: index, norm: null },
  );
  const wide = scope.linear(layerNorm(scope, `${layer}.ln_2`, epsilon)(attended), `${layer}.mlp.c_fc`);
  return scope.residual(scope.linear(activate(config.activation, wide), `${layer}.mlp.c_proj`), attended, {
    place: `${layer}.output_adapters`,
    kind: 'feed-forward',
    layer: index,
    norm: null,
  });
}

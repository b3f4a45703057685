/** Tokenizers rebuilt from GGUF metadata: the ids of the tokenizer the file was converted from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { tokenizerFromGguf } from '../../../engine/tokenizer/from-gguf.ts';
import { renderPrompt } from '../../../engine/tokenizer/chat-template.ts';
import { loadTokenizer, settingsOf } from '../../../engine/tokenizer/load.ts';
import { createTokenizer } from '../../../engine/tokenizer/tokenizer.ts';

const shared = join(import.meta.dirname, '../../../../shared');

function readJson<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(shared, ...path), 'utf8')) as T;
}

interface Reference {
  readonly cases: {
    readonly prompt: string;
    readonly rendered: string;
    readonly input_ids: number[];
    readonly greedy_ids: number[];
    readonly greedy_text: string;
  }[];
  readonly plain_text: { readonly text: string; readonly input_ids: number[] }[];
}

describe('SmolLM2', () => {
  const reference = readJson<Reference>('models/smollm2-135m-instruct/reference.json');

  test("gives the reference's ids for texts and chats, and reads them back", async () => {
    const model = await openModel(join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf'));
    const { tokenizer } = model;
    for (const { text, input_ids } of reference.plain_text) {
      expect((await tokenizer.encode(text)).ids).toEqual(input_ids);
      expect(await tokenizer.decode(input_ids)).toBe(text);
    }
    const chat = { tokenizer, template: model.chatTemplate ?? '' };
    for (const { prompt, rendered, input_ids, greedy_ids, greedy_text } of reference.cases) {
      expect(await renderPrompt(chat, [{ role: 'user', content: prompt }])).toEqual(input_ids);
      expect(await tokenizer.decode(input_ids)).toBe(rendered);
      expect(await tokenizer.decode(greedy_ids)).toBe(greedy_text);
    }
    await model.close();
  });
});

interface HubTokenizer {
  readonly added_tokens: { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: (string | [string, string])[] };
}

/** What llama.cpp's converter writes for a tokenizer. */
function metadataOf(name: string, kind: 'gpt2' | 'llama', pre: string): Map<string, Json> {
  const { added_tokens, model } = readJson<HubTokenizer>('golden/models', name, 'tokenizer.json');
  const config = readJson<Record<string, string>>('golden/models', name, 'tokenizer_config.json');
  const ids = new Map([
    ...Object.entries(model.vocab),
    ...added_tokens.map(({ content, id }) => [content, id] as const),
  ]);
  const tokens = [...ids].sort((a, b) => a[1] - b[1]).map(([token]) => token);
  const added = new Map(added_tokens.map(({ content, special }) => [content, special]));
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const rank = new Map(merges.map((merge, index) => [merge.replace(' ', ''), index]));
  const unknown = tokens.indexOf('<unk>');
  const keys = new Map<string, Json>([
    ['general.architecture', 'llama'],
    ['tokenizer.ggml.model', kind],
    ['tokenizer.ggml.pre', pre],
    ['tokenizer.ggml.tokens', tokens],
    [
      'tokenizer.ggml.token_type',
      tokens.map((token) => (added.has(token) ? (added.get(token) === true ? 3 : 4) : /^<0x..>$/.test(token) ? 6 : 1)),
    ],
    ['tokenizer.ggml.merges', merges],
    ['tokenizer.ggml.scores', tokens.map((token) => -(rank.get(token) ?? 1e6))],
    ...(unknown < 0 ? [] : [['tokenizer.ggml.unknown_token_id', unknown] as const]),
  ]);
  for (const part of ['bos', 'eos']) {
    const id = ids.get(config[`${part}_token`] ?? '');
    if (id !== undefined) keys.set(`tokenizer.ggml.${part}_token_id`, id);
  }
  return keys;
}

interface Golden {
  readonly single: {
    readonly text: string;
    readonly add_special_tokens: boolean;
    readonly ids: number[];
    readonly decoded?: string;
  }[];
}

describe('other kinds, from what the converter would write', () => {
  test.each([
    ['smollm', 'gpt2', 'smollm'],
    ['llama', 'gpt2', 'llama-bpe'],
    ['qwen2', 'gpt2', 'qwen2'],
    ['gpt2', 'gpt2', 'gpt-2'],
    ['mistral', 'llama', 'default'],
    ['phi3', 'llama', 'default'],
  ] as const)('%s', async (name, kind, pre) => {
    const { single } = readJson<Golden>('golden/models', name, 'tokenizer_golden.json');
    const keys = metadataOf(name, kind, pre);
    // Unsaid, a tokenizer of this kind begins texts with BOS, as Mistral's does and Phi's does not.
    if (name === 'phi3') keys.set('tokenizer.ggml.add_bos_token', false);
    const { json, settings } = tokenizerFromGguf(name, keys);
    const rebuilt = createTokenizer(name, json, settingsOf(settings));
    for (const { text, add_special_tokens: addSpecialTokens, ids, decoded } of single) {
      expect((await rebuilt.encode(text, { addSpecialTokens })).ids, text).toEqual(ids);
      if (decoded !== undefined) expect(await rebuilt.decode(ids)).toBe(decoded);
    }
    const { tokenizer } = await loadTokenizer(join(shared, 'golden/models', name));
    expect(rebuilt.special.eos).toEqual(tokenizer.special.eos);
  });

  test('a kind that is not known is refused by its name', () => {
    const keys = metadataOf('smollm', 'gpt2', 'brand-new');
    expect(() => tokenizerFromGguf('file', keys)).toThrow(/tokenizer\.unsupported.*brand-new/);
    keys.set('tokenizer.ggml.model', 'rwkv');
    expect(() => tokenizerFromGguf('file', keys)).toThrow(/tokenizer\.unsupported.*rwkv/);
    expect(() => tokenizerFromGguf('file', new Map())).toThrow('model.no-tokenizer');
  });
});

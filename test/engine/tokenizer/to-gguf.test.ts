/** Tokenizers written as GGUF metadata: read back, they give the ids of the tokenizer they were made from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../engine/spec/json.ts';
import { tokenizerFromGguf } from '../../../engine/tokenizer/from-gguf.ts';
import { loadTokenizer, settingsOf } from '../../../engine/tokenizer/load.ts';
import { tokenizerToGguf, type GgufTokenizer } from '../../../engine/tokenizer/to-gguf.ts';
import { createTokenizer } from '../../../engine/tokenizer/tokenizer.ts';

const models = join(import.meta.dirname, '../../../../shared/golden/models');

interface Golden {
  readonly single: readonly {
    readonly text: string;
    readonly add_special_tokens: boolean;
    readonly ids: number[];
    readonly decoded?: string;
  }[];
}

async function written(name: string, changes: (root: Record<string, Json>) => void = () => undefined) {
  const { tokenizer } = await loadTokenizer(join(models, name));
  const root = JSON.parse(tokenizer.json) as Record<string, Json>;
  changes(root);
  const { bos, eos } = tokenizer.special;
  const rows = tokenizer.vocabSize + 2;
  const json = JSON.stringify(root);
  return tokenizerToGguf({ path: name, json, rows, bos: bos?.token ?? null, eos: eos?.token ?? null });
}

/** The keys as a file would have them. */
function keysOf(tokenizer: GgufTokenizer, ids: Readonly<Record<string, number | undefined>>): Map<string, Json> {
  const all = { ...tokenizer, ...ids };
  return new Map(
    Object.entries(all).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[`tokenizer.ggml.${key}`, value] as const],
    ),
  );
}

describe('the golden tokenizers', () => {
  test.each([
    ['smollm', 'gpt2', 'smollm'],
    ['llama', 'gpt2', 'smaug-bpe'],
    ['qwen2', 'gpt2', 'qwen2'],
    ['qwen3', 'gpt2', 'qwen2'],
    ['gpt2', 'gpt2', 'gpt-2'],
    ['mistral', 'llama', 'default'],
    ['phi3', 'llama', 'default'],
    ['gemma2', 'llama', 'default'],
    ['gemma3', 'llama', 'default'],
  ])('%s', async (name, kind, pre) => {
    const { tokenizer } = await loadTokenizer(join(models, name));
    const found = await written(name);
    expect([found.model, found.pre, found.tokens.length]).toEqual([kind, pre, tokenizer.vocabSize + 2]);
    expect(found.tokens.slice(-2)).toEqual([`[PAD${tokenizer.vocabSize}]`, `[PAD${tokenizer.vocabSize + 1}]`]);
    const keys = keysOf(found, {
      bos_token_id: tokenizer.special.bos?.id,
      eos_token_id: tokenizer.special.eos?.id,
      unknown_token_id: tokenizer.special.unk?.id,
    });
    const { json, settings } = tokenizerFromGguf(name, keys);
    const rebuilt = createTokenizer(name, json, settingsOf(settings));
    const { single } = JSON.parse(readFileSync(join(models, name, 'tokenizer_golden.json'), 'utf8')) as Golden;
    for (const { text, add_special_tokens: addSpecialTokens, ids, decoded } of single) {
      expect((await rebuilt.encode(text, { addSpecialTokens })).ids, text).toEqual(ids);
      if (decoded !== undefined) expect(await rebuilt.decode(ids)).toBe(decoded);
    }
    expect(rebuilt.special.eos).toEqual(tokenizer.special.eos);
  });

  test('kinds of tokens: steering, bytes, unknown, plain, and rows without a token', async () => {
    const { tokens, token_type: types } = await written('mistral');
    const typeOf = (token: string): number | undefined => types[tokens.indexOf(token)];
    expect(['<unk>', '<s>', '[INST]', '<0x0A>', '▁', '[PAD336]'].map(typeOf)).toEqual([2, 3, 3, 6, 1, 5]);
  });
});

describe('refusing, by name', () => {
  const refusal = (name: string, changes: (root: Record<string, Json>) => void): Promise<unknown> =>
    written(name, changes).then(
      () => 'accepted',
      (thrown: { data: { reason: string } }) => thrown.data.reason,
    );

  test('a model that is not BPE, a way to split that llama.cpp has no name for, more tokens than rows', async () => {
    expect(
      await refusal('qwen2', (root) => {
        root['model'] = { type: 'Unigram', vocab: [] };
      }),
    ).toContain('"Unigram"');
    expect(
      await refusal('qwen2', (root) => {
        root['pre_tokenizer'] = { type: 'Whitespace' };
      }),
    ).toContain('pre_tokenizer');
    expect(
      await refusal('qwen2', (root) => {
        root['normalizer'] = { type: 'Lowercase' };
      }),
    ).toContain('"Lowercase"');
    expect(
      await refusal('qwen2', (root) => {
        root['added_tokens'] = [{ id: 5000, content: '<far>' }];
      }),
    ).toContain('5000');
  });
});

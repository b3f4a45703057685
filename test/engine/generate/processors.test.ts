/** Rules in token ids that no golden holds; the others are compared with Transformers' by `npm run parity`. */
import { describe, expect, test } from 'vitest';
import { processed, processorsOf } from '../../../engine/generate/processors.ts';
import { tokenRules, type TokenRules } from '../../../engine/generate/rules.ts';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { generationSettings, type GenerationRequest } from '../../../engine/spec/generation.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

const logits = Float64Array.of(0.5, -1, 2, 1, 3);
const out = -Infinity;

function scores(
  asked: { settings?: GenerationRequest; rules?: Partial<TokenRules> },
  row: { ids: readonly number[]; promptLength: number },
): readonly number[] {
  const processors = processorsOf(generationSettings(asked.settings ?? {}), { eos: [4], ...asked.rules });
  return [...processed(logits, processors, { ...row, row: 0 })];
}

describe('rules of a model', () => {
  const row = { ids: [0, 1, 2], promptLength: 2 };

  test('nothing asked for changes nothing', () => {
    expect(scores({}, row)).toEqual([...logits]);
  });

  test('a bad word’s last token is out where the others stand; a lone end token is no bad word', () => {
    const badWords = [[3], [2, 0], [0, 1], [1, 2, 2], [4]];
    expect(scores({ rules: { badWords } }, row)).toEqual([out, -1, out, out, 3]);
  });

  test.each([
    ['minNewTokens', { settings: { minNewTokens: 2 } }, out],
    ['minNewTokens reached', { settings: { minNewTokens: 1 } }, 3],
  ])('%s', (_title, asked, end) => {
    expect(scores(asked, row)).toEqual([0.5, -1, 2, 1, end]);
  });

  test('the first token of a decoder and the last of an answer can be forced', () => {
    const rules = { forcedBos: 1, forcedEos: [4] };
    const settings = { maxNewTokens: 3 };
    const at = (count: number) => scores({ rules, settings }, { ids: [0, 1, 2, 3].slice(0, count), promptLength: 1 });
    expect([at(1), at(2), at(3)]).toEqual([[out, 0, out, out, out], [...logits], [out, out, out, out, 0]]);
  });

  test('suppressed tokens are out', () => {
    expect(scores({ rules: { suppressed: [0, 4] } }, row)).toEqual([out, -1, 2, 1, out]);
  });

  test('are read from its files; config.json counts where there is no generation_config.json', async () => {
    const base = await openModel(goldenModel('llama'));
    const eos = [...new Set([base.config['eos_token_id'], base.tokenizer.special.eos?.id])].filter((id) => id != null);
    expect(tokenRules(base)).toEqual({ eos });
    const config = { ...base.config, forced_bos_token_id: 0, forced_eos_token_id: 9, suppress_tokens: 'none' };
    const generationConfig = {
      eos_token_id: [7, 8],
      forced_bos_token_id: 5,
      forced_eos_token_id: null,
      bad_words_ids: [[1, 2], [3]],
    };
    expect(tokenRules({ ...base, config, generationConfig })).toEqual({
      eos: [base.config['eos_token_id'], 7, 8],
      forcedBos: 5,
      badWords: [[1, 2], [3]],
    });
    expect(tokenRules({ ...base, config, generationConfig: null })).toEqual({ eos, forcedBos: 0, forcedEos: [9] });
    await base.close();
  });
});

describe('settings', () => {
  const row = { ids: [2], promptLength: 1 };

  test('cuts apply to samples alone', () => {
    expect(scores({ settings: { strategy: 'greedy', topK: 1 } }, row)).toEqual([...logits]);
    expect(scores({ settings: { strategy: 'sample', topK: 1 } }, row)).toEqual([out, out, out, out, 3]);
  });

  test('a temperature alone asks for samples, 0 for the likeliest', () => {
    const strategies = [
      {},
      { temperature: 0 },
      { temperature: 0.5 },
      { strategy: 'beam', temperature: 0.5 } as const,
    ].map((asked) => generationSettings(asked).strategy);
    expect(strategies).toEqual(['greedy', 'greedy', 'sample', 'beam']);
  });

  test.each([
    [{ topP: 1.5 }, ['topP', '1.5', 'at most 1']],
    [{ beams: 0 }, ['beams', '0', 'at least 1']],
    [{ repetitionPenalty: -1 }, ['repetitionPenalty', '-1', 'more than 0']],
    [{ stopStrings: [''] }, ['stopStrings.0', '""', 'at least 1']],
  ] as const)('%o is refused by name', (asked, [path, value, legal]) => {
    expect(() => generationSettings(asked as GenerationRequest)).toThrow(
      expect.objectContaining({
        code: 'answer.setting',
        data: { path, value, legal: expect.stringContaining(legal) as string },
      }) as Error,
    );
  });
});

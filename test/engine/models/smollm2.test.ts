/** SmolLM2 from its GGUF file, against Transformers on the dequantised weights: next tokens, losses, greedy replies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAnswerer } from '../../../engine/train/answerer.ts';
import { tokenRules } from '../../../engine/generate/rules.ts';
import { renderPrompt } from '../../../engine/tokenizer/chat-template.ts';
import { loadMachine, shared } from '../../support/engine-fixtures.ts';

interface ChatCase {
  readonly prompt: string;
  readonly input_ids: readonly number[];
  readonly next_token_logprobs: readonly (readonly [number, number])[];
  readonly greedy_ids: readonly number[];
}
interface PlainCase {
  readonly text: string;
  readonly input_ids: readonly number[];
  readonly mean_token_loss: number;
}

const folder = join(shared, 'models/smollm2-135m-instruct');
const reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8')) as {
  readonly cases: readonly ChatCase[];
  readonly plain_text: readonly PlainCase[];
};

let loaded: Awaited<ReturnType<typeof loadMachine>>;
let answerer: ReturnType<typeof createAnswerer>;
beforeAll(async () => {
  loaded = await loadMachine({ model: join(folder, 'SmolLM2-135M-Instruct.Q4_1.gguf'), head: 'causal-lm' });
  const { machine, runtime, weights, base } = loaded;
  answerer = createAnswerer({
    machine,
    runtime,
    device: 'cpu',
    threads: 2,
    mapped: weights.mapped,
    batchSize: 8,
    rules: tokenRules(base),
  });
});
afterAll(async () => {
  await answerer.dispose();
  await loaded.machine.release();
  await loaded.base.close();
});

test('prompts become the same ids', async () => {
  const { tokenizer, chatTemplate } = loaded.base;
  if (chatTemplate === null) throw new TypeError('no chat template');
  const chat = { tokenizer, template: chatTemplate };
  const ids = await Promise.all(
    reference.cases.map(({ prompt }) => renderPrompt(chat, [{ role: 'user', content: prompt }])),
  );
  expect(ids).toEqual(reference.cases.map(({ input_ids }) => input_ids));
});

test('the ten likeliest next tokens and their log-probabilities', async () => {
  const rows = reference.cases.map(({ input_ids: ids }) => ({
    ids,
    types: null,
    answers: [{ position: ids.length - 1, label: 0 }],
  }));
  const logits = await answerer.logits(rows);
  const worst = reference.cases.flatMap(({ next_token_logprobs: expected }, index) => {
    const own = logits[index] ?? new Float32Array();
    const top = own.reduce((most, logit) => Math.max(most, logit), -Infinity);
    const whole = top + Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
    return expected.map(([id, logprob]) => Math.abs((own[id] ?? NaN) - whole - logprob));
  });
  expect(Math.max(...worst)).toBeLessThan(2e-4);
});

test('the mean loss of plain text', async () => {
  const rows = reference.plain_text.map(({ input_ids: ids }) => ({
    ids,
    types: null,
    answers: ids.slice(1).map((label, position) => ({ position, label })),
  }));
  const losses = await answerer.losses(rows);
  const means = losses.map((row) => row.reduce((sum, loss) => sum + loss, 0) / row.length);
  const differences = reference.plain_text.map(({ mean_token_loss: expected }, index) =>
    Math.abs((means[index] ?? NaN) - expected),
  );
  expect(Math.max(...differences)).toBeLessThan(2e-4);
});

test('greedy replies, all prompts in one batch', async () => {
  // A reply ends before its stop token, or at the reference's length.
  const limit = Math.max(...reference.cases.map(({ greedy_ids }) => greedy_ids.length));
  const { eos } = tokenRules(loaded.base);
  const replies = await answerer.continue(
    reference.cases.map(({ input_ids }) => input_ids),
    limit,
  );
  expect(replies.map((reply, index) => reply.slice(0, reference.cases[index]?.greedy_ids.length))).toEqual(
    reference.cases.map(({ greedy_ids }) => greedy_ids.filter((id) => !eos.includes(id))),
  );
});

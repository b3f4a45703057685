/** Chat: the assistant's tokens are the answers, each asked for one position earlier; prompts leave room to answer. */
import { describe, expect, test } from 'vitest';
import type { ChatDataset } from '../../../engine/data/dataset.ts';
import type { ChatExample } from '../../../engine/data/examples.ts';
import { chat } from '../../../engine/tasks/chat/index.ts';
import { encodeChats, encodePrompt } from '../../../engine/tasks/chat/encode.ts';
import type { Answerer } from '../../../engine/tasks/task.ts';
import { openArchitecture, taskModel } from '../../../engine/train/prepare.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

const twoTurns: ChatExample = {
  row: 1,
  messages: [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'yo man' },
    { role: 'user', content: 'ok' },
    { role: 'assistant', content: 'bye' },
  ],
};

async function open(name: string) {
  const opened = await openArchitecture(goldenModel(name));
  const { tokenizer, chatTemplate: template } = opened.base;
  if (template === null) throw new TypeError('no chat template');
  return { opened, tokenizer, template };
}

const head = { name: 'causal-lm', labels: 1 } as const;

describe('conversations as rows', () => {
  test.each([
    ['llama', 'yo man<|eot_id|>bye<|eot_id|>'],
    ['smollm', 'yo man<|im_end|>bye<|im_end|>'],
  ])('%s learns what the assistant said, its ends of turn included, and nothing else', async (name, said) => {
    const { opened, tokenizer, template } = await open(name);
    const { rows, truncated } = await encodeChats([twoTurns], { tokenizer, template }, 128);
    const [row = { ids: [], types: null, answers: [] }] = rows;
    const spoken = await tokenizer.decode(row.answers.map(({ label }) => label));
    // Each answer is the token behind the position that is asked.
    const behind = row.answers.map(({ position }) => row.ids[position + 1]);
    await opened.base.close();
    expect({ said: spoken, behind, types: row.types, truncated }).toEqual({
      said,
      behind: row.answers.map(({ label }) => label),
      types: null,
      truncated: 0,
    });
  });

  test('a row that is too long loses its end, and the answers there', async () => {
    const { opened, tokenizer, template } = await open('llama');
    const { rows, truncated } = await encodeChats([twoTurns, twoTurns], { tokenizer, template }, 24);
    await opened.base.close();
    expect({
      truncated,
      rows: rows.map(({ ids, answers }) => [ids.length, answers.map(({ position }) => position)]),
    }).toEqual({
      truncated: 2,
      rows: [
        [24, [20, 21, 22]],
        [24, [20, 21, 22]],
      ],
    });
  });

  test('a prompt ends where the assistant begins; one without room loses its beginning', async () => {
    const { opened, tokenizer, template } = await open('llama');
    const whole = await encodePrompt(twoTurns, { tokenizer, template }, 128);
    const short = await encodePrompt(twoTurns, { tokenizer, template }, 10);
    const text = await tokenizer.decode(whole);
    await opened.base.close();
    expect({ end: text.slice(text.lastIndexOf('ok')), short }).toEqual({
      end: 'ok<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
      short: whole.slice(-10),
    });
  });
});

describe('measures', () => {
  const dataset: ChatDataset = {
    task: 'chat',
    guessed: false,
    findings: [],
    tables: [],
    columns: { prompt: 'q', response: 'a' },
    labels: [],
    train: [],
    validation: [],
    test: [
      twoTurns,
      {
        row: 2,
        messages: [
          { role: 'user', content: 'who' },
          { role: 'assistant', content: 'me' },
        ],
      },
    ],
  };

  test('loss is the mean over all answers, perplexity its power; predictions name each row', async () => {
    const { opened } = await open('llama');
    const limits: number[] = [];
    const { tokenizer } = opened.base;
    const yes = (await tokenizer.encode('yes', { addSpecialTokens: false })).ids;
    const answerer: Answerer = {
      losses: () => Promise.resolve([Float32Array.of(1, 2, 3), Float32Array.of(5)]),
      continue: (prompts, limit) => {
        limits.push(limit, ...prompts.map(({ length }) => length));
        return Promise.resolve(prompts.map(() => [...yes, 4]));
      },
      logits: () => Promise.reject(new TypeError('no logits are asked for')),
      states: () => Promise.reject(new TypeError('no states are asked for')),
      features: () => Promise.reject(new TypeError('no features are asked for')),
    };
    const rows = await chat.prepare(dataset, taskModel(opened, 64), { head, labels: [] });
    const before = await rows.untrained(answerer, 'test');
    const { loss, figure } = await rows.measure(answerer, 'test');
    const { lines } = await rows.predict(answerer, 'test', { before });
    await opened.base.close();
    expect({ loss, figure, lines, majority: rows.majority('test') }).toEqual({
      loss: 2.75,
      figure: { loss: 2.75, perplexity: Math.exp(2.75), n: 2 },
      lines: [
        {
          row: 1,
          prompt: 'ok',
          expected: 'bye',
          prediction: 'yes',
          messages: twoTurns.messages,
          loss: 2,
          untrainedLoss: 2,
        },
        { row: 2, prompt: 'who', expected: 'me', prediction: 'yes', loss: 5, untrainedLoss: 5 },
      ],
      majority: null,
    });
    // This model takes 64 tokens: question and answer share them.
    expect({ limit: limits[0], longest: Math.max(...limits.slice(1)) }).toEqual({ limit: 32, longest: 32 });
  });
});

test('a model without a chat template cannot be trained to chat', async () => {
  const { opened } = await open('llama');
  const model = { ...taskModel(opened, 64), chatTemplate: null, path: 'models/bare' };
  const empty: ChatDataset = {
    task: 'chat',
    guessed: false,
    findings: [],
    tables: [],
    columns: { messages: 'm' },
    labels: [],
    train: [],
    validation: [],
    test: [],
  };
  await expect(chat.prepare(empty, model, { head, labels: [] })).rejects.toMatchObject({
    code: 'template.failed',
    data: { reason: 'models/bare has no chat template' },
  });
  await opened.base.close();
});

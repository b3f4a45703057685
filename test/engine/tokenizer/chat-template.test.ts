/** Chat templates: the text that Transformers renders, the assistant's tokens, and templates that misbehave. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StudioError } from '../../../engine/spec/errors.ts';
import {
  renderChat,
  renderFor,
  renderTraining,
  type Chat,
  type ChatMessage,
} from '../../../engine/tokenizer/chat-template.ts';
import { loadTokenizer } from '../../../engine/tokenizer/load.ts';

const golden = join(import.meta.dirname, '../../../../shared/golden/models');
const names = readdirSync(golden).filter((name) => existsSync(join(golden, name, 'chat_template.jinja')));

interface Golden {
  readonly chat: {
    readonly messages: ChatMessage[];
    readonly add_generation_prompt: boolean;
    readonly text: string;
    readonly ids: number[];
  }[];
}

async function chatOf(name: string): Promise<Chat> {
  const { tokenizer, chatTemplate } = await loadTokenizer(join(golden, name));
  return { tokenizer, template: chatTemplate ?? '' };
}

/** The texts of the marked runs of tokens. */
async function marked(chat: Chat, messages: readonly ChatMessage[]): Promise<string[]> {
  const { ids, assistantMask } = await renderTraining(chat, messages);
  const runs: number[][] = [];
  ids.forEach((id, i) => {
    if (assistantMask[i] !== 1) return;
    if (assistantMask[i - 1] === 1) runs.at(-1)?.push(id);
    else runs.push([id]);
  });
  return Promise.all(runs.map((run) => chat.tokenizer.decode(run)));
}

const conversation: readonly ChatMessage[] = [
  { role: 'user', content: '1 + 1? Say 2 s.' },
  { role: 'assistant', content: '2 😀' },
  { role: 'user', content: 'And 2 + 2?' },
  { role: 'assistant', content: 'Four.' },
];

describe.each(names)('%s', (name) => {
  test('text and ids of every golden chat', async () => {
    const chat = await chatOf(name);
    const { chat: cases } = JSON.parse(readFileSync(join(golden, name, 'tokenizer_golden.json'), 'utf8')) as Golden;
    for (const { messages, add_generation_prompt, text, ids } of cases) {
      const rendered = renderFor(chat, messages, add_generation_prompt);
      expect(rendered).toBe(text);
      expect((await chat.tokenizer.encode(rendered, { addSpecialTokens: false })).ids).toEqual(ids);
    }
  });

  test("both of the assistant's turns are marked, each to its end and no further", async () => {
    const runs = (await marked(await chatOf(name), conversation)).map((run) => run.replace(/^ /, ''));
    expect(runs).toEqual([expect.stringMatching(/^2 😀<[^<>]+>$/u), expect.stringMatching(/^Four\.<[^<>]+>$/)]);
  });
});

describe('whose tokens', () => {
  const smollm = readFileSync(join(golden, 'smollm/chat_template.jinja'), 'utf8');

  test('a conversation that the assistant opens, an answer of many lines, an empty answer', async () => {
    const chat = await chatOf('smollm');
    expect(
      await marked(chat, [
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'Hi.' },
      ]),
    ).toEqual(['Hi.<|im_end|>']);
    expect(
      await marked(chat, [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: '\nb\n\n c ' },
      ]),
    ).toEqual(['\nb\n\n c <|im_end|>']);
    expect(
      await marked(chat, [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: '' },
      ]),
    ).toEqual(['<|im_end|>']);
    expect(await marked(chat, [{ role: 'user', content: 'a' }])).toEqual([]);
  });

  test('a template that opens a space for thoughts in the prompt, and closes it in later turns', async () => {
    const { tokenizer } = await chatOf('smollm');
    const template = `{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and loop.last %}<think></think>{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>{% endif %}`;
    expect(await marked({ tokenizer, template }, conversation)).toEqual(['2 😀<|im_end|>', '</think>Four.<|im_end|>']);
  });

  test('a template that leaves answers out is refused', async () => {
    const { tokenizer } = await chatOf('smollm');
    const template = `{% for m in messages %}{{ m.role }}{% endfor %}`;
    await expect(renderTraining({ tokenizer, template }, conversation)).rejects.toMatchObject({
      code: 'template.failed',
    });
  });

  test('names of special tokens are not needed to render', () => {
    expect(renderChat(smollm, [{ role: 'system', content: 'S' }])).toBe('<|im_start|>system\nS<|im_end|>\n');
  });
});

describe('templates that misbehave', () => {
  function failure(template: string): string {
    try {
      renderChat(template, conversation);
    } catch (thrown) {
      if (thrown instanceof StudioError && thrown.code === 'template.failed')
        return (thrown.data as { reason: string }).reason;
    }
    return 'none';
  }

  test('one that raises says why, one that is no template says where', () => {
    expect(failure("{{ raise_exception('Roles must alternate') }}")).toContain('Roles must alternate');
    expect(failure('{% for m in messages %}')).not.toBe('none');
    expect(failure('{{ nothing() }}')).not.toBe('none');
  });

  test('loops without end and reaching for internals stop within seconds', () => {
    const started = performance.now();
    const hostile = JSON.parse(
      readFileSync(join(golden, '../../data/hostile/models/chat-template-loop/tokenizer_config.json'), 'utf8'),
    ) as { chat_template: string; extra_template: string };
    expect(failure(hostile.chat_template)).toContain('loops over 1000000000');
    expect(failure(hostile.extra_template)).not.toBe('none');
    expect(failure('{% for i in range(9000) %}{% for j in range(9000) %}x{% endfor %}{% endfor %}')).toContain(
      'loops over',
    );
    expect(failure('{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}')).not.toBe('none');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('loops over its own lists are interrupted', () => {
    const started = performance.now();
    const deep = '{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}';
    expect(failure(`{% set x = range(3000) %}${deep}`)).toContain('do not come to an end in time');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('also where only a changed answer makes them long, and the next chat has its own time', async () => {
    const { tokenizer } = await chatOf('smollm');
    const deep = '{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}';
    const plain = '{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}';
    const template = `{% if messages[1].content != '2 😀' %}{% set x = range(3000) %}${deep}{% endif %}${plain}`;
    await expect(renderTraining({ tokenizer, template }, conversation)).rejects.toMatchObject({
      code: 'template.failed',
      data: { reason: 'its loops do not come to an end in time' },
    });
    expect((await marked({ tokenizer, template: plain }, conversation)).at(-1)).toBe('assistant: Four.<|im_end|>');
  });

  test('line breaks and indentation at the start of a template are its own', () => {
    const texts = ['\n{{ 1 }}', '  {% if true %}\nx{% endif %}', '  {{ 1 }}', '{%- if true %}x{% endif %}'].map(
      (text) => renderChat(text, []),
    );
    expect(texts).toEqual(['\n1', 'x', '  1', 'x']);
  });

  test('the date that templates ask for', () => {
    const now = new Date();
    expect(renderChat("{{ strftime_now('%Y-%m-%d %B') }}", [])).toBe(
      `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}-${String(now.getDate()).padStart(2, '0')} ${now.toLocaleDateString('en-US', { month: 'long' })}`,
    );
    expect(
      renderChat('{% for i in range(2, 8, 3) %}{{ i }},{% endfor %}{% for i in range(3) %}{{ i }}{% endfor %}', []),
    ).toBe('2,5,012');
  });
});

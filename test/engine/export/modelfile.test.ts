/** Ollama's Modelfile: its template writes a chat as the model's own does. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modelfile } from '../../../engine/export/modelfile.ts';
import { ollamaTemplate } from '../../../engine/export/ollama-template.ts';
import { renderFor, type Chat } from '../../../engine/tokenizer/chat-template.ts';
import { loadTokenizer } from '../../../engine/tokenizer/load.ts';
import { renderGo } from './go-template.ts';

const models = join(import.meta.dirname, '../../../../shared/golden/models');

async function chatOf(name: string): Promise<Chat> {
  const { tokenizer, chatTemplate } = await loadTokenizer(join(models, name));
  return { tokenizer, template: chatTemplate ?? '' };
}

const turns = [
  { role: 'user', content: 'What opens at nine?' },
  { role: 'assistant', content: 'The counter "A".' },
  { role: 'user', content: 'And\nat ten?' },
  { role: 'assistant', content: 'The library.' },
  { role: 'user', content: 'Thanks' },
];
const system = { role: 'system', content: 'You are brief.' };
const questions = [1, 3, 5].map((length) => turns.slice(0, length));

describe('the golden templates', () => {
  test.each(['llama', 'smollm', 'qwen2', 'qwen3', 'gemma2', 'gemma3', 'mistral', 'phi3'])('%s', async (name) => {
    const chat = await chatOf(name);
    const template = ollamaTemplate(chat, false) ?? '';
    for (const messages of questions) expect(renderGo(template, messages)).toBe(renderFor(chat, messages, true));
    // Mistral's moves it into the last question: Ollama's leaves it before the first.
    for (const messages of name === 'mistral' ? questions.slice(0, 1) : questions) {
      expect(renderGo(template, [system, ...messages])).toBe(renderFor(chat, [system, ...messages], true));
    }
  });
});

test('a token that Ollama puts before the text is not there twice', async () => {
  const { tokenizer } = await chatOf('mistral');
  const template = "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}[assistant]";
  expect(ollamaTemplate({ tokenizer, template }, false)).toContain('<s>[user]');
  expect(ollamaTemplate({ tokenizer, template }, true)).not.toContain('<s>');
});

test.each([
  ['leaves messages out', "{{ messages[-1]['content'] }}"],
  ['refuses chats', "{{ raise_exception('no') }}"],
  ['would be read as Go', "{% for m in messages %}{{ '{{' }}{{ m['content'] }}{% endfor %}"],
])('none for a template that %s', async (_, template) => {
  const { tokenizer } = await chatOf('smollm');
  expect(ollamaTemplate({ tokenizer, template }, false)).toBeNull();
  const written = modelfile('./model.gguf', { tokenizer, chatTemplate: template, stop: new Set([0, 2]) });
  expect(written).toBe('FROM ./model.gguf\nPARAMETER stop "<|endoftext|>"\nPARAMETER stop "<|im_end|>"\n');
});

test('an adapter stands on a model that Ollama has', async () => {
  const { tokenizer } = await chatOf('smollm');
  const written = modelfile('smollm2:135m', { tokenizer, chatTemplate: null, stop: new Set() }, './a.lora.gguf');
  expect(written).toBe('FROM smollm2:135m\nADAPTER ./a.lora.gguf\n');
});

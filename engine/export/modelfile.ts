/** Ollama's Modelfile: which file, how chats are written for it, and what ends an answer. */
import { beginsWith } from '../tokenizer/to-gguf.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { ollamaTemplate } from './ollama-template.ts';

interface Spoken {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | null;
  /** Ids that end an answer. */
  readonly stop: ReadonlySet<number>;
}

/** @param from the file beside it, or the name of a model that Ollama has */
export function modelfile(from: string, { tokenizer, chatTemplate, stop }: Spoken, adapter?: string): string {
  const bos = tokenizer.special.bos?.token ?? null;
  const template =
    chatTemplate === null
      ? null
      : ollamaTemplate({ tokenizer, template: chatTemplate }, beginsWith(tokenizer.json, bos));
  const stops = [...stop].map((id) => tokenizer.idToToken(id)).filter((token) => token !== null);
  const lines = [
    `FROM ${from}`,
    ...(adapter === undefined ? [] : [`ADAPTER ${adapter}`]),
    ...(template === null ? [] : [`TEMPLATE """${template}"""`]),
    ...stops.filter((token) => !token.includes('"')).map((token) => `PARAMETER stop "${token}"`),
  ];
  return `${lines.join('\n')}\n`;
}

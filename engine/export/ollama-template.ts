/** An Ollama TEMPLATE from a model's Jinja chat template: what the latter writes between the messages, put into Go's language. */
import { StudioError } from '../spec/errors.ts';
import { renderFor, type Chat, type ChatMessage } from '../tokenizer/chat-template.ts';

/** Characters of no language: no template has them. */
const marks = { system: '\ue000', first: '\ue001', answer: '\ue002', second: '\ue003' } as const;

interface Pieces {
  /** Before the first question where nobody said who the assistant is. */
  readonly opening: string;
  readonly beforeSystem: string;
  readonly afterSystem: string;
  /** After a question: what the model continues. */
  readonly afterQuestion: string;
  /** Before an answer that was given earlier, which the model would say itself. */
  readonly beforeAnswer: string;
  /** Between an answer and the next question. */
  readonly toQuestion: string;
}

/**
 * Null where the template does not put fixed text between the messages: Ollama then chooses one of its own.
 * @param beginsWithBos Ollama puts that token before the text itself
 */
export function ollamaTemplate(chat: Chat, beginsWithBos: boolean): string | null {
  const pieces = piecesOf(chat, beginsWithBos);
  if (pieces === null || Object.values<string>({ ...pieces }).some((piece) => /\{\{|\}\}|"""/.test(piece))) return null;
  const { opening, beforeSystem, afterSystem, afterQuestion, beforeAnswer, toQuestion } = pieces;
  const system = `{{ if eq $m.Role "system" }}${beforeSystem}{{ $m.Content }}${afterSystem}`;
  const isSecond = `and (eq $i 1) (eq (index $.Messages 0).Role "system")`;
  const before = `{{ if eq $i 0 }}${opening}{{ else if ${isSecond} }}{{ else }}${toQuestion}{{ end }}`;
  const user = `{{ else if eq $m.Role "user" }}${before}{{ $m.Content }}${afterQuestion}`;
  return `{{ range $i, $m := .Messages }}${system}${user}{{ else }}${beforeAnswer}{{ $m.Content }}{{ end }}{{ end }}`;
}

function piecesOf(chat: Chat, beginsWithBos: boolean): Pieces | null {
  const system = { role: 'system', content: marks.system };
  const turns = [
    { role: 'user', content: marks.first },
    { role: 'assistant', content: marks.answer },
    { role: 'user', content: marks.second },
  ];
  const plain = split(chat, turns);
  if (plain === null) return null;
  const [opening = '', toAnswer = '', toQuestion = '', afterQuestion = ''] = plain;
  if (!toAnswer.startsWith(afterQuestion)) return null;
  const rest = [toAnswer, toQuestion, afterQuestion];
  const [beforeSystem = '', afterSystem = '', ...same] = split(chat, [system, ...turns]) ?? [];
  // Where a template has no fixed place for it, who the assistant is stands before the first question.
  const placed = same.join(marks.system) === rest.join(marks.system) ? { beforeSystem, afterSystem } : null;
  const bos = beginsWithBos ? (chat.tokenizer.special.bos?.token ?? '') : '';
  const stripped = (text: string): string => (bos !== '' && text.startsWith(bos) ? text.slice(bos.length) : text);
  return {
    opening: stripped(opening),
    beforeSystem: stripped(placed?.beforeSystem ?? opening),
    afterSystem: placed?.afterSystem ?? '\n\n',
    afterQuestion,
    beforeAnswer: toAnswer.slice(afterQuestion.length),
    toQuestion,
  };
}

/** The text around the messages, or null where the template refuses the chat or does not keep each one, once and in order. */
function split(chat: Chat, messages: readonly ChatMessage[]): readonly string[] | null {
  let text: string;
  try {
    text = renderFor(chat, messages, true);
  } catch (thrown) {
    if (thrown instanceof StudioError) return null;
    throw thrown;
  }
  const wanted = messages.map(({ content }) => content).join('');
  const found = [...text].filter((character) => Object.values<string>(marks).includes(character));
  return found.join('') === wanted ? text.split(new RegExp(`[${wanted}]`)) : null;
}

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
  /** Between a question and its answer. */
  readonly toAnswer: string;
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
  const { opening, beforeSystem, afterSystem, toAnswer, toQuestion } = pieces;
  const system = `{{ if eq $m.Role "system" }}${beforeSystem}{{ $m.Content }}${afterSystem}`;
  const afterOther = `{{ if eq (index $.Messages 0).Role "system" }}{{ if gt $i 1 }}${toQuestion}{{ end }}{{ else }}${toQuestion}{{ end }}`;
  const before = `{{ if eq $i 0 }}${opening}{{ else }}${afterOther}{{ end }}`;
  const user = `{{ else if eq $m.Role "user" }}${before}{{ $m.Content }}${toAnswer}`;
  return `{{ range $i, $m := .Messages }}${system}${user}{{ else }}{{ $m.Content }}{{ end }}{{ end }}`;
}

function piecesOf(chat: Chat, beginsWithBos: boolean): Pieces | null {
  const said = { role: 'system', content: marks.system };
  const first = { role: 'user', content: marks.first };
  const plain = split(
    chat,
    [first, { role: 'assistant', content: marks.answer }, { role: 'user', content: marks.second }],
    [marks.first, marks.answer, marks.second],
  );
  if (plain === null) return null;
  const [opening = '', toAnswer = '', toQuestion = '', end = ''] = plain;
  if (end !== toAnswer) return null;
  // A template that refuses a system message leaves it to the question.
  const withSystem = split(chat, [said, first], [marks.system, marks.first]);
  const [beforeSystem = opening, afterSystem = '\n\n', last = toAnswer] = withSystem ?? [];
  if (last !== toAnswer) return null;
  const bos = beginsWithBos ? (chat.tokenizer.special.bos?.token ?? '') : '';
  const stripped = (text: string): string => (bos !== '' && text.startsWith(bos) ? text.slice(bos.length) : text);
  return { opening: stripped(opening), beforeSystem: stripped(beforeSystem), afterSystem, toAnswer, toQuestion };
}

/** The text around the marks, or null where the template refuses the chat or does not keep each mark once and in order. */
function split(chat: Chat, messages: readonly ChatMessage[], wanted: readonly string[]): readonly string[] | null {
  let rest: string;
  try {
    rest = renderFor(chat, messages, true);
  } catch (thrown) {
    if (thrown instanceof StudioError) return null;
    throw thrown;
  }
  const found = [...rest].filter((character) => Object.values<string>(marks).includes(character));
  if (found.join('') !== wanted.join('')) return null;
  return rest.split(new RegExp(`[${wanted.join('')}]`));
}

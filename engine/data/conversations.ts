/** Conversations in the shapes people have them in (role/content, from/value, a JSON string of either), as turns. */

export type Role = 'system' | 'user' | 'assistant';

export interface Message {
  readonly role: Role;
  readonly content: string;
}

export interface Conversation {
  readonly messages: readonly Message[];
  /** Turns that only called a tool or gave its result, and were left out. */
  readonly toolTurns: number;
}

const roles: Readonly<Record<string, Role | 'tool'>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  chatgpt: 'assistant',
  tool: 'tool',
  function: 'tool',
  ipython: 'tool',
  observation: 'tool',
  function_call: 'tool',
  function_response: 'tool',
  tool_call: 'tool',
  tool_response: 'tool',
};

type Turn = Readonly<Record<string, unknown>>;

/** The list of turns a cell holds, or null: it is something else. */
export function conversationOf(value: unknown): readonly Turn[] | null {
  const list = typeof value === 'string' && /^\s*\[\s*\{/.test(value) ? parsed(value) : value;
  if (!Array.isArray(list) || !list.every(isTurn)) return null;
  return list;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isTurn(value: unknown): value is Turn {
  return typeof value === 'object' && value !== null && (Object.hasOwn(value, 'role') || Object.hasOwn(value, 'from'));
}

/** Reads a cell as a conversation that ends with an answer. A string says why it is none. */
export function readConversation(value: unknown): Conversation | string {
  const turns = conversationOf(value);
  if (turns === null) return 'not a list of turns with a role and a content';
  const messages: Message[] = [];
  let toolTurns = 0;
  for (const turn of turns) {
    const named = cell(turn, 'role') ?? cell(turn, 'from');
    const key = typeof named === 'string' ? named.toLowerCase() : '';
    const role = Object.hasOwn(roles, key) ? roles[key] : undefined;
    if (role === undefined) return `a role that is not known: ${String(named).slice(0, 40)}`;
    if (role === 'tool' || cell(turn, 'tool_calls') != null || cell(turn, 'function_call') != null) {
      toolTurns += 1;
      continue;
    }
    const content = contentOf(cell(turn, 'content') ?? cell(turn, 'value'));
    if (content === null) return `a turn of the ${role} without text`;
    messages.push({ role, content });
  }
  return orderFault(messages) ?? { messages, toolTurns };
}

function cell(turn: Turn, name: string): unknown {
  return Object.hasOwn(turn, name) ? turn[name] : undefined;
}

/** A content may be a list of parts, of which the texts are read. */
function contentOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const texts = value.map((part: unknown) => (typeof part === 'object' && part !== null ? (part as Turn).text : part));
  return texts.every((text) => typeof text === 'string') && texts.length > 0 ? texts.join('') : null;
}

/** A system turn may come first; then question and answer take turns, and an answer is last. */
function orderFault(messages: readonly Message[]): string | null {
  if (messages.length === 0) return 'no turns';
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages;
  for (const [index, { role, content }] of turns.entries()) {
    if (role === 'system') return 'a system turn that is not the first';
    if (role !== (index % 2 === 0 ? 'user' : 'assistant'))
      return index === 0 ? 'it begins with an answer' : `two turns of the ${role} in a row`;
    if (content.trim() === '') return `an empty turn of the ${role}`;
  }
  return turns.at(-1)?.role === 'assistant' ? null : 'it ends without an answer';
}

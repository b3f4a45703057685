/** What Try it asks for, by task, and how a question of one's own is put together. */
import type { Json } from '../../../engine/spec/json.ts';
import { writesText, type TaskName } from '../../../engine/spec/tasks.ts';
import type { DatasetView, RunView } from '../../../main/contract/views.ts';
import { count, counted, countedInWords, setting } from '../lib/format.ts';
import type { Asked, SideWords } from './result-words.ts';

export type AskPart = 'prompt' | 'pair' | 'context' | 'choices';

export interface AskField {
  readonly part: AskPart;
  readonly label: string;
  readonly placeholder: string;
  readonly needed: boolean;
  readonly rows: number;
}

const prompts = {
  'text-classification': { label: 'A text to sort', placeholder: 'Type a text' },
  'token-classification': { label: 'A text to mark', placeholder: 'Type a text to mark' },
  'question-answering': { label: 'Your question', placeholder: 'Ask both something about the passage' },
  'multiple-choice': { label: 'Your question', placeholder: 'Ask both something' },
  'text-generation': { label: 'A beginning', placeholder: 'Type a beginning to go on from' },
  chat: { label: 'Your question', placeholder: 'Ask both something' },
  translation: { label: 'A text to translate', placeholder: 'Type a text to translate' },
  summarization: { label: 'A text to summarise', placeholder: 'Paste a text to summarise' },
} satisfies Record<TaskName, { readonly label: string; readonly placeholder: string }>;

const passage = {
  part: 'context',
  label: 'The passage',
  placeholder: 'Paste the passage that holds the answer',
  rows: 4,
} as const;

/** The fields of a question; a second text where the rows have one. */
export function askFields(task: TaskName, mapping: DatasetView['mapping']): readonly AskField[] {
  const prompt: AskField = { part: 'prompt', ...prompts[task], needed: true, rows: task === 'summarization' ? 4 : 2 };
  switch (task) {
    case 'question-answering':
      return [{ ...passage, needed: true }, prompt];
    case 'multiple-choice': {
      const choices = {
        label: 'The answers to choose from',
        placeholder: 'One a line',
        rows: 4,
        needed: true,
      } as const;
      const own: readonly AskField[] = [prompt, { part: 'choices', ...choices }];
      return mapping !== null && 'context' in mapping && mapping.context !== undefined
        ? [{ ...passage, needed: false }, ...own]
        : own;
    }
    default:
      return mapping !== null && 'pair' in mapping && mapping.pair !== undefined
        ? [
            prompt,
            {
              part: 'pair',
              label: 'A second text',
              placeholder: 'The text it is compared with',
              needed: true,
              rows: 2,
            },
          ]
        : [prompt];
  }
}

export type AskedParts = Readonly<Partial<Record<AskPart, string>>>;

/** Choices stand one a line. */
export function choicesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The question that the fields make; null while something is missing. */
export function askedOfParts(fields: readonly AskField[], parts: AskedParts): Asked | null {
  const text = (part: AskPart) => parts[part] ?? '';
  const isFull = ({ part }: AskField) =>
    part === 'choices' ? choicesOf(text(part)).length > 1 : text(part).trim() !== '';
  if (fields.some((field) => field.needed && !isFull(field))) return null;
  const has = (part: AskPart) => fields.some((field) => field.part === part && isFull(field));
  return {
    prompt: text('prompt'),
    ...(has('pair') && { pair: text('pair') }),
    ...(has('context') && { context: text('context') }),
    ...(has('choices') && { choices: choicesOf(text('choices')) }),
  };
}

const strategies: Readonly<Record<string, string>> = {
  greedy: 'the likeliest word each time',
  sample: 'each word drawn by its probability, with the same seed',
  beam: 'the likeliest of several answers',
};

/** "the likeliest word each time, 256 tokens at most": how answers are written, in a line. */
export function writingWords(values: Readonly<Record<string, Json>>, changed: number): string {
  const strategy = typeof values['strategy'] === 'string' ? values['strategy'] : '';
  const number = (key: string) => (typeof values[key] === 'number' ? values[key] : 0);
  const ways: Readonly<Record<string, string>> = {
    sample: `words drawn at temperature ${setting(number('temperature'))} with seed ${setting(number('seed'))}`,
    beam: `the likeliest of ${count(number('beams'))} answers`,
  };
  const way = ways[strategy] ?? strategies[strategy] ?? strategy;
  const changes = changed === 0 ? '' : `, ${count(changed)} changed`;
  return `${way}, ${counted(number('maxNewTokens'), 'token', 'tokens')} at most${changes}`;
}

/** The page's sentence; `learned`: rows that it was taught by. */
export function tryTitle({ metrics }: Pick<RunView, 'metrics'>, learned: number): string {
  const shots = metrics?.prompted?.shots;
  if (shots === undefined) return `What your ${counted(learned, 'row', 'rows')} taught it, side by side.`;
  return shots === 0
    ? 'The model as it came, asked in your prompt.'
    : `What ${countedInWords(shots, 'example', 'examples')} in its prompt ${shots === 1 ? 'changes' : 'change'}, side by side.`;
}

/** What is the same for both, under the fields; `strategy` is how words are chosen. */
export function askNote(task: TaskName, strategy: string, { asked }: Pick<SideWords, 'asked'>): string {
  if (writesText(task))
    return `Same for both: ${strategies[strategy] ?? strategy}, so that asking again gives the same answer.`;
  if (asked) return 'Same for both: the same words in the same template; the likeliest answer counts.';
  return 'Same for both: the same words.';
}

/** A test row in one line, to press. */
export function exampleWords({ prompt, pair }: Asked): string {
  return pair === undefined ? prompt : `${prompt} / ${pair}`;
}

/** What stands over an answer's bars. */
export function scoresTitle(task: TaskName): string {
  return task === 'multiple-choice' ? 'Answers' : 'Categories';
}

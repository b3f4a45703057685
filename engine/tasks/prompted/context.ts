/** What stands around a question in a prompt: the template as its parts, and the solved rows that were chosen. */
import {
  showDemonstration,
  showPrompt,
  type Demonstration,
  type Fields,
  type PromptFormat,
} from '../../methods/in-context/prompt.ts';
import { drawBalanced, drawRandom } from '../../methods/in-context/selection.ts';
import type { Prompting } from '../../methods/method.ts';
import { wordFor } from '../../spec/methods/template.ts';

/** A row with its answer, as a prompt shows it. */
export interface SolvedRow extends Demonstration {
  /** Rows of one group have the same answer; null where answers are no categories. */
  readonly group: string | null;
}

export interface PromptContext {
  readonly settings: Prompting;
  /** Shown in their order before each question; where the nearest are shown, those among which they are sought. */
  readonly demonstrations: readonly Demonstration[];
}

/** Rows among which the nearest are sought, at most: each is read once by the model. */
const poolLimit = 128;

/** The rows that become demonstrations. */
export function choosePrompt(solved: readonly SolvedRow[], settings: Prompting): PromptContext {
  const { selection, shots, seed } = settings;
  const count = shots > 0 && selection === 'nearest' ? poolLimit : shots;
  const groups = [...new Set(solved.map(({ group }) => group ?? ''))].toSorted();
  const chosen =
    selection === 'random'
      ? drawRandom(solved.length, count, seed)
      : drawBalanced(
          solved.map(({ group }) => groups.indexOf(group ?? '')),
          count,
          seed,
        );
  const demonstrations = chosen.flatMap((index) => {
    const { fields, answer } = solved[index] ?? {};
    return fields && answer !== undefined ? [{ fields, answer: answerWord(answer, settings) }] : [];
  });
  return { settings, demonstrations };
}

export function withoutExamples({ settings }: PromptContext): PromptContext {
  return { settings: { ...settings, shots: 0 }, demonstrations: [] };
}

/** What the model is to say for an answer. */
export function answerWord(answer: string, { labelWords }: Pick<Prompting, 'labelWords'>): string {
  return wordFor(answer, labelWords);
}

/** A template ends in `{label}`, with or without a blank before it. */
export function formatOf({ template, delimiter }: Prompting): PromptFormat {
  const input = template.slice(0, -'{label}'.length);
  const kept = input.trimEnd();
  return { input: kept, beforeAnswer: input.slice(kept.length), delimiter };
}

/** The words right before the answer: those that are given, or the template's last line where it holds no text of the row. */
export function premiseOf(settings: Prompting): string {
  const last = formatOf(settings).input.split('\n').at(-1) ?? '';
  return settings.premise ?? (last.includes('{') ? '' : last);
}

/** Those that are shown whatever is asked; where the nearest are shown, as many of them. */
export function firstDemonstrations({ settings, demonstrations }: PromptContext): readonly Demonstration[] {
  return demonstrations.slice(0, settings.shots);
}

/** A question whose answer is written: the prompt around it. */
export function written({ settings, demonstrations }: PromptContext, text: string): string {
  return showPrompt(formatOf(settings), demonstrations, { text });
}

/** The prompt as a text, with the names of its fields where a row's texts go. */
export function promptText(context: PromptContext, names: readonly string[]): string {
  const slots: Fields = Object.fromEntries(names.map((name) => [name, `{${name}}`]));
  return showPrompt(formatOf(context.settings), firstDemonstrations(context), slots);
}

/** Each demonstration as it takes room in a prompt. */
export function shownDemonstrations({ settings, demonstrations }: PromptContext): readonly string[] {
  const format = formatOf(settings);
  return demonstrations.map((own) => `${showDemonstration(format, own)}${format.delimiter}`);
}

/** Templates: a row's text among words and learned tokens, and the place where a label's word answers (Liu et al., 2021, figure 2; Schick & Schütze, 2021, arXiv 2001.07676). */
import { z } from 'zod';
import { field } from './common.ts';

export type TemplatePart =
  /** Words as they stand, with `{text}` and `{pair}` in them. */
  | { readonly kind: 'words'; readonly words: string }
  /** Learned tokens; without a count, a share of those that the others leave. */
  | { readonly kind: 'virtual'; readonly count: number | null }
  /** Where a label's word is expected, which an encoder reads as its mask; `spaced`: a blank stands before it. */
  | { readonly kind: 'label'; readonly spaced: boolean };

/** The parts of a template in their order, and what is wrong with it. */
export function readTemplate(template: string): {
  readonly parts: readonly TemplatePart[];
  readonly problem: string | null;
} {
  const pieces = template.split(/(\{(?:virtual(?::\d{1,4})?|label|mask)\})/);
  const parts = pieces.flatMap((piece, index): TemplatePart[] => {
    if (piece === '{label}' || piece === '{mask}')
      return [{ kind: 'label', spaced: /\s$/.test(pieces[index - 1] ?? '') }];
    if (index % 2 === 0) return piece.trim() === '' ? [] : [{ kind: 'words', words: piece }];
    const count = /\d+/.exec(piece)?.[0];
    return [{ kind: 'virtual', count: count === undefined ? null : Number(count) }];
  });
  return { parts, problem: problemOf(parts, template) };
}

function problemOf(parts: readonly TemplatePart[], template: string): string | null {
  const words = parts.flatMap((part) => (part.kind === 'words' ? [part.words] : []));
  const slots = words.flatMap((own) => own.match(/\{[^{}]*\}/g) ?? []);
  const times = (name: string): number => slots.filter((slot) => slot === name).length;
  if (slots.some((slot) => slot !== '{text}' && slot !== '{pair}'))
    return 'a text with {text}, {pair}, {virtual}, {virtual:3}, {mask} and {label}, and nothing else in braces';
  if (times('{text}') !== 1) return 'a text with {text} in it once';
  if (times('{pair}') > 1) return 'a text with {pair} in it once at most';
  if (parts.filter(({ kind }) => kind === 'label').length > 1)
    return 'a text with {mask} or {label} in it once at most';
  if (template.includes('{label}') && parts.at(-1)?.kind !== 'label') return 'a text that ends in {label}, or has none';
  return null;
}

/** How many of `total` learned tokens stand in each slot: what slots without a count share is dealt from the first on. Null: it cannot be. */
export function dealTokens(parts: readonly TemplatePart[], total: number): readonly number[] | null {
  const slots = parts.flatMap((part) => (part.kind === 'virtual' ? [part.count] : []));
  const open = slots.filter((count) => count === null).length;
  const left = total - slots.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  if (left < 0 || (open === 0 && left > 0)) return null;
  let dealt = 0;
  return slots.map((count) => {
    if (count !== null) return count;
    dealt += 1;
    return Math.floor(left / open) + (dealt <= left % open ? 1 : 0);
  });
}

/** The template of a method; `slots`: learned tokens stand among the words. */
function templateField(slots: boolean) {
  return field(
    z
      .string()
      .min(1)
      .max(4000)
      .superRefine((template, context) => {
        const { problem } = readTemplate(template);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .nullable(),
    {
      label: 'How a row is laid out',
      term: 'template',
      help: `{text} is the row’s text, {pair} its second one${slots ? ', {virtual:3} three learned tokens, {virtual} a share of the rest' : ''}. With {label} at the end, or {mask} anywhere for a model that fills gaps, a word for the label answers, not a new layer. Empty: ${slots ? 'learned tokens in front' : 'the text as it is'}.`,
      lines: true,
      advanced: true,
    },
  );
}

export const templateFields = {
  template: templateField(false),
  labelWords: field(z.record(z.string().min(1), z.string().min(1)), {
    label: 'Words for the labels',
    term: 'verbaliser',
    help: 'The word that stands for a label where the template asks for one, one a line as label = word. Missing: the label’s own name.',
    advanced: true,
  }),
};

/** Of a method that puts learned tokens into the row. */
export const promptTemplateFields = { ...templateFields, template: templateField(true) };

/** The word that stands for a label: its own name where the table has none. */
export function wordFor(label: string, labelWords: Readonly<Record<string, string>>): string {
  return (Object.hasOwn(labelWords, label) ? labelWords[label] : undefined) ?? label;
}

export const noTemplate = { template: null, labelWords: {} } as const;

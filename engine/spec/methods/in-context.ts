/** In-context learning: Language Models are Few-Shot Learners (Brown et al., 2020, arXiv 2005.14165). Settings, limits, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { readTemplate } from './template.ts';
import { writesText } from '../tasks.ts';

const scoringNames = [
  'sum',
  'per-token',
  'per-character',
  'per-byte',
  'pmi',
  'pmi-unconditional',
  'calibrated',
] as const;
export type Scoring = (typeof scoringNames)[number];

const selectionNames = ['random', 'balanced', 'nearest'] as const;

export const inContextSchema = z.strictObject({
  name: z.literal('in-context'),
  shots: field(z.int().min(0).max(64), {
    label: 'Examples in the prompt',
    term: 'shots',
    unit: 'examples',
    help: 'Solved rows that stand before each question. 0: none. More show more, and take room and time.',
    steps: [0, 1, 2, 4, 8, 16, 32],
  }),
  selection: field(z.enum(selectionNames), {
    label: 'Which examples',
    term: 'demonstration selection',
    help: 'random: rows drawn by the seed. balanced: each category in turn. nearest: for each question the rows most like it.',
  }),
  seed: field(z.int().min(0).max(4_294_967_295), {
    label: 'Seed of the examples',
    term: 'selection seed',
    help: 'The same seed chooses the same examples in the same order; their order matters much.',
    advanced: true,
  }),
  template: field(
    z
      .string()
      .min(1)
      .max(4000)
      .superRefine((template, context) => {
        const problem = promptProblem(template);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      }),
    {
      label: 'How a row is asked',
      term: 'template',
      help: '{text} is the row’s text, {pair} its second one, {label} at the end the place of the answer.',
      lines: true,
    },
  ),
  labelWords: field(z.record(z.string().min(1), z.string().min(1)), {
    label: 'Words for the labels',
    term: 'verbaliser',
    help: 'What the model would say for a label, one a line as label = word. Missing: the label’s own name.',
    advanced: true,
  }),
  delimiter: field(z.string().min(1).max(100), {
    label: 'Between two examples',
    term: 'few-shot delimiter',
    help: 'Usually an empty line. \\n is a line break.',
    escaped: true,
    advanced: true,
  }),
  scoring: field(z.enum(scoringNames), {
    label: 'How answers are compared',
    term: 'option scoring',
    help: 'sum: the likelihood. per-token, per-character, per-byte: by length. pmi: against the words before the answer alone; pmi-unconditional: against nothing. calibrated: against questions without content (Zhao et al., 2021).',
    advanced: true,
  }),
  premise: field(z.string().min(1).max(1000).nullable(), {
    label: 'Words before the answer',
    term: 'domain premise (PMI)',
    help: 'What pmi compares with. Empty: the template’s last line.',
    lines: true,
    advanced: true,
  }),
  contentFree: field(z.array(z.string().max(200)).min(1).max(16), {
    label: 'Texts without content',
    term: 'content-free inputs (contextual calibration)',
    help: 'What the model says of these shows which answers it favours whatever is asked. One a line; \\ alone is the empty text.',
    lines: true,
    advanced: true,
  }),
});
export type InContextConfig = z.infer<typeof inContextSchema>;

/** A prompt has no learned tokens, and ends where the answer begins. */
function promptProblem(template: string): string | null {
  const { parts, problem } = readTemplate(template);
  if (problem !== null) return problem;
  if (parts.some(({ kind }) => kind === 'virtual')) return 'a text without {virtual}: nothing is learned here';
  return parts.at(-1)?.kind === 'label' ? null : 'a text that ends in {label}, the place of the answer';
}

const templates = {
  'text-classification': '{text}\nCategory: {label}',
  'token-classification': '{text}\nTags: {label}',
  'question-answering': '{text}\nAnswer: {label}',
  'multiple-choice': 'Question: {text}\nAnswer: {label}',
  'text-generation': '{text}{label}',
  chat: '{text}{label}',
  translation: 'Text: {text}\nTranslation: {label}',
  summarization: 'Text: {text}\nSummary: {label}',
} as const satisfies Readonly<Record<PresetContext['task'], string>>;

const shots = { quick: 0, balanced: 4, thorough: 8 } as const satisfies Readonly<Record<PresetName, number>>;

export function inContextPreset(preset: PresetName, { task }: PresetContext): InContextConfig {
  return {
    name: 'in-context',
    shots: shots[preset],
    selection: writesText(task) || task === 'multiple-choice' ? 'random' : 'balanced',
    seed: 1,
    template: templates[task],
    labelWords: {},
    delimiter: '\n\n',
    scoring: task === 'multiple-choice' ? 'per-character' : 'sum',
    premise: null,
    contentFree: ['N/A', '', '[MASK]'],
  };
}

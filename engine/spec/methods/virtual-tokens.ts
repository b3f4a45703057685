/** Settings that all methods with virtual tokens share (PEFT's PromptLearningConfig, peft/config.py), and their usual lengths. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';

export const virtualTokens = field(z.int().min(1).max(1024), {
  label: 'Learned tokens',
  term: 'virtual tokens',
  unit: 'tokens',
  help: 'How many learned vectors stand before each row. More can learn more, and take room that your texts could use.',
  steps: [1, 2, 4, 8, 10, 16, 20, 32, 50, 100, 200],
});

export const initText = field(z.string().min(1).nullable(), {
  label: 'Text it starts from',
  term: 'initialisation text',
  help: 'Words about the goal, repeated or cut to the number of learned tokens. Empty: the names of the labels.',
  further: 'idle',
});

export const modulesToSave = field(z.array(z.string().min(1)).min(1).nullable(), {
  label: 'Modules that learn whole',
  term: 'modules to save',
  help: 'Ends of the names of the new head’s modules that learn and are saved. Empty: all of them.',
  advanced: true,
});

export const transformerSubmodules = field(z.int().min(1).max(2), {
  label: 'Prompts in the table',
  term: 'num_transformer_submodules',
  help: 'PEFT’s files for translation and summaries hold two prompts and use the first. One is enough.',
  steps: [1, 2],
  advanced: true,
});

/** Width of a network that writes the learned vectors. */
export const encoderSize = field(z.int().min(1).max(16_384).nullable(), {
  label: 'Width of the encoder',
  term: 'encoder hidden size',
  help: 'Of the small network that writes the learned vectors. Empty: as wide as what it writes.',
  steps: [64, 128, 256, 512, 1024],
  advanced: true,
  further: 'idle',
});

/** Short prompts suit simple classification, longer ones sequence labelling (P-tuning v2, section 3.2). */
export function promptLength(preset: PresetName, { task }: PresetContext): number {
  const hard = task === 'token-classification' || task === 'question-answering';
  return { quick: 8, balanced: hard ? 32 : 16, thorough: hard ? 64 : 32 }[preset];
}

/** What a text generator is asked, where no label's name can start its prompt. */
const requests = {
  'text-classification': null,
  'token-classification': null,
  'question-answering': 'Find the answer to the question in the text.',
  'multiple-choice': 'Choose the right answer to the question.',
  'text-generation': 'Continue the text.',
  chat: 'Answer the message of the user.',
  translation: 'Translate the text.',
  summarization: 'Summarise the text in a few words.',
} as const satisfies Readonly<Record<PresetContext['task'], string | null>>;

export function requestOf({ task }: PresetContext): string | null {
  return requests[task];
}

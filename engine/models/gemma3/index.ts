/** Gemma 3 (Gemma Team, 2025, arXiv 2503.19786): its text models, and the text part of those that see images. */
import { rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseGemma3Config, parseGemma3TextConfig } from './config.ts';

export const gemma3Text = rotaryDecoder({
  type: 'gemma3_text',
  taskClasses: {
    ...taskClasses('Gemma3', ['causal-lm']),
    ...taskClasses('Gemma3Text', ['sequence-classification']),
  },
  prefix: () => 'model',
  parseConfig: parseGemma3TextConfig,
});

export const gemma3 = rotaryDecoder({
  type: 'gemma3',
  taskClasses: {
    'causal-lm': 'Gemma3ForConditionalGeneration',
    ...taskClasses('Gemma3', ['sequence-classification']),
  },
  prefix: () => 'model.language_model',
  storedPrefixes: ['language_model.model.', 'language_model.'],
  parseConfig: parseGemma3Config,
});

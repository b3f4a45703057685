/** Gemma, the first (Gemma Team, 2024, arXiv 2403.08295). */
import { rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseGemmaConfig } from './config.ts';

export const gemma = rotaryDecoder({
  type: 'gemma',
  taskClasses: taskClasses('Gemma', ['causal-lm', 'sequence-classification', 'token-classification']),
  prefix: () => 'model',
  parseConfig: parseGemmaConfig,
});

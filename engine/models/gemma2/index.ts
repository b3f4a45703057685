/** Gemma 2 (Gemma Team, 2024, arXiv 2408.00118). */
import { rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseGemma2Config } from './config.ts';

export const gemma2 = rotaryDecoder({
  type: 'gemma2',
  taskClasses: taskClasses('Gemma2', ['causal-lm', 'sequence-classification', 'token-classification']),
  prefix: () => 'model',
  parseConfig: parseGemma2Config,
});

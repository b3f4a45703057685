/** Phi 3 and 4, their text models (Abdin et al., 2024, arXiv 2404.14219 and 2412.08905). */
import { rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parsePhi3Config } from './config.ts';

export const phi3 = rotaryDecoder({
  type: 'phi3',
  taskClasses: taskClasses('Phi3', ['causal-lm', 'sequence-classification', 'token-classification']),
  prefix: () => 'model',
  parseConfig: parsePhi3Config,
});

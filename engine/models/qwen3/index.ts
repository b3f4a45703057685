/** Qwen 3, its dense models (Yang et al., 2025, arXiv 2505.09388). */
import { allDecoderHeads, modelOrTransformer, rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseQwen3Config } from './config.ts';

export const qwen3 = rotaryDecoder({
  type: 'qwen3',
  taskClasses: taskClasses('Qwen3', allDecoderHeads),
  prefix: modelOrTransformer,
  parseConfig: parseQwen3Config,
});

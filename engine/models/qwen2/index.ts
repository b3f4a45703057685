/** Qwen 2 and 2.5 (Yang et al., 2024, arXiv 2407.10671 and 2412.15115). */
import { allDecoderHeads, modelOrTransformer, rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseQwen2Config } from './config.ts';

export const qwen2 = rotaryDecoder({
  type: 'qwen2',
  taskClasses: taskClasses('Qwen2', allDecoderHeads),
  prefix: modelOrTransformer,
  parseConfig: parseQwen2Config,
});

/** Llama 2 and 3 (Touvron et al., 2023, arXiv 2307.09288), and SmolLM2, which is one. */
import { allDecoderHeads, modelOrTransformer, rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseLlamaConfig } from './config.ts';

export const llama = rotaryDecoder({
  type: 'llama',
  taskClasses: taskClasses('Llama', allDecoderHeads),
  prefix: modelOrTransformer,
  parseConfig: parseLlamaConfig,
});

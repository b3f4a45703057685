/** Mistral 7B and its successors (Jiang et al., 2023, arXiv 2310.06825). */
import { allDecoderHeads, rotaryDecoder, taskClasses } from '../decoder/family.ts';
import { parseMistralConfig } from './config.ts';

export const mistral = rotaryDecoder({
  type: 'mistral',
  taskClasses: taskClasses('Mistral', allDecoderHeads),
  prefix: () => 'model',
  parseConfig: parseMistralConfig,
});

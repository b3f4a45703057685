/** Where the user wants to use a model, as formats that reach there. */
import { reachableFormats, type ExportContext, type ExportFormat } from '../../engine/spec/exports.ts';
import { destinations, type Destination } from '../contract/views.ts';

/** Any of them will do; null: nothing needs to be written. */
const formats: Readonly<Record<Destination, readonly ExportFormat[] | null>> = {
  here: null,
  peft: ['peft', 'adapterhub', 'model'],
  ollama: ['gguf', 'gguf-lora'],
  'lm-studio': ['gguf'],
  onnx: ['onnx'],
};

export function destinationsOf(context: ExportContext): readonly Destination[] {
  const reached = reachableFormats(context);
  return destinations.filter((destination) => {
    const ways = formats[destination];
    return ways === null || ways.some((format) => reached.includes(format));
  });
}

/** The export in words: where it can go and why not, what was checked, what it says at each turn. */
import { ggufQuantisations, type ExportFormat, type GgufQuantisation } from '../../../engine/spec/exports.ts';
import type { SupportedMethod } from '../../../engine/spec/methods/index.ts';
import type { ExportChoice, ExportView } from '../../../main/contract/views.ts';
import { bytes, count, figure } from '../lib/format.ts';

interface FormatWords {
  readonly label: string;
  readonly about: string;
  /** "Ready for …". */
  readonly goal: string;
}

const words = {
  peft: {
    label: 'Python, with PEFT',
    about: 'The part that learned, for Transformers and PEFT; needs the base model.',
    goal: 'Python',
  },
  adapterhub: {
    label: 'Python, with AdapterHub',
    about: 'The part that learned, for Transformers and the adapters library; needs the base model.',
    goal: 'Python',
  },
  model: {
    label: 'Python, as a whole model',
    about: 'Model and correction in one folder, for Transformers alone. As large as the model.',
    goal: 'Transformers',
  },
  gguf: {
    label: 'Ollama, llama.cpp or LM Studio',
    about: 'Model and correction in one GGUF file, with its words and chat template; a Modelfile lies beside it.',
    goal: 'Ollama, llama.cpp and LM Studio',
  },
  'gguf-lora': {
    label: 'llama.cpp or Ollama, beside the model',
    about: 'Only the correction, as a small GGUF file; needs the base model as GGUF.',
    goal: 'llama.cpp and Ollama',
  },
  onnx: {
    label: 'ONNX, for other programs',
    about: 'Model and correction as one graph that any onnxruntime runs, with its tokenizer. As large as the model.',
    goal: 'onnxruntime',
  },
} satisfies Record<ExportFormat, FormatWords>;

/** The run's own folder, where what a method leaves is not an adapter. */
const ownFolder: { readonly [M in SupportedMethod]?: Pick<FormatWords, 'label' | 'about'> } = {
  full: {
    label: 'Python, as it was trained',
    about: 'The whole model as the run saved it, for Transformers.',
  },
  'linear-probe': {
    label: 'Python, only what learned',
    about: 'The layers that learned, under Transformers’ names; needs the base model.',
  },
  'in-context': {
    label: 'The prompt itself',
    about: 'Template, examples and how answers are compared, as a file to read. Needs the base model.',
  },
};

const reasons = {
  'export.method': 'not with this method',
  'export.task': 'only for models that write',
  'export.family': 'not for this family of models',
} satisfies Record<NonNullable<ExportChoice['reason']>, string>;

export interface FormatOption {
  readonly value: ExportFormat;
  readonly label: string;
  readonly about: string;
  readonly note: string;
  readonly disabled: boolean;
}

interface Exported {
  readonly method: SupportedMethod;
  readonly view: ExportView | null;
}

/** Those that can be reached first; the others with the reason. */
export function formatOptions(choices: readonly ExportChoice[], { method, view }: Exported): readonly FormatOption[] {
  return choices
    .toSorted((a, b) => Number(a.reason !== null) - Number(b.reason !== null))
    .map(({ format, reason }) => ({
      value: format,
      label: words[format].label,
      about: words[format].about,
      ...(format === 'peft' ? ownFolder[method] : {}),
      note: reason === null ? (view?.destination === format ? bytes(totalBytes(view)) : '') : reasons[reason],
      disabled: reason !== null,
    }));
}

/** The chosen one, or the first that can be reached. */
export function formatOf(choices: readonly ExportChoice[], wished: ExportFormat | null): ExportFormat | null {
  const reached = choices.filter(({ reason }) => reason === null).map(({ format }) => format);
  return reached.find((format) => format === wished) ?? reached[0] ?? null;
}

const quantisationWords = {
  F32: 'F32: as it was trained, largest',
  F16: 'F16: half the size',
  BF16: 'BF16: half the size, for models trained in it',
  Q8_0: 'Q8_0: a quarter, hardly any loss',
  Q4_0: 'Q4_0: an eighth, with some loss',
} satisfies Record<GgufQuantisation, string>;

export const quantisationOptions = ggufQuantisations.map((value) => ({ value, label: quantisationWords[value] }));

/** Whether the numbers of a file can be stored more coarsely. */
export function hasQuantisation(format: ExportFormat | null): boolean {
  return format === 'gguf';
}

export function totalBytes(view: ExportView): number {
  return view.files.reduce((sum, file) => sum + file.bytes, 0);
}

/** An adapter that was trained elsewhere came without rows. */
export const nothingReplayed =
  'I wrote the files and read them back from disk. No row was measured with this adapter, so none could be asked again.';

export function exportTitle(
  view: ExportView | null,
  isWriting: boolean,
): { readonly title: string; readonly lead: string } {
  if (view !== null) {
    const { matched, of, largestDifference } = view.replay;
    if (of === 0) return { title: `Written for ${words[view.destination].goal}.`, lead: nothingReplayed };
    const all = matched === of;
    return {
      title: all
        ? `Ready for ${words[view.destination].goal}: ${count(matched)} of ${count(of)} answers match.`
        : `Written, but only ${count(matched)} of ${count(of)} answers match.`,
      lead: `I wrote the files, read them back from disk and asked them ${count(of)} of your held-out rows: ${all ? 'the same answer each time' : 'not always the same answer'}. ${largestDifference === 0 ? 'No logit differs.' : `The largest difference of a logit is ${figure(largestDifference)}.`}`,
    };
  }
  if (isWriting)
    return {
      title: 'Writing the files and asking them again.',
      lead: 'The rows are asked of what lies on disk, not of what is in memory.',
    };
  return {
    title: 'Take it with you: one folder, checked after writing.',
    lead: 'I write the files, read them back and ask them 20 held-out rows, so that what you take answers as it does here.',
  };
}

/** One mark a replayed row, for the strip of ticks. */
export function replayMarks(view: ExportView): readonly boolean[] {
  return Array.from({ length: view.replay.of }, (_, index) => index < view.replay.matched);
}

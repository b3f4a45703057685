/** The export in words: where it can go, what was checked, what it says at each turn. */
import type { Destination, ExportView } from '../../../main/contract/views.ts';
import { bytes, capital, count, figure } from '../lib/format.ts';
import { destinationLabels } from './words.ts';

const about = {
  here: 'already here, under Library',
  peft: 'the part that learned, for transformers and PEFT; needs the base model',
  ollama: 'model and correction in one file',
  'lm-studio': 'the same file, placed in its folder',
  onnx: 'for other programs and phones',
} satisfies Record<Destination, string>;

const order: readonly Destination[] = ['peft', 'here', 'ollama', 'lm-studio', 'onnx'];

export interface DestinationOption {
  readonly value: Destination;
  readonly label: string;
  readonly about: string;
  readonly note: string;
  readonly disabled: boolean;
}

export function destinationOptions(view: ExportView | null): readonly DestinationOption[] {
  return order.map((value) => {
    const written = value === 'peft' && view !== null ? bytes(totalBytes(view)) : '';
    const note = value === 'peft' ? written : value === 'here' ? 'in use' : 'not in this version';
    return { value, label: capital(destinationLabels[value]), about: about[value], note, disabled: value !== 'peft' };
  });
}

export function totalBytes(view: ExportView): number {
  return view.files.reduce((sum, file) => sum + file.bytes, 0);
}

export function exportTitle(
  view: ExportView | null,
  isWriting: boolean,
): { readonly title: string; readonly lead: string } {
  if (view !== null) {
    const { matched, of, largestDifference } = view.replay;
    const all = matched === of;
    return {
      title: all
        ? `Ready for Python: ${count(matched)} of ${count(of)} answers match.`
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

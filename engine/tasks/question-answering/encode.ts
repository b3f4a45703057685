/** Questions and passages to rows: a long passage in windows that overlap (Devlin et al., 2019, section 4.2; Transformers' run_qa). */
import type { QuestionExample } from '../../data/examples.ts';
import type { Encoded } from '../../tokenizer/tokenizer.ts';
import type { TokenRow, TokenRows } from '../rows.ts';
import type { TaskModel } from '../task.ts';

/** A piece of a passage as the model reads it. */
export interface Window {
  /** The example it is of. */
  readonly example: number;
  /** Tokens of the passage: their positions in the row, and their places in the passage in code points. */
  readonly passage: readonly { readonly position: number; readonly start: number; readonly end: number }[];
  /** Position that says "no answer here". */
  readonly none: number;
}

export interface WindowRows extends TokenRows {
  readonly windows: readonly Window[];
}

/** Tokens that neighbouring windows share at most. */
const longestStride = 128;

export async function encodeQuestions(examples: readonly QuestionExample[], model: TaskModel): Promise<WindowRows> {
  const rows: TokenRow[] = [];
  const windows: Window[] = [];
  for (const [index, example] of examples.entries()) {
    const pieces = await piecesOf(example, model);
    for (const piece of pieces) {
      const window = windowOf(piece, index, model);
      windows.push(window);
      rows.push({
        ids: piece.ids,
        types: piece.typeIds,
        answers: piece.ids.map((_, position) => ({ position, label: 0 })),
        span: spanOf(example, window),
      });
    }
  }
  // Every row is read whole, in windows: none loses its end.
  return { rows, windows, truncated: 0 };
}

/** The question, cut where it leaves the passage less than half of the row, with each window of the passage. */
async function piecesOf({ question, context }: QuestionExample, model: TaskModel): Promise<readonly Encoded[]> {
  const { tokenizer, maxLength } = model;
  const own = await tokenizer.encode(question, { addSpecialTokens: false });
  const room = Math.floor(maxLength / 2);
  const last = own.offsets[room - 1];
  const asked = own.ids.length > room && last ? [...question].slice(0, last[1]).join('') : question;
  const whole = await tokenizer.encode(asked, { pair: context });
  if (whole.ids.length <= maxLength) return [whole];
  const passage = whole.sequenceIds.filter((id) => id === 1).length;
  const length = maxLength - (whole.ids.length - passage);
  const stride = Math.min(longestStride, Math.floor(length / 2));
  const first = await tokenizer.encode(asked, {
    pair: context,
    maxLength,
    truncation: 'only_second',
    truncationSide: 'right',
    stride,
  });
  return [first, ...first.overflow];
}

function windowOf({ ids, sequenceIds, offsets }: Encoded, example: number, { tokenizer }: TaskModel): Window {
  const passage = sequenceIds.flatMap((sequence, position) => {
    const [start, end] = offsets[position] ?? [0, 0];
    return sequence === 1 && end > start ? [{ position, start, end }] : [];
  });
  const cls = tokenizer.special.cls?.id;
  return { example, passage, none: cls === undefined ? 0 : Math.max(0, ids.indexOf(cls)) };
}

/** Token positions of the first true answer, or "no answer" where the window does not hold all of it. */
function spanOf({ answers }: QuestionExample, { passage, none }: Window): readonly [number, number] {
  const [answer] = answers;
  if (!answer) return [none, none];
  const end = answer.start + [...answer.text].length;
  const first = passage.find((token) => token.end > answer.start);
  const last = passage.findLast((token) => token.start < end);
  const [opening, closing] = [passage[0], passage.at(-1)];
  const holds = opening && closing && opening.start <= answer.start && closing.end >= end;
  return holds && first && last ? [first.position, last.position] : [none, none];
}

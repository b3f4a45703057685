/** Marked pieces, labels and numbers of an answer, in words. */
import type { ChoiceLine, DetailOf, LabelMark, Mark, Piece } from '../lib/detail.ts';
import { figure, signed } from '../lib/format.ts';

const said: Readonly<Record<Mark, (piece: Pick<Piece, 'expected' | 'predicted'>) => string>> = {
  plain: () => '',
  found: ({ predicted }) => predicted,
  right: ({ predicted }) => predicted,
  part: ({ predicted }) => `${predicted === '' ? '' : `${predicted}, `}in part`,
  wrong: ({ expected, predicted }) => `${predicted}, should be ${expected}`,
  missed: ({ expected }) => `${expected === '' ? '' : `${expected} `}missed`,
  extra: ({ predicted }) => `${predicted === '' ? '' : `${predicted}, `}not yours`,
};

/** What stands behind a marked piece: "PLACE", "PLACE missed", "DATE, should be PLACE". */
export function pieceWords(piece: Piece): string {
  return piece.text.trim() === '' ? '' : said[piece.mark](piece);
}

const labelWords: Readonly<Record<LabelMark['mark'], string>> = {
  found: '',
  right: 'right',
  missed: 'missed',
  extra: 'not yours',
};

export function labelMarkWords({ mark }: LabelMark): string {
  return labelWords[mark];
}

/** "says 3.2, yours 4: −0.8". */
export function numberWords({ expected, predicted }: DetailOf<'number'>, isAsked: boolean): string {
  if (isAsked) return figure(predicted);
  return `says ${figure(predicted)}, yours ${figure(expected)}: ${signed(predicted - expected, figure)}`;
}

export function labelTone({ mark }: LabelMark): 'ok' | 'fault' | '' {
  if (mark === 'right') return 'ok';
  return mark === 'found' ? '' : 'fault';
}

/** What stands beside a choice. */
export function choiceWords(
  { isChosen, isRight }: Pick<ChoiceLine, 'isChosen' | 'isRight'>,
  isAsked: boolean,
): { readonly words: string; readonly tone: 'ok' | 'fault' | '' } {
  if (isAsked) return { words: isChosen ? 'chosen' : '', tone: '' };
  if (isChosen) return isRight ? { words: 'right', tone: 'ok' } : { words: 'says this', tone: 'fault' };
  return { words: isRight ? 'yours' : '', tone: '' };
}

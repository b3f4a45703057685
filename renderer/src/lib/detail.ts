/** What a row's answer is made of, cut for the page: marked pieces of a text, labels, choices with their scores. */
import type { LabelledSpan, PredictionDetail } from '../../../engine/spec/metrics.ts';

/** Against what should have been said; `found`: nobody knows what should have been. */
export type Mark = 'plain' | 'found' | 'right' | 'part' | 'wrong' | 'missed' | 'extra';

export interface Piece {
  readonly text: string;
  readonly mark: Mark;
  /** What the model took it for; empty where it marked nothing, or the answer of a passage. */
  readonly predicted: string;
  readonly expected: string;
}

export type DetailOf<Kind extends PredictionDetail['kind']> = Extract<PredictionDetail, { readonly kind: Kind }>;

interface Marks {
  readonly expected: readonly LabelledSpan[];
  readonly predicted: readonly LabelledSpan[];
}

/** Places are Unicode code points, so the text is cut by them too. */
export function spanPieces(text: string, { expected, predicted }: Marks, isAsked = false): readonly Piece[] {
  const points = Array.from(text);
  const inside = ({ start, end }: LabelledSpan) => start >= 0 && end <= points.length && start < end;
  const spans = [...expected, ...predicted].filter(inside);
  const cuts = [...new Set([0, points.length, ...spans.flatMap(({ start, end }) => [start, end])])].toSorted(
    (a, b) => a - b,
  );
  const holding = (list: readonly LabelledSpan[], at: number) =>
    list.find((span) => inside(span) && span.start <= at && at < span.end) ?? null;
  return cuts.slice(0, -1).map((start, index) => {
    const [was, said] = [holding(expected, start), holding(predicted, start)];
    return {
      text: points.slice(start, cuts[index + 1]).join(''),
      mark: isAsked ? (said === null ? 'plain' : 'found') : markOf(was, said),
      predicted: said?.label ?? '',
      expected: was?.label ?? '',
    };
  });
}

/** A span counts as found where it begins and ends as it should. */
function markOf(expected: LabelledSpan | null, predicted: LabelledSpan | null): Mark {
  if (expected === null) return predicted === null ? 'plain' : 'extra';
  if (predicted === null) return 'missed';
  if (expected.label !== predicted.label) return 'wrong';
  return expected.start === predicted.start && expected.end === predicted.end ? 'right' : 'part';
}

/** The passage with the answer it was given, and the places where it should have been found. */
export function answerPieces({ context, answers, predicted }: DetailOf<'answer'>, isAsked = false): readonly Piece[] {
  const expected = answers
    .filter(({ start }) => start >= 0)
    .map(({ text, start }) => ({ start, end: start + Array.from(text).length, label: '' }));
  return spanPieces(context, { expected, predicted: predicted === null ? [] : [{ ...predicted, label: '' }] }, isAsked);
}

export interface LabelMark {
  readonly label: string;
  readonly mark: Exclude<Mark, 'plain' | 'part' | 'wrong'>;
}

export function labelMarks({ expected, predicted }: DetailOf<'labels'>, isAsked = false): readonly LabelMark[] {
  const said = predicted.map((label): LabelMark => ({
    label,
    mark: isAsked ? 'found' : expected.includes(label) ? 'right' : 'extra',
  }));
  const missed = isAsked ? [] : expected.filter((label) => !predicted.includes(label));
  return [...said, ...missed.map((label): LabelMark => ({ label, mark: 'missed' }))];
}

export interface ChoiceLine {
  readonly label: string;
  readonly probability: number;
  readonly isChosen: boolean;
  readonly isRight: boolean;
}

/** Choices in their order, their scores as shares of 1. */
export function choiceLines({ choices, scores, expected, predicted }: DetailOf<'choice'>): readonly ChoiceLine[] {
  const most = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return choices.map((label, index) => ({
    label,
    probability: (weights[index] ?? 0) / sum,
    isChosen: index === predicted,
    isRight: index === expected,
  }));
}

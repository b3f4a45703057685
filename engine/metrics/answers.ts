/** Exact match and token F1 of short answers (SQuAD 1.1: Rajpurkar et al., 2016, arXiv 1606.05250; 2.0: 2018, arXiv 1806.03822). */
import { asciiPunctuation, counts, overlap, words } from './text.ts';

/** Articles between what Python's `\b` takes for ends of words: letters, digits and _ of every script. */
const articles = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/** Lower case, no ASCII punctuation, no articles, single spaces. */
export function normaliseAnswer(text: string): string {
  const letters = [...text.toLowerCase()].filter((letter) => !asciiPunctuation.has(letter)).join('');
  return words(letters.replace(articles, ' ')).join(' ');
}

/** Best over the true answers; 0 … 1. */
export interface AnswerScores {
  readonly exactMatch: number;
  /** As SQuAD 2.0 has it: two empty answers agree, one empty answer agrees with none. */
  readonly f1: number;
  /** As SQuAD 1.1 has it: 0 where an answer is empty, even if both are. */
  readonly f1WithoutEmpty: number;
}

/** @param answers the true ones; none: the question has no answer, and the empty prediction is right */
export function answerScores(prediction: string, answers: readonly string[]): AnswerScores {
  const predicted = normaliseAnswer(prediction);
  const each = (answers.length === 0 ? [''] : answers).map((answer) => {
    const truth = normaliseAnswer(answer);
    const exactMatch = predicted === truth ? 1 : 0;
    const f1WithoutEmpty = tokenF1(words(predicted), words(truth));
    return { exactMatch, f1WithoutEmpty, f1: predicted === '' || truth === '' ? exactMatch : f1WithoutEmpty };
  });
  const best = (key: keyof AnswerScores): number => Math.max(...each.map((scores) => scores[key]));
  return { exactMatch: best('exactMatch'), f1: best('f1'), f1WithoutEmpty: best('f1WithoutEmpty') };
}

function tokenF1(predicted: readonly string[], truth: readonly string[]): number {
  const common = overlap(counts(predicted), counts(truth));
  return common === 0 ? 0 : (2 * common) / (predicted.length + truth.length);
}

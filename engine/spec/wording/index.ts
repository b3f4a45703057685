/** Codes and numbers → sentences, shared by the terminal, the main process and the window. */
import type { Finding } from '../dataset.ts';
import type { ErrorCode, ErrorData, ErrorEnvelope } from '../errors.ts';
import type { Phase } from '../events.ts';
import type { Verdict, VerdictCode } from '../verdict.ts';
import { errorSentences } from './en/errors.ts';
import { findingSentences, unknownFinding } from './en/findings.ts';
import { phaseSentences, verdictSentences } from './en/verdicts.ts';
import type { Sentence } from './sentence.ts';

export type { Sentence } from './sentence.ts';

type Expected = { readonly code: ErrorCode; readonly data: ErrorData[ErrorCode] };

/** Title, cause, remedy and evidence of an error, from an envelope or from a StudioError itself. */
export function sentenceOf(error: ErrorEnvelope | Expected): Sentence {
  if (!('kind' in error)) return expectedSentence(error);
  switch (error.kind) {
    case 'expected':
      return expectedSentence(error);
    case 'cancelled':
      return { title: 'Cancelled.', cause: 'You ended it.', remedy: 'What was finished before is kept.', evidence: '' };
    case 'bug':
      return {
        title: 'This is a fault of Atelier, not of yours.',
        cause: error.message,
        remedy: 'Copy the details into a report. Your data and what was saved before are safe.',
        evidence: error.stack.split('\n').slice(0, 3).join('\n'),
      };
  }
}

export function findingSentence(finding: Finding): string {
  return (findingSentences[finding.code] ?? unknownFinding(finding.code))(finding.data);
}

/** A verdict as it crosses the contract: a code of `VerdictCode` and its numbers. */
export function verdictSentence(
  verdict: Verdict | { readonly code: string; readonly data: Readonly<Record<string, string | number>> },
): string {
  const table: Readonly<Record<string, (data: never) => string>> = verdictSentences;
  const word = table[verdict.code as VerdictCode];
  return word === undefined ? '' : word(verdict.data as never);
}

export function phaseSentence(
  phase: Phase,
  progress: { readonly done: number; readonly total: number } = { done: 0, total: 0 },
): string {
  return phaseSentences[phase](progress);
}

function expectedSentence({ code, data }: Expected): Sentence {
  const word: (data: never) => Sentence = errorSentences[code];
  return word(data as never);
}

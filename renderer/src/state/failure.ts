/** What went wrong, in words: anything thrown → title, cause, remedy, evidence, and a log without private text for a helper. */
import { asOurs, toEnvelope, type ErrorEnvelope } from '../../../engine/spec/errors.ts';
import { sentenceOf } from '../../../engine/spec/wording/index.ts';
import { steps, type Step } from '../../../main/contract/views.ts';

export interface Failure {
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
  readonly evidence: string;
  /** For "Details for a helper". */
  readonly details: string;
  /** The catalogue's code; 'bug' for a fault of ours. */
  readonly code: string;
  /** The wizard's step where it can be mended, if it is one. */
  readonly step: Step | null;
}

/** Null for what the user asked for: a cancelled act is no failure. */
export function failureOf(thrown: unknown): Failure | null {
  return failureOfEnvelope(toEnvelope(asOurs(thrown)));
}

export function failureOfEnvelope(error: ErrorEnvelope | null): Failure | null {
  if (error === null || error.kind === 'cancelled') return null;
  const { title, cause, remedy, evidence } = sentenceOf(error);
  const details =
    error.kind === 'bug' ? `${error.message}\n${error.stack}` : `${error.code}\n${JSON.stringify(error.data, null, 2)}`;
  return {
    title,
    cause,
    remedy,
    evidence,
    details,
    code: error.kind === 'bug' ? 'bug' : error.code,
    step: stepOf(error),
  };
}

function stepOf(error: ErrorEnvelope): Step | null {
  if (error.kind !== 'expected' || !('missing' in error.data)) return null;
  const { missing } = error.data;
  return steps.find((step) => step === missing) ?? null;
}

/** How a command's failure is told and which exit status it has. */
import { asOurs, StudioError, CancelledError, type BugError } from '../../engine/spec/errors.ts';
import { sentenceOf } from '../../engine/spec/wording/index.ts';
import type { Output } from './output.ts';

export const exitStatus = { done: 0, ours: 1, remedy: 2, cancelled: 130 } as const;

interface Failure {
  readonly code: string;
  readonly data: unknown;
  readonly title: string;
  readonly cause: string;
  readonly remedy: string;
  readonly evidence: string;
}

/** Tells a failure on stderr and, for programs, as the last line of stdout. */
export function reportFailure(thrown: unknown, output: Output): number {
  const error = asOurs(thrown);
  if (error instanceof CancelledError) {
    tell(output, { code: 'cancelled', data: {}, ...sentenceOf({ kind: 'cancelled' }) });
    return exitStatus.cancelled;
  }
  if (error instanceof StudioError) {
    tell(output, { code: error.code, data: error.data, ...sentenceOf(error) });
    return error.code === 'engine.crashed' ? exitStatus.ours : exitStatus.remedy;
  }
  tell(output, bugOf(error));
  return exitStatus.ours;
}

function tell(output: Output, failure: Failure): void {
  output.settle();
  const { title, cause, remedy, evidence } = failure;
  output.note([title, cause, evidence, remedy].filter((part) => part !== '').join('\n'));
  output.event({ error: failure });
}

function bugOf(error: BugError): Failure {
  const origin = error.cause instanceof Error ? error.cause : error;
  const stack = origin.stack ?? origin.message;
  return {
    code: 'bug',
    data: { message: error.message, stack },
    title: 'This is a fault of Atelier, not of yours.',
    cause: `${stack}\nNode ${process.versions.node} on ${process.platform} ${process.arch}`,
    remedy: 'Please copy these lines into a report.',
    evidence: '',
  };
}

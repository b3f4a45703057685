/** The run strip's words: what runs, how far it is, and what a screen reader is told as it goes. */
import { learns } from '../../../engine/spec/methods/index.ts';
import type { ComputerView, RunView } from '../../../main/contract/views.ts';
import { bytes, capacity, count, duration } from '../lib/format.ts';
import { hrefOf } from '../lib/route.ts';
import { methodLabels } from './words.ts';

export interface StripRun {
  readonly what: string;
  readonly name: string;
  readonly href: string;
  readonly share: number;
  readonly keptShare: number | null;
  readonly step: string;
  readonly left: string;
  readonly memory: string;
  readonly paused: boolean;
  readonly steerable: boolean;
}

const phases: Readonly<Record<string, string>> = {
  loading: 'loading the model',
  reading: 'reading the rows',
  tokenizing: 'cutting the rows into tokens',
  baseline: 'measuring the model as it came',
  training: 'training',
  evaluating: 'checking',
  testing: 'measuring the result',
  saving: 'writing the files',
};

/** What a run does at the moment, in words. */
export function phaseWords(phase: string | null): string {
  return phase === null ? 'starting' : (phases[phase] ?? phase);
}

export function stripRun(run: RunView | null, computer: ComputerView | null): StripRun | null {
  if (run === null) return null;
  const share = run.steps > 0 ? run.step / run.steps : 0;
  const isStepping = run.steps > 0 && (run.phase === 'training' || run.phase === null || run.step > 0);
  return {
    what: `${run.state === 'paused' ? 'Paused' : learns(run.method) ? 'Training' : 'Asking with'} ${methodLabels[run.method]}`,
    name: run.name,
    href:
      run.projectId === null
        ? hrefOf({ room: 'library' })
        : hrefOf({ room: 'project', projectId: run.projectId, step: 'train' }),
    share,
    keptShare: run.keptStep === null || run.steps === 0 ? null : run.keptStep / run.steps,
    step: isStepping ? `step ${count(run.step)} of ${count(run.steps)}` : phaseWords(run.phase),
    left: run.state === 'paused' || run.secondsLeft === null ? '' : `${duration(run.secondsLeft)} left`,
    memory:
      run.memoryBytes === 0
        ? ''
        : computer === null
          ? bytes(run.memoryBytes)
          : `${bytes(run.memoryBytes)} of ${capacity(computer.memoryBytes)}`,
    paused: run.state === 'paused',
    steerable: learns(run.method) && (run.state === 'running' || run.state === 'paused'),
  };
}

/** What to announce when a run's news came in: its start, each quarter, its end. Null: nothing worth a word. */
export function announcement(before: RunView | null, now: RunView): string | null {
  if (before?.state !== now.state) {
    switch (now.state) {
      case 'running':
        return before === null || before.state === 'starting' || before.state === 'queued'
          ? `${now.name}: training has begun.`
          : `${now.name}: training goes on.`;
      case 'paused':
        return `${now.name}: paused at step ${count(now.step)}.`;
      case 'finished':
        return `${now.name}: training has finished.`;
      case 'stopped':
        return `${now.name}: stopped; the best version is kept.`;
      case 'failed':
        return `${now.name}: training failed at step ${count(now.step)}.`;
      case 'cancelled':
        return `${now.name}: cancelled.`;
      case 'interrupted':
        return `${now.name}: interrupted at step ${count(now.step)}.`;
      case 'queued':
      case 'starting':
        return null;
    }
  }
  const quarter = (run: RunView | null) =>
    run === null || run.steps === 0 ? 0 : Math.floor((run.step / run.steps) * 4);
  const reached = quarter(now);
  if (now.state !== 'running' || reached === quarter(before) || reached === 0 || reached === 4) return null;
  return `${now.name}: ${['', 'a quarter', 'half', 'three quarters'][reached] ?? ''} of the steps are done.`;
}

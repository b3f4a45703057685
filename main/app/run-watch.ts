/** What the news of runs means for the computer: keep it awake while one trains, and say when one has ended. */
import type { RunState, RunView } from '../contract/views.ts';

const atWork: ReadonlySet<RunState> = new Set<RunState>(['starting', 'running']);
const ended: ReadonlySet<RunState> = new Set<RunState>(['finished', 'stopped', 'failed']);

export interface RunWatch {
  /** Takes a run's newest view. */
  see(run: RunView): void;
  readonly training: boolean;
}

export function watchRuns(tell: { training(on: boolean): void; ended(run: RunView): void }): RunWatch {
  const working = new Set<string>();
  return {
    see: (run) => {
      const before = working.size > 0;
      const wasWorking = working.has(run.id);
      if (atWork.has(run.state)) working.add(run.id);
      else working.delete(run.id);
      const now = working.size > 0;
      if (now !== before) tell.training(now);
      if (wasWorking && ended.has(run.state)) tell.ended(run);
    },
    get training() {
      return working.size > 0;
    },
  };
}

/** The text up to the first full stop, colon or semicolon that ends a clause: not one inside a number, nor after a bare "No". */
export function firstClause(text: string): string {
  return /^.{8,}?(?=[.:;](\s|$))/s.exec(text)?.[0] ?? text;
}

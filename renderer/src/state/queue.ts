/** The queue's lines: the run at work first, then those that wait, in the order they were started. */
import type { RunView } from '../../../main/contract/views.ts';
import { duration } from '../lib/format.ts';
import { hrefOf } from '../lib/route.ts';
import { stripRun } from './strip.ts';
import { methodLabels, runStateLabels } from './words.ts';

export interface QueueLine {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly left: string;
  readonly href: string;
  readonly running: boolean;
}

export function drawerLines(runs: readonly RunView[]): readonly QueueLine[] {
  const rank = { running: 0, starting: 1, paused: 2, queued: 3 } as const;
  return runs
    .flatMap((run) => (run.state in rank ? [{ run, rank: rank[run.state as keyof typeof rank] }] : []))
    .toSorted((a, b) => a.rank - b.rank || a.run.startedAt.localeCompare(b.run.startedAt))
    .map(({ run }) => ({
      id: run.id,
      name: run.name,
      note: `${methodLabels[run.method]}, ${run.state === 'queued' ? runStateLabels.queued : (stripRun(run, null)?.step ?? '')}`,
      left: run.secondsLeft === null ? '' : duration(run.secondsLeft),
      href:
        run.projectId === null
          ? hrefOf({ room: 'library' })
          : hrefOf({ room: 'project', projectId: run.projectId, step: 'train' }),
      running: run.state === 'running',
    }));
}

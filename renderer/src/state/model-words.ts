/** What the Model page says of each model: size, fit, state, and the one that is chosen. */
import type { TaskName } from '../../../engine/spec/tasks.ts';
import type { DownloadView, ModelView } from '../../../main/contract/views.ts';
import { bytes, capital, countedInWords, duration, parameters, wholePercent } from '../lib/format.ts';

export const fitWords = {
  fits: { word: 'fits', tone: 'ok' },
  tight: { word: 'tight', tone: 'care' },
  'too-big': { word: 'too big', tone: 'fault' },
} as const satisfies Record<ModelView['fits'], { word: string; tone: string }>;

export function sizeWords(model: ModelView): string {
  return `${bytes(model.bytes)}, ${parameters(model.parameters)} weights`;
}

export function languageWords(model: ModelView): string {
  const [first = 'not stated', ...rest] = model.languages;
  return rest.length > 2
    ? `${first} and ${countedInWords(rest.length, 'other', 'others')}`
    : [first, ...rest].join(', ');
}

/** Models that can learn the goal, the ready ones first, then by size. */
export function modelsFor(models: readonly ModelView[], task: TaskName | null): readonly ModelView[] {
  const rank = { ready: 0, downloading: 1, paused: 1, absent: 2 } as const;
  return models
    .filter((model) => task === null || model.tasks.includes(task))
    .toSorted((a, b) => rank[a.state] - rank[b.state] || a.bytes - b.bytes);
}

export function downloadShare(download: DownloadView): number {
  return download.totalBytes === 0 ? 0 : download.bytes / download.totalBytes;
}

export function downloadWords(download: DownloadView): string {
  const amount = `${bytes(download.bytes)} of ${bytes(download.totalBytes)}`;
  switch (download.state) {
    case 'running': {
      const left =
        download.bytesPerSecond > 0
          ? `, ${duration((download.totalBytes - download.bytes) / download.bytesPerSecond)} left`
          : '';
      return `${amount}${left}`;
    }
    case 'paused':
      return `paused at ${amount}, ${wholePercent(downloadShare(download))}`;
    case 'verifying':
      return 'checking every byte against its checksum';
    case 'done':
      return 'on this computer, checksum right';
    case 'failed':
      return `broke off at ${amount}`;
    case 'cancelled':
      return 'cancelled; nothing was kept';
  }
}

export function modelTitle(chosen: ModelView | null, offered: readonly ModelView[]): string {
  if (chosen !== null) {
    if (chosen.state !== 'ready')
      return `${chosen.name} is chosen; it still has to be downloaded, ${bytes(chosen.bytes)}.`;
    if (chosen.fits === 'too-big') return `${chosen.name} is too big for this computer's memory.`;
    return `${chosen.name}, ${bytes(chosen.bytes)}: ready, and ${chosen.fits === 'tight' ? 'only just fits' : 'it fits'} this computer.`;
  }
  if (offered.length === 0) return 'No model here can learn this yet. Add one from this computer.';
  const ready = offered.filter((model) => model.state === 'ready').length;
  const can = `${capital(countedInWords(offered.length, 'model', 'models'))} can learn this`;
  return ready === 0
    ? `${can}; none is on this computer yet.`
    : `${can}; ${readyWords(ready, offered.length)} on this computer.`;
}

function readyWords(ready: number, of: number): string {
  if (ready === of) return of === 1 ? 'it is' : 'all are';
  return countedInWords(ready, 'is', 'are');
}

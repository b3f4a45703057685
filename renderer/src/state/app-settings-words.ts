/** What the settings page says of connections. */
import type { ConnectionView } from '../../../main/contract/views.ts';
import { bytes, capital, countedInWords, day } from '../lib/format.ts';

export function settingsTitle(connections: readonly ConnectionView[], offline: boolean): string {
  const [last] = connections.toSorted((a, b) => b.time.localeCompare(a.time));
  if (!last)
    return offline
      ? 'No connection was ever made, and the offline lock is on.'
      : 'No connection was ever made from this app.';
  const fetched = connections.reduce((sum, connection) => sum + connection.bytes, 0);
  const lock = offline ? ' The offline lock is on.' : '';
  return `${capital(countedInWords(connections.length, 'connection', 'connections'))} so far, ${bytes(fetched)} fetched; the last ${day(last.time)}.${lock}`;
}

/** Addresses inside the window: which room, which project, which step. Kept in the hash, so that Back works. */
import { steps, type Step } from '../../../main/contract/views.ts';

export type Route =
  | { readonly room: 'home' | 'library' | 'compare' | 'settings' }
  | { readonly room: 'run'; readonly runId: string }
  | { readonly room: 'project'; readonly projectId: string; readonly step: Step };

export function hrefOf(route: Route): string {
  if (route.room === 'run') return `#/run/${encodeURIComponent(route.runId)}`;
  return route.room === 'project'
    ? `#/project/${encodeURIComponent(route.projectId)}/${route.step}`
    : `#/${route.room}`;
}

/** Reads a hash; anything unknown is Home. */
export function routeOf(hash: string): Route {
  const [room = '', id = '', step = ''] = hash.replace(/^#\/?/, '').split('/');
  if (room === 'library' || room === 'compare' || room === 'settings') return { room };
  if (room === 'run' && id !== '') return { room, runId: decodeURIComponent(id) };
  if (room === 'project' && id !== '') {
    return { room, projectId: decodeURIComponent(id), step: steps.find((known) => known === step) ?? 'data' };
  }
  return { room: 'home' };
}

export function neighbour(step: Step, by: 1 | -1): Step | null {
  return steps[steps.indexOf(step) + by] ?? null;
}

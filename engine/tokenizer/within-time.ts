/** Work that a file's author decides about, such as a template's loops: interrupted when its time is over. */
import { createContext, Script } from 'node:vm';

const limitMilliseconds = 2000;

const script = new Script('work()');
/** One for all: to make one costs more than most of the work. */
const place = createContext({ work: null });
let isTimed = false;

/**
 * Work within such work is on the outer's time: each limit costs a thread.
 * Throws an error of code ERR_SCRIPT_EXECUTION_TIMEOUT, which the work itself cannot catch.
 */
export function withinTime<T>(work: () => T): T {
  if (isTimed) return work();
  isTimed = true;
  place['work'] = work;
  try {
    return script.runInContext(place, { timeout: limitMilliseconds }) as T;
  } finally {
    isTimed = false;
    place['work'] = null;
  }
}

/** Whether this is what `withinTime` throws when the time is over. */
export function ranOutOfTime(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}

/** Work that a file's author decides about, such as a template's loops: interrupted when its time is over. */
import { createContext, Script } from 'node:vm';

const limitMilliseconds = 2000;

const script = new Script('work()');

/** Throws an error of code ERR_SCRIPT_EXECUTION_TIMEOUT, which the work itself cannot catch. */
export function withinTime<T>(work: () => T): T {
  return script.runInContext(createContext({ work }), { timeout: limitMilliseconds }) as T;
}

/** Whether this is what `withinTime` throws when the time is over. */
export function ranOutOfTime(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}

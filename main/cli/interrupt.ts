/** Ctrl-C: the first asks the work to end, the second ends it. */

/** A terminal, npm and the bin each pass on the same Ctrl-C: signals closer than this are one. */
const sameGestureMilliseconds = 400;

export interface Interrupt extends Disposable {
  /** Aborted by the first SIGINT or by SIGTERM. */
  readonly signal: AbortSignal;
}

export function watchInterrupts(onSecond: () => void): Interrupt {
  const abort = new AbortController();
  let lastAt = Number.NEGATIVE_INFINITY;
  const listen = () => {
    const now = performance.now();
    const again = now - lastAt > sameGestureMilliseconds;
    lastAt = now;
    if (!abort.signal.aborted) abort.abort();
    else if (again) onSecond();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, listen);
  return {
    signal: abort.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.off(name, listen);
    },
  };
}

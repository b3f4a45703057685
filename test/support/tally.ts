/** Counts of one test runner, kept in a file so that the last line of all runners can add them up. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const folder = new URL('../../.cache/tally/', import.meta.url);

export function clearTallies(): void {
  rmSync(folder, { recursive: true, force: true });
}

export function writeTally(runner: string, tally: Tally): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${runner}.json`, folder), `${JSON.stringify(tally)}\n`);
}

/** Null when the runner ended before it could count. */
export function readTally(runner: string): Tally | null {
  try {
    return JSON.parse(readFileSync(new URL(`${runner}.json`, folder), 'utf8')) as Tally;
  } catch {
    return null;
  }
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, tally) => total + tally.passed, 0),
    failed: tallies.reduce((total, tally) => total + tally.failed, 0),
    skipped: tallies.reduce((total, tally) => total + tally.skipped, 0),
  };
}

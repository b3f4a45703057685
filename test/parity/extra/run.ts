/** Runs golden-extra: a line a case with its worst deviation, and what was counted. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { extraFamilies, type ExtraCase, type ExtraFamily, type ExtraResult, type Machine } from './registry.ts';

export interface Tally {
  passed: number;
  failed: number;
  /** Reason → cases left out for it. */
  readonly skipped: Map<string, number>;
}

/**
 * Adds golden-extra's cases to the tally. A family whose folder the goldens do not have has no cases.
 * @param only names (`family/case`) that are run; null: all
 */
export async function runExtra(
  folder: string,
  machine: Machine,
  { only, tally }: { only: RegExp | null; tally: Tally },
): Promise<void> {
  if (!extraFamilies.some(({ name }) => existsSync(join(folder, name))))
    throw new Error(`no family of golden-extra lies in ${folder}`);
  for (const family of extraFamilies) {
    if (!existsSync(join(folder, family.name))) continue;
    const cases = casesOf(family, folder).map((entry) => ({ ...entry, title: `${family.name}/${entry.name}` }));
    const asked = cases.filter(({ title }) => only === null || only.test(title));
    if (asked.length === 0) continue;
    console.log(`\n${family.name.padEnd(60)} ${'worst'.padStart(12)}`);
    for (const entry of asked) {
      if ('skipped' in entry) {
        tally.skipped.set(entry.skipped, (tally.skipped.get(entry.skipped) ?? 0) + 1);
        console.log(`${entry.title.padEnd(60)} ${'–'.padStart(12)}  skipped: ${entry.skipped}`);
        continue;
      }
      const { worst, failure } = await outcome(entry, machine);
      console.log(
        `${entry.title.padEnd(60)} ${worst.toExponential(1).padStart(12)}${failure === null ? '' : `  FAILED: ${failure}`}`,
      );
      if (failure === null) tally.passed += 1;
      else tally.failed += 1;
    }
  }
}

/** A family that cannot be read is one case that fails, not the end of the run. */
function casesOf(family: ExtraFamily, folder: string): readonly ExtraCase[] {
  try {
    return family.cases(folder);
  } catch (error) {
    return [{ name: 'index', run: () => Promise.reject(error instanceof Error ? error : new Error(String(error))) }];
  }
}

async function outcome(entry: Extract<ExtraCase, { run: unknown }>, machine: Machine): Promise<ExtraResult> {
  try {
    return await entry.run(machine);
  } catch (error) {
    return { worst: NaN, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Vitest reporter: counts the tests for the last line of a run, and says why each skipped one was skipped. */
import type { Reporter, TestModule } from 'vitest/node';
import { writeTally } from './tally.ts';

export default class VitestTally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      // A file that cannot be loaded has no tests to fail.
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed' || result.state === 'failed') counts[result.state] += 1;
        else {
          counts.skipped += 1;
          const reason = result.state === 'skipped' ? result.note : undefined;
          console.log(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${reason ?? 'no reason given'}`);
        }
      }
    }
    writeTally('vitest', counts);
  }
}

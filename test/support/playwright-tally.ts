/** Playwright reporter: counts the tests for the last line of a run, and says why each skipped one was skipped. */
import type { FullConfig, Reporter, Suite } from '@playwright/test/reporter';
import { writeTally } from './tally.ts';

export default class PlaywrightTally implements Reporter {
  private suite: Suite | null = null;

  onBegin(_config: FullConfig, suite: Suite): void {
    this.suite = suite;
  }

  onEnd(): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const test of this.suite?.allTests() ?? []) {
      const outcome = test.outcome();
      if (outcome === 'skipped') {
        counts.skipped += 1;
        const reason = test.annotations.find((annotation) => annotation.type === 'skip')?.description;
        console.log(`skipped: ${test.titlePath().join(' > ')}: ${reason ?? 'an earlier step failed'}`);
      } else if (outcome === 'unexpected') counts.failed += 1;
      else counts.passed += 1;
    }
    writeTally('playwright', counts);
  }
}

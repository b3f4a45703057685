/** End-to-end tests in a real Chromium (or in Electron's window, with ATELIER_WINDOW=electron): one studio for all. */
import { defineConfig } from '@playwright/test';

const browser = process.env['ATELIER_BROWSER'] ?? '';

export default defineConfig({
  testDir: 'test/e2e',
  // One journey that sorts and one that writes; a journey for each of the other goals on demand.
  testIgnore: process.env['ATELIER_ALL'] === '1' ? [] : ['tasks.spec.ts', 'writing.spec.ts', 'further.spec.ts'],
  outputDir: 'test-results',
  workers: 1,
  fullyParallel: false,
  // Real training on two slow cores.
  timeout: 10 * 60_000,
  expect: { timeout: 60_000 },
  reporter: [['list'], ['./test/support/playwright-tally.ts']],
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    launchOptions: browser === '' ? {} : { executablePath: browser },
    locale: 'en-GB',
  },
});

/** Two sets of tests: the rooms that run under Node, and the window's rune classes with Svelte's compiler. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/support/vitest-tally.ts'],
    maxWorkers: 2,
    // The first run on a cold machine maps models and compiles graphs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          pool: 'forks',
          include: ['test/{architecture,engine,main,parity,support}/**/*.test.ts'],
        },
      },
      {
        extends: true,
        plugins: [svelte()],
        resolve: { conditions: ['browser'] },
        test: { name: 'renderer', environment: 'node', include: ['test/renderer/**/*.test.ts'] },
      },
    ],
  },
});

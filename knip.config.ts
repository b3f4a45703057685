/** What knip takes for entry points: each program that is started by name, and nothing else. */
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'main/atelier.js',
    'main/start.js',
    'main/main.ts',
    'main/cli.ts',
    'main/app/*.ts',
    'main/preload/*.ts',
    'main/trainer/child.ts',
    'renderer/src/main.ts',
    'test/parity/run.ts',
    'test/bench/*.ts',
    'test/interop/*.ts',
    'test/support/*.ts',
    'test/**/*.test.ts',
    'test/e2e/**/*.ts',
  ],
  project: ['{main,engine,renderer,test}/**/*.{ts,js,svelte}'],
  // Started by name from scripts or a config file rather than imported: the runtime, the packager, the bundler.
  ignoreDependencies: ['node', 'electron-builder'],
  ignoreExportsUsedInFile: true,
};
export default config;

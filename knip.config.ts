/** What knip takes for entry points: each program that is started by name, and nothing else. */
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'main/main.ts',
    'main/cli.ts',
    'main/app/*.ts',
    'main/preload/*.ts',
    'main/trainer/child.ts',
    'renderer/src/main.ts',
    'renderer/*.config.{ts,js}',
    'test/bench/*.ts',
    'test/interop/*.ts',
    'test/support/*.ts',
    'test/**/*.test.ts',
    'test/e2e/**/*.ts',
  ],
  project: ['{main,engine,renderer,test}/**/*.{ts,js,svelte}'],
  ignoreExportsUsedInFile: true,
};
export default config;

/** Promises: an install asks for no compiler, no mirror of ours and no other runtime than the one that was measured. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly resolved?: string; readonly gypfile?: boolean }>
  >;
}
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as T;
}

test('the lock file names no host but the public registry', () => {
  const elsewhere = Object.values(read<Lock>('package-lock.json').packages)
    .map(({ resolved }) => resolved)
    .filter((resolved) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'));
  expect(elsewhere).toEqual([]);
});

test('better-sqlite3 comes compiled, under every npm', () => {
  const entry = read<Lock>('package-lock.json').packages['node_modules/better-sqlite3'];
  expect({ gypfile: entry?.gypfile, major: entry?.version?.split('.')[0] }).toEqual({ gypfile: false, major: '13' });
});

test('the runtime is pinned and brings no CUDA', () => {
  const { dependencies, allowScripts } = read<Manifest>('package.json');
  expect([dependencies['onnxruntime-node'], allowScripts['onnxruntime-node'], allowScripts['node']]).toEqual([
    '1.30.0',
    false,
    true,
  ]);
  expect(readFileSync(new URL('../../.npmrc', import.meta.url), 'utf8')).toContain('onnxruntime-node-install=skip\n');
});

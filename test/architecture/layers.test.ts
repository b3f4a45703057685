/** Promises: rooms import one way, every import resolves, the cruise saw the files, and each rule can fail. */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cruiseTree, type Cruised } from './cruise.ts';
import { rules } from './rules.ts';

const root = path.resolve(import.meta.dirname, '../..');
const rooms = ['engine', 'main', 'renderer/src'];

describe('the house', () => {
  let house: Cruised;
  beforeAll(async () => {
    house = await cruiseTree(root, { rooms, rules });
  });

  test('keeps the import rule', () => {
    expect(house.violations).toEqual([]);
  });

  test('was seen whole by the cruise', () => {
    const standing = rooms.flatMap((room) =>
      readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|svelte)$/.test(name))
        .map((name) => `${room}/${name.replaceAll('\\', '/')}`),
    );
    expect(house.files).toEqual(expect.arrayContaining(standing));
    expect(standing.length).toBeGreaterThan(50);
  });
});

/** For each rule: a file that breaks it, and what it imports. */
const breaches: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'every-import-resolves': ['engine/train/a.ts', 'engine/train/absent.ts'],
  'no-circle': ['engine/train/a.ts', 'engine/train/back.ts'],
  'nothing-imports-tests': ['engine/train/a.ts', 'test/b.ts'],
  'only-known-rooms': ['engine/train/a.ts', 'engine/attic/b.ts'],
  'engine-is-a-library': ['engine/train/a.ts', 'main/services/b.ts'],
  'engine-has-one-door': ['main/services/a.ts', 'engine/train/b.ts'],
  'main-knows-no-window': ['main/services/a.ts', 'renderer/src/lib/b.ts'],
  'window-sees-contract-and-spec': ['renderer/src/state/a.svelte.ts', 'engine/index.ts'],
  'contract-is-data': ['main/contract/a.ts', 'engine/index.ts'],
  'shared-rooms-run-anywhere': ['engine/spec/a.ts', 'node:fs'],
  'engine-inside-train-generate-export': ['engine/train/a.ts', 'engine/index.ts'],
  'engine-inside-tasks-metrics-data-methods-models-optim-checkpoint-tokenizer-runtime-onnx': [
    'engine/tasks/chat/a.ts',
    'engine/train/b.ts',
  ],
  'engine-inside-autodiff': ['engine/autodiff/a.ts', 'engine/onnx/b.ts'],
  'engine-inside-spec': ['engine/spec/a.ts', 'engine/autodiff/b.ts'],
  'methods-and-models-only-build': ['engine/methods/lora/a.ts', 'engine/checkpoint/b.ts'],
  'main-inside-app-ipc-serve-preload': ['main/ipc/a.ts', 'main/main.ts'],
  'main-inside-services': ['main/services/a.ts', 'main/serve/b.ts'],
  'main-inside-store-trainer-net': ['main/store/a.ts', 'main/services/b.ts'],
  'main-inside-contract': ['main/contract/a.ts', 'main/store/b.ts'],
  'preload-has-no-logic': ['main/preload/a.ts', 'main/store/b.ts'],
  'only-state-asks': ['renderer/src/screens/A.svelte', 'renderer/src/api.ts'],
  'state-draws-nothing': ['renderer/src/state/a.svelte.ts', 'renderer/src/components/B.svelte'],
  'components-know-no-domain': ['renderer/src/components/A.svelte', 'main/contract/b.ts'],
  'lib-knows-no-state': ['renderer/src/lib/a.ts', 'renderer/src/state/b.svelte.ts'],
  'electron-in-app-and-preload': ['main/ipc/a.ts', 'electron'],
  'sqlite-in-store': ['main/services/a.ts', 'better-sqlite3'],
  'onnxruntime-in-runtime': ['engine/train/a.ts', 'onnxruntime-node'],
  'network-in-net-and-serve': ['main/services/a.ts', 'node:https'],
};

describe('each rule can fail', () => {
  const parent = realpathSync(mkdtempSync(path.join(tmpdir(), 'atelier-layers-')));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test('and has a breach here', () => {
    expect(Object.keys(breaches)).toEqual(rules.map((rule) => rule.name));
  });

  test.each(Object.entries(breaches))('%s', async (name, [from, to]) => {
    const tree = path.join(parent, name);
    const isFile = to.includes('.');
    const specifier = isFile ? relative(from, to) : to;
    const line = `import * as other from '${specifier}';\n`;
    const component = `<script lang="ts">\n${line}const { used = other }: { used?: unknown } = $props();\n</script>\n{used}\n`;
    write(tree, from, from.endsWith('.svelte') ? component : `${line}export const used: unknown = other;\n`);
    if (isFile && !to.includes('absent')) {
      const back = to.includes('back')
        ? `import * as other from '${relative(to, from)}';\nexport const b = other;\n`
        : 'export const b = 1;\n';
      write(tree, to, to.endsWith('.svelte') ? '<p>b</p>\n' : back);
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(tree, 'node_modules'), 'junction');
    const { violations } = await cruiseTree(tree, { rooms: ['.'], rules });
    expect(violations.filter((violation) => violation.startsWith(`${name}: ${from} → `))).toHaveLength(1);
  });
});

function write(tree: string, name: string, content: string): void {
  mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
  writeFileSync(path.join(tree, name), content);
}

function relative(from: string, to: string): string {
  const specifier = path.posix.relative(path.posix.dirname(from), to);
  return specifier.startsWith('.') ? specifier : `./${specifier}`;
}

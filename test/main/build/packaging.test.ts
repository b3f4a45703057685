/** The packaged app as far as it goes without Electron's binary: what is packed, and that the packed engine answers. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Arch, build, Platform, type Configuration } from 'electron-builder';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildApp, buildPages, isStale } from '../../../main/build/build.ts';
import { engineEnvironment } from '../../../main/trainer/environment.ts';
import { createHost } from '../../../main/trainer/host.ts';
import { forkNode } from '../../../main/trainer/process.ts';
import { standInElectron } from '../../support/stand-in-electron.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'atelier-packed-'));

beforeAll(async () => {
  await buildApp();
  if (isStale('pages')) await buildPages();
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Packs with electron-builder.yml as it stands, on a stand-in; returns the folder of resources. */
async function pack(name: string, platform: 'linux' | 'win32', change: Configuration = {}): Promise<string> {
  const target = platform === 'linux' ? Platform.LINUX : Platform.WINDOWS;
  await build({
    projectDir: root,
    publish: 'never',
    targets: target.createTarget('dir', Arch.x64),
    config: {
      ...change,
      electronDist: standInElectron(join(folder, `${name}-electron`), platform),
      // Fuses are burnt into the real binary.
      electronFuses: null,
      directories: { output: join(folder, name) },
    },
  });
  return join(folder, name, `${platform === 'linux' ? 'linux' : 'win'}-unpacked`, 'resources');
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted();
}

/** Native files outside the archive, below its node_modules. */
function nativesIn(resources: string): string[] {
  return filesIn(join(resources, 'app.asar.unpacked/node_modules')).filter((file) =>
    /\.(node|dll|dylib|so(\.\d+)*)$/.test(file),
  );
}

test('the Linux package: assets beside the archive, its own native files outside it, none of others', async () => {
  const resources = await pack('linux', 'linux');
  expect({
    natives: nativesIn(resources),
    beside: filesIn(resources).filter((file) => !/^(app\.asar\.unpacked\/|\.keep$)/.test(file)),
  }).toEqual({
    natives: [
      'better-sqlite3/prebuilds/linux-x64.node',
      'onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
      'onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
      'tokenizers/tokenizers.linux-x64-gnu.node',
    ],
    beside: [
      'app.asar',
      ...filesIn(join(root, 'engine/assets')).map((file) => `engine/assets/${file}`),
      ...filesIn(join(root, 'main/assets')).map((file) => `main/assets/${file}`),
    ],
  });
}, 300_000);

test('the Windows package holds the native files of Windows alone', async () => {
  const resources = await pack('windows', 'win32', {
    disableAsarIntegrity: true,
    win: { signAndEditExecutable: false },
  });
  expect(nativesIn(resources).filter((file) => file.endsWith('.node'))).toEqual([
    'better-sqlite3/prebuilds/win32-x64.node',
    'onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime_binding.node',
    'tokenizers/tokenizers.win32-x64-msvc.node',
  ]);
}, 300_000);

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'the packed engine starts from packed files alone, says it is ready, and trains the packed starter model two steps',
  async () => {
    const resources = await pack('open', 'linux', { asar: false });
    // Away from the repository, no folder above holds node_modules.
    const app = join(folder, 'elsewhere');
    cpSync(join(resources, 'app'), app, { recursive: true });
    expect(filesIn(app).filter((file) => !file.startsWith('node_modules/') && /\.tsx?$/.test(file))).toEqual([]);
    const engine = createHost({ fork: forkNode, entry: join(app, 'dist/app/child.js'), env: engineEnvironment });
    const modelPath = join(resources, 'engine/assets/minilm-l6');
    const samples = join(resources, 'main/assets/home-intents');
    const recipe = {
      version: 1,
      model: 'minilm-l6',
      task: 'text-classification',
      data: { train: ['train.csv'], test: ['test.csv'] },
      method: { name: 'lora' },
      threads: 2,
    };
    try {
      expect(await engine.call('inspectModel', { modelPath })).toMatchObject({
        architecture: 'bert',
        layers: 6,
        hidden: 384,
      });
      const measured = await engine.call('measure', { recipe, folder: samples, modelPath });
      expect(measured.peakMemoryBytes).toBeGreaterThan(45_000_000);
    } finally {
      await engine.dispose();
    }
  },
  300_000,
);

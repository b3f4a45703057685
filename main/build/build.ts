/** Bundles the studio for Electron into dist/: main process, engine process, preload and pages, no TypeScript left. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each part is made from (folders and files below the root) and the file whose age tells when it was made. */
const parts = {
  app: { made: 'dist/app/main.js', from: ['main', 'engine', 'package-lock.json'] },
  pages: { made: 'dist/renderer/index.html', from: ['renderer', 'main/contract', 'engine/spec', 'package-lock.json'] },
} as const;
export type Part = keyof typeof parts;

/** True when a part is missing or older than one of its sources. */
export function isStale(part: Part, folder: string = root): boolean {
  const { made, from } = parts[part];
  const madeAt = statSync(join(folder, made), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return from.some((source) => newest(join(folder, source)) > madeAt);
}

/** @param out folder of the bundle; the entries lie in `app/` and `preload/` below it */
export async function buildApp(out: string = join(root, 'dist')): Promise<void> {
  rmSync(join(out, 'app'), { recursive: true, force: true });
  const shared: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'warning',
  };
  await Promise.all([
    build({
      ...shared,
      format: 'esm',
      // Libraries stay as packages: some are native, and the packager brings them all.
      packages: 'external',
      // What is imported late is loaded late; the pieces lie beside the entries, where paths are reckoned from.
      splitting: true,
      entryPoints: { main: 'main/app/main.ts', child: 'main/trainer/child.ts' },
      outdir: join(out, 'app'),
    }),
    build({
      ...shared,
      // A sandboxed preload is one CommonJS file.
      format: 'cjs',
      external: ['electron'],
      entryPoints: ['main/preload/preload.ts'],
      outfile: join(out, 'preload/preload.cjs'),
    }),
  ]);
  // esbuild leaves a file alone whose content stays the same; its age is what says that the bundle is fresh.
  const made = join(out, 'app/main.js');
  if (existsSync(made)) utimesSync(made, new Date(), new Date());
}

export async function buildPages(): Promise<void> {
  const { build: buildWithVite } = await import('vite');
  await buildWithVite({
    root: join(root, 'renderer'),
    configFile: join(root, 'renderer/vite.config.ts'),
    logLevel: 'error',
  });
}

function newest(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

if (import.meta.main) {
  await Promise.all([buildApp(), buildPages()]);
}

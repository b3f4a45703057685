/** A studio for the end-to-end tests, which follow one another in it: served to a browser, or in Electron's window with ATELIER_WINDOW=electron. */
import { _electron, test as base, type Locator, type Page } from '@playwright/test';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { electronPlaces, findElectron } from '../../main/build/electron-binary.ts';

const root = path.resolve(import.meta.dirname, '../..');
export const shared = path.resolve(root, '../shared');
const artifacts = path.join(root, 'test/artifacts');
const inElectron = process.env['ATELIER_WINDOW'] === 'electron';

export interface OpenStudio {
  readonly page: Page;
  /** The studio's data folder. */
  readonly home: string;
  /** Errors that the page's console or its scripts gave. */
  readonly pageErrors: readonly string[];
}

export const test = base.extend<object, { studio: OpenStudio }>({
  studio: [
    async ({ browser }, use) => {
      const home = mkdtempSync(path.join(tmpdir(), 'atelier-e2e-'));
      const environment = { ...process.env, ATELIER_HOME: home, ATELIER_MODELS: path.join(shared, 'models') };
      const opened = inElectron ? await openElectron(environment) : await openServed(environment);
      const page = opened.page ?? (await browser.newPage({ viewport: { width: 1280, height: 800 } }));
      const pageErrors: string[] = [];
      page.on('pageerror', (error) => pageErrors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') pageErrors.push(message.text());
      });
      if (opened.address !== null) await page.goto(opened.address);
      await use({ page, home, pageErrors });
      await page.close();
      await opened.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

interface Opened {
  readonly address: string | null;
  readonly page: Page | null;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

async function openServed(environment: Environment): Promise<Opened> {
  const args = [path.join(root, 'main/atelier.js'), 'serve', '--port', '0', '--no-open', '--json'];
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`atelier serve ended with ${String(status)}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as { readonly type?: string; readonly address?: string };
      if (event.type === 'serving' && event.address !== undefined) resolve(event.address);
    });
  });
  return {
    address,
    page: null,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function openElectron(environment: Environment): Promise<Opened> {
  const binary = findElectron(electronPlaces);
  if (binary === null) throw new Error('ATELIER_WINDOW=electron needs the Electron binary; `npm start` fetches it.');
  const built = spawnSync(process.execPath, [path.join(root, 'main/build/build.ts')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the bundle for Electron could not be built');
  const sandbox = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const app = await _electron.launch({
    executablePath: binary,
    args: [...sandbox, path.join(root, 'dist/app/main.js')],
    env: Object.fromEntries(
      Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  });
  return { address: null, page: await app.firstWindow(), close: () => app.close() };
}

/** Drops files on a well; Electron's window is given them by its picker, since a made-up drop has no path. */
export async function dropFiles(page: Page, well: Locator, files: readonly string[]): Promise<void> {
  if (inElectron) return well.locator('input[type=file]').setInputFiles([...files]);
  const contents = files.map((file) => ({ name: path.basename(file), base64: readFileSync(file).toString('base64') }));
  const transfer = await page.evaluateHandle((list) => {
    const made = new DataTransfer();
    for (const { name, base64 } of list) {
      made.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    }
    return made;
  }, contents);
  await well.dispatchEvent('drop', { dataTransfer: transfer });
}

/** Keeps what the window shows, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({
    path: path.join(artifacts, `${inElectron ? 'electron-' : ''}${name}.png`),
    animations: 'disabled',
  });
}

/** Presses the one primary button of the page. */
export async function onward(page: Page, words: string | RegExp): Promise<void> {
  await page.locator('main').getByRole('button', { name: words }).click();
}

/** Takes an adapter trained elsewhere into the Library, with the folder of its base model. */
export async function takeIn(
  page: Page,
  adapter: { readonly folder: string; readonly model: string; readonly goal: string; readonly labels?: string },
): Promise<void> {
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('textbox', { name: 'Folder or file' }).fill(adapter.model);
  await page.getByRole('button', { name: 'Add the model' }).click();
  await page.getByRole('textbox', { name: 'An adapter trained elsewhere' }).fill(adapter.folder);
  await page
    .getByRole('combobox', { name: 'Model it belongs to' })
    .selectOption({ label: path.basename(adapter.model) });
  await page.getByRole('combobox', { name: 'Its goal' }).selectOption({ label: adapter.goal });
  const labels = page.getByRole('textbox', { name: 'Its labels' });
  if (adapter.labels !== undefined) await labels.fill(adapter.labels);
  await page.getByRole('button', { name: 'Take it in' }).click();
}

/** The first lines of one of the shared sets' files, under its own name. */
export function cutRows(home: string, { file, lines }: { readonly file: string; readonly lines: number }): string {
  const folder = path.join(home, 'sets', path.dirname(file));
  mkdirSync(folder, { recursive: true });
  const out = path.join(folder, path.basename(file));
  writeFileSync(
    out,
    readFileSync(path.join(shared, 'data', file), 'utf8')
      .split('\n')
      .slice(0, lines)
      .join('\n'),
  );
  return out;
}

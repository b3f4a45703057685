/** Promises of the terminal that hold before any model is touched: help, schema, exit status, last lines. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseRecipe } from '../../../engine/spec/recipe.ts';
import { supportedMethods } from '../../../engine/spec/methods/index.ts';
import { taskNames, writesText } from '../../../engine/spec/tasks.ts';
import { atelier, bin } from '../../support/atelier.ts';

const folder = mkdtempSync(join(tmpdir(), 'atelier-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const names = ['inspect', 'estimate', 'train', 'evaluate', 'generate', 'export', 'download', 'serve', 'schema'];
const recipe = {
  version: 1,
  model: 'minilm-l6',
  task: 'text-classification',
  data: { train: ['rows.csv'] },
  method: { name: 'lora' },
};
const withFailure = (failure: object) => ({ error: expect.objectContaining(failure) as unknown });

describe('help', () => {
  test('names every command', async () => {
    const { code, stdout } = await atelier(['--help']);
    expect([code, names.filter((name) => !new RegExp(`^  ${name} `, 'm').test(stdout))]).toEqual([0, []]);
  });

  test.each(names)('%s explains itself', async (name) => {
    const { code, stdout, stderr } = await atelier([name, '--help']);
    expect([code, stderr, stdout.startsWith(`Usage: atelier ${name} `), stdout.includes('--json')]).toEqual([
      0,
      '',
      true,
      true,
    ]);
  });

  test('without a command it is shown, and that is something to remedy', async () => {
    const { code, stderr } = await atelier([]);
    expect([code, stderr.startsWith('Usage: atelier')]).toEqual([2, true]);
  });
});

describe('a command line that cannot be understood', () => {
  test.each([
    [['nosuch'], 'nosuch'],
    [['train', 'recipe.json'], '--out'],
    [['train', 'recipe.json', '--out', 'run', '--bogus'], '--bogus'],
    [['generate', '--adapter', 'none', '--prompt', 'Hi', '--max-new-tokens', 'many'], 'many'],
    [['generate', '--adapter', 'none', '--prompt', 'Hi', '--top-p', '1.5'], 'at most 1'],
    [['generate', '--adapter', 'none', '--prompt', 'Hi', '--strategy', 'magic'], 'greedy'],
    [['schema', 'recipe', '--method', 'magic'], 'magic'],
    [['generate', '--adapter', 'none', '--prompt', 'Hi'], '--model'],
  ])('%j is refused with status 2, naming %s', async (args, named) => {
    const { code, lines, stderr } = await atelier([...args, '--json']);
    expect([code, lines]).toEqual([
      2,
      [
        withFailure({
          code: 'usage',
          data: {
            command: expect.stringMatching(/^atelier/) as string,
            reason: expect.stringContaining(named) as string,
          },
        }),
      ],
    ]);
    expect(stderr).toContain(named);
  });
});

describe('schema recipe', () => {
  const cases = taskNames.flatMap((task) => supportedMethods.map((method) => ({ task, method })));

  test.each(cases)(
    '$method for $task: the defaults satisfy the schema and the recipe reader',
    async ({ task, method }) => {
      const { code, lines, stderr } = await atelier(['schema', 'recipe', '--task', task, '--method', method, '--json']);
      expect([code, stderr, lines.length]).toEqual([0, '', 1]);
      const schema = lines[0] as Parameters<typeof z.fromJSONSchema>[0];
      const minimal = { ...recipe, task, method: { name: method }, training: {} };
      const filled = z.fromJSONSchema(schema).parse(minimal) as typeof minimal;
      expect(Object.keys(filled.training).length).toBeGreaterThan(10);
      const context = {
        architecture: writesText(task) ? 'llama' : 'bert',
        parameters: writesText(task) ? 134_515_008 : 22_713_216,
      };
      const { method: filledMethod, training } = parseRecipe(minimal).resolve(context);
      expect([filled.method, filled.training]).toEqual([filledMethod, training]);
    },
  );

  test('for people it is the same, on many lines', async () => {
    const [forPeople, forPrograms] = await Promise.all([
      atelier(['schema', 'recipe']),
      atelier(['schema', 'recipe', '--json']),
    ]);
    expect([JSON.parse(forPeople.stdout), forPeople.stdout.split('\n').length > 100]).toEqual([
      forPrograms.lines[0],
      true,
    ]);
  });

  test.each([[['--method', 'hypnosis']], [['--task', 'divination']]])(
    '%j is not there, and says what is',
    async (args) => {
      const { code, lines } = await atelier(['schema', 'recipe', ...args, '--json']);
      expect([code, lines.at(-1)]).toEqual([2, withFailure({ code: 'usage' })]);
    },
  );
});

describe('a recipe that is wrong', () => {
  const refused = (input: string) => atelier(['train', '-', '--out', join(folder, 'never'), '--json'], { input });

  test.each([
    [
      { ...recipe, method: { name: 'lora', r: 0 } },
      { path: 'method.r', value: '0' },
    ],
    [
      { ...recipe, method: { name: 'lora', rank: 8 } },
      { path: 'method.rank', value: '8' },
    ],
    [
      { ...recipe, training: { schedule: 'cubic' } },
      { path: 'training.schedule', value: '"cubic"' },
    ],
    [
      { ...recipe, data: {} },
      { path: 'data.train', value: 'nothing' },
    ],
    [
      { ...recipe, version: 2 },
      { path: 'version', value: '2' },
    ],
  ])('%# is refused with path, value and legal answers', async (wrong, data) => {
    const { code, lines, stderr } = await refused(JSON.stringify(wrong));
    expect([code, lines]).toEqual([
      2,
      [withFailure({ code: 'recipe.field', data: { ...data, legal: expect.stringMatching(/./) as string } })],
    ]);
    expect(stderr).toContain(data.path);
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  test.each([
    ['', 'it is empty'],
    ['{\n  "version": 1,\n}', 'line 3, column 1: "}" is not expected here'],
    ['{\n  "version": 1\n  "model": "a" }', 'line 3, column 3: "\\"" is not expected here'],
    ['{ "a": [1, 2', 'line 1, column 13: the text ends too early'],
    ['{ "a": "tab\there" }', 'line 1, column 8: "\\"" is not expected here'],
    ['{ "a": 1 } // done', 'line 1, column 12: "/" is not expected here'],
  ])('%j is not JSON, and the place is named', async (input, reason) => {
    const { code, lines } = await refused(input);
    expect([code, lines]).toEqual([
      2,
      [withFailure({ code: 'recipe.unreadable', data: { path: 'standard input', reason } })],
    ]);
  });

  test('a byte order mark before it does no harm', async () => {
    const { lines } = await refused(`\uFEFF${JSON.stringify({ ...recipe, task: 'divination' })}`);
    expect(lines).toEqual([withFailure({ code: 'recipe.field' })]);
  });

  test('one that is not there is named', async () => {
    const { code, lines } = await atelier(['estimate', 'absent.json', '--json'], { cwd: folder });
    expect([code, lines]).toEqual([
      2,
      [withFailure({ code: 'file.missing', data: { path: expect.stringContaining('absent.json') as string } })],
    ]);
  });
});

test('a model nobody knows is refused with those that are known', async () => {
  const input = JSON.stringify({ ...recipe, model: 'no-such-model' });
  const { code, lines } = await atelier(['estimate', '-', '--json'], { input });
  const data = { model: 'no-such-model', known: expect.stringContaining('minilm-l6') as string };
  expect([code, lines]).toEqual([2, [withFailure({ code: 'model.missing', data })]]);
});

test('a folder that holds something else is left alone', async () => {
  const out = join(folder, 'full');
  mkdirSync(out);
  writeFileSync(join(out, 'letter.txt'), 'Dear');
  for (const flags of [[], ['--resume']]) {
    const { code, lines } = await atelier(['train', '-', '--out', out, '--json', ...flags], {
      input: JSON.stringify(recipe),
    });
    expect([code, lines]).toEqual([2, [withFailure({ code: 'file.exists', data: { path: out } })]]);
  }
});

test('without --json stdout stays empty when it fails, and stderr says what to do', async () => {
  const { code, stdout, stderr } = await atelier(['train', '-', '--out', join(folder, 'never')], { input: '{' });
  expect([code, stdout, stderr.includes('line 1')]).toEqual([2, '', true]);
});

test('a reader that goes away does not make it fail', async () => {
  const child = spawn(process.execPath, [bin, 'schema', 'recipe'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, stderr]).toEqual([0, '']);
});

test('Ctrl-C while it waits for a recipe is status 130', async () => {
  const child = spawn(process.execPath, [bin, 'train', '-', '--out', 'never', '--json'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  setTimeout(() => child.kill('SIGINT'), 1500);
  const [[code], said] = await Promise.all([once(child, 'close') as Promise<[number | null]>, text(child.stdout)]);
  expect([code, JSON.parse(said)]).toEqual([130, withFailure({ code: 'cancelled' })]);
});

test('the studio is served until Ctrl-C, at the address it prints', async () => {
  const env = { ATELIER_HOME: join(folder, 'home') };
  const { code, lines } = await atelier(['serve', '--no-open', '--json'], {
    env,
    meanwhile: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
  });
  expect([code, lines]).toEqual([
    0,
    [{ type: 'serving', address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//) as string }, { type: 'closed' }],
  ]);
});

const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find(
  (path) => existsSync(path) && /^v(?:1\d|20)\./.test(execFileSync(path, ['--version'], { encoding: 'utf8' })),
);
describe.skipIf(oldNode === undefined)('an older Node', () => {
  const waiting = () =>
    spawn(oldNode ?? '', [bin, 'train', '-', '--out', 'never', '--json'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const childrenOf = (pid: number | undefined) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

  test('passes the work on to the one that npm brought', () => {
    expect(execFileSync(oldNode ?? '', [bin, '--version'], { cwd: folder, encoding: 'utf8' })).toMatch(
      /^\d+\.\d+\.\d+\n$/,
    );
  });

  test('passes Ctrl-C on, and the status back', async () => {
    const child = waiting();
    setTimeout(() => child.kill('SIGINT'), 2000);
    expect((await once(child, 'close'))[0]).toBe(130);
  });

  test.skipIf(process.platform !== 'linux')('takes the work with it when it is killed', async () => {
    const child = waiting();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const [work = 0] = childrenOf(child.pid);
    expect(existsSync(`/proc/${work}`)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect.poll(() => isRunning(work), { timeout: 5000 }).toBe(false);
  });
});

/** False for a process that is gone, and for one that only waits to be counted as gone. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

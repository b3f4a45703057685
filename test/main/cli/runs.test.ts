/** The whole way from a terminal, on real models and real data: train, measure, ask, export; killed, cancelled, resumed. */
import type { ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, EvaluateReport, ExportReport } from '../../../engine/spec/commands.ts';
import type { RunEvent } from '../../../engine/spec/events.ts';
import type { AccuracyFigure, Estimate, Metrics, Prediction } from '../../../engine/spec/metrics.ts';
import { atelier } from '../../support/atelier.ts';

const shared = join(import.meta.dirname, '../../../../shared');
const minilm = join(shared, 'models/minilm-l6');
const smollm = join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');
const folder = mkdtempSync(join(tmpdir(), 'atelier-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const minute = 60_000;
const trainRows = 200;
const testRows = 24;
const steps = 8;

/** The first rows of a real file; of its quoted cells none spans lines. */
function cut(from: string, rows: number): string {
  const [name = ''] = from.split('/').slice(-2);
  const path = join(folder, `${name}-${rows}.csv`);
  const lines = readFileSync(join(shared, 'data', from), 'utf8').split('\n');
  writeFileSync(path, `${lines.slice(0, rows + 1).join('\n')}\n`);
  return path;
}

function writeRecipe(name: string, change: { readonly method?: object; readonly training?: object } = {}): string {
  const path = join(folder, `${name}.json`);
  const recipe = {
    version: 1,
    model: 'minilm-l6',
    task: 'text-classification',
    data: {
      train: [cut('home-intents/train.csv', trainRows)],
      validation: null,
      test: [cut('home-intents/test.csv', testRows)],
      columns: { text: 'text', label: 'intent' },
      split: { validation: 0.1, seed: 1 },
    },
    method: { name: 'lora', ...change.method },
    training: { maxSteps: steps, batchSize: 4, maxLength: 32, checkpointSeconds: 0, ...change.training },
    threads: 1,
  };
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}

function jsonLines<T>(path: string): readonly T[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function filesIn(path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(path)
      .toSorted()
      .map((name) => [name, readFileSync(join(path, name)).toString('base64')]),
  );
}

/** Calls `act` when the run says that it has made its `step`th step. */
function atStep(step: number, act: (child: ChildProcess) => void): (child: ChildProcess) => void {
  return (child) => {
    let heard = '';
    let done = false;
    child.stdout?.on('data', (piece: Buffer) => {
      heard += piece.toString();
      const reached = heard
        .split('\n')
        .some((line) => line.includes('"type":"step"') && line.includes(`"step":${step},`));
      if (reached && !done) {
        done = true;
        act(child);
      }
    });
  };
}

describe('categories with LoRA on the starter model', () => {
  const out = join(folder, 'run');
  const adapter = join(out, 'adapter');
  let lines: readonly unknown[] = [];
  let predictions: readonly Extract<Prediction, { label: string }>[] = [];

  beforeAll(async () => {
    const finished = await atelier(['train', writeRecipe('home'), '--out', out, '--json']);
    expect([finished.code, finished.code === 0 ? '' : finished.stderr]).toEqual([0, '']);
    lines = finished.lines;
    predictions = jsonLines(join(out, 'predictions.jsonl'));
  }, 3 * minute);

  test('the last line is metrics.json, the lines before are the events of events.jsonl', () => {
    expect(lines.at(-1)).toEqual(JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')));
    const events = lines.slice(0, -1) as readonly RunEvent[];
    const journal = jsonLines<RunEvent>(join(out, 'events.jsonl'));
    // A run that is refused while it loads leaves no folder, so what it says before that is not written down.
    const before = events.slice(0, events.length - journal.length);
    expect([events.slice(before.length), before.filter(({ type }) => type !== 'phase')]).toEqual([journal, []]);
    expect(events.flatMap((event) => (event.type === 'step' ? [event.step] : []))).toEqual(
      Array.from({ length: steps }, (_, index) => index + 1),
    );
  });

  test(
    'evaluate measures what train measured, from the files alone',
    async () => {
      const data = cut('home-intents/test.csv', testRows);
      const { code, lines: said } = await atelier([
        'evaluate',
        '--adapter',
        adapter,
        '--model',
        minilm,
        '--data',
        data,
        '--json',
      ]);
      const report = said.at(-1) as EvaluateReport;
      const tuned = (lines.at(-1) as Metrics).tuned as AccuracyFigure;
      expect([code, report.figure]).toEqual([0, tuned]);
      const logits = (list: readonly Prediction[]) => list.flatMap((row) => ('logits' in row ? row.logits : []));
      const differences = logits(report.predictions).map((value, index) =>
        Math.abs(value - (logits(predictions)[index] ?? Number.NaN)),
      );
      expect(differences.length).toBeGreaterThan(testRows);
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    },
    minute,
  );

  test(
    'generate answers as predictions.jsonl says, with the model its recipe names',
    async () => {
      const [row] = predictions;
      const { code, lines: said } = await atelier([
        'generate',
        '--adapter',
        adapter,
        '--prompt',
        row?.text ?? '',
        '--json',
      ]);
      expect([code, (said.at(-1) as Answer).scores?.[0]?.label]).toEqual([0, row?.prediction]);
    },
    minute,
  );

  test(
    'generate for people ends with the likeliest categories',
    async () => {
      const { code, stdout } = await atelier(['generate', '--adapter', adapter, '--prompt', 'wake me at seven']);
      expect([code, /\d\u00a0% {2}\S/.test(stdout)]).toEqual([0, true]);
    },
    minute,
  );

  test(
    'export writes a PEFT folder whose replayed answers match',
    async () => {
      const to = join(folder, 'peft');
      const { code, lines: said } = await atelier(['export', out, '--to', 'peft', '--out', to, '--json']);
      const { replay, files } = said.at(-1) as ExportReport;
      expect([code, replay.matched, replay.of]).toEqual([0, 20, 20]);
      expect(files.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']),
      );
      expect(readdirSync(to)).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));
      const again = await atelier(['export', out, '--to', 'peft', '--out', to, '--json']);
      expect([again.code, again.lines.at(-1)]).toEqual([
        2,
        { error: expect.objectContaining({ code: 'file.exists' }) as unknown },
      ]);
    },
    minute,
  );

  test(
    'an adapter without our files is taken in whole',
    async () => {
      const foreign = join(folder, 'foreign');
      mkdirSync(foreign);
      for (const name of ['adapter_config.json', 'adapter_model.safetensors'])
        copyFileSync(join(adapter, name), join(foreign, name));
      const own = join(folder, 'taken in');
      const labels = JSON.parse(readFileSync(join(adapter, 'labels.json'), 'utf8')) as readonly string[];
      const taken = await atelier([
        'import',
        foreign,
        '--model',
        'minilm-l6',
        '--labels',
        labels.join(','),
        '--out',
        own,
      ]);
      expect([taken.code, taken.stdout]).toEqual([0, expect.stringContaining(`Labels: ${labels.join(', ')}`)]);
      for (const file of ['labels.json', 'head.json', 'adapter_model.safetensors'])
        expect(readFileSync(join(own, file))).toEqual(readFileSync(join(adapter, file)));
    },
    minute,
  );

  test('a finished run is not written over', async () => {
    const { code, lines: said } = await atelier(['train', writeRecipe('home'), '--out', out, '--json']);
    expect([code, said]).toEqual([2, [{ error: expect.objectContaining({ code: 'file.exists' }) as unknown }]]);
  });

  test(
    'killed outright at step 4 and resumed, it ends with the same adapter, byte for byte',
    async () => {
      const killed = join(folder, 'killed');
      const args = ['train', writeRecipe('home'), '--out', killed, '--json'];
      const first = await atelier(args, { meanwhile: atStep(4, (child) => child.kill('SIGKILL')) });
      expect([first.signal, existsSync(join(killed, 'metrics.json'))]).toEqual(['SIGKILL', false]);
      const second = await atelier([...args, '--resume']);
      expect(second.lines).toContainEqual(expect.objectContaining({ type: 'resumed' }));
      expect([second.code, filesIn(join(killed, 'adapter'))]).toEqual([0, filesIn(adapter)]);
    },
    2 * minute,
  );

  test(
    'Ctrl-C is status 130, and what was learned is gone on with',
    async () => {
      const cancelled = join(folder, 'cancelled');
      const args = ['train', writeRecipe('home'), '--out', cancelled, '--json'];
      const first = await atelier(args, { meanwhile: atStep(3, (child) => child.kill('SIGINT')) });
      expect([first.code, first.lines.at(-1)]).toEqual([
        130,
        { error: expect.objectContaining({ code: 'cancelled' }) as unknown },
      ]);
      const second = await atelier([...args, '--resume']);
      expect([second.code, filesIn(join(cancelled, 'adapter'))]).toEqual([0, filesIn(adapter)]);
    },
    2 * minute,
  );

  test.skipIf(process.platform !== 'linux')(
    'an engine that dies is status 1 and said to have crashed',
    async () => {
      const meanwhile = atStep(2, (child) => {
        const engines = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
          .trim()
          .split(' ')
          .map(Number);
        for (const engine of engines) process.kill(engine, 'SIGKILL');
      });
      const { code, lines: said } = await atelier(
        ['train', writeRecipe('home'), '--out', join(folder, 'crashed'), '--json'],
        { meanwhile },
      );
      const data = { signal: 'SIGKILL', lastLine: expect.any(String) as string };
      expect([code, said.at(-1)]).toEqual([
        1,
        { error: expect.objectContaining({ code: 'engine.crashed', data }) as unknown },
      ]);
    },
    minute,
  );

  test(
    'a reader that goes away does not end a run',
    async () => {
      const out = join(folder, 'unread');
      const { code } = await atelier(['train', writeRecipe('home'), '--out', out], {
        meanwhile: (child) => child.stdout?.destroy(),
      });
      expect([code, existsSync(join(out, 'metrics.json'))]).toEqual([0, true]);
    },
    2 * minute,
  );
});

test.each([{ name: 'full' }, { name: 'linear-probe' }])(
  '%j on e-mail: for people, from train to evaluate',
  async (method) => {
    const out = join(folder, `mail-${method.name}`);
    const recipe = join(folder, `mail-${method.name}.json`);
    const data = {
      train: [cut('email-spam/train.csv', 200)],
      test: [cut('email-spam/test.csv', testRows)],
      columns: { text: ['subject', 'body'], label: 'label' },
    };
    const training = { maxSteps: 3, batchSize: 4, maxLength: 64 };
    writeFileSync(
      recipe,
      JSON.stringify({ version: 1, model: minilm, task: 'text-classification', data, method, training }),
    );
    const { code, stdout, stderr } = await atelier(['train', recipe, '--out', out]);
    expect([code, stdout.includes(join(out, 'adapter')), /step 3\/3 .*loss \d/.test(stderr)]).toEqual([0, true, true]);
    const evaluated = await atelier(['evaluate', '--adapter', join(out, 'adapter'), '--data', data.test[0] ?? '']);
    const [verdict = '', tuned] = stdout.split('\n');
    expect(verdict).toMatch(/^(?:Yes|No), training|^No: /);
    expect([evaluated.code, tuned]).toEqual([0, `Tuned: ${evaluated.stdout.trim()}`]);
  },
  3 * minute,
);

test(
  'estimate by formula is near what two measured steps need',
  async () => {
    const recipe = writeRecipe('home');
    const [formula, measured] = await Promise.all([
      atelier(['estimate', recipe, '--json']),
      atelier(['estimate', recipe, '--measure', '--json']),
    ]);
    const [a, b] = [formula, measured].map(({ lines }) => lines.at(-1) as Estimate);
    expect([formula.code, measured.code, a?.source, b?.source]).toEqual([0, 0, 'formula', 'measured']);
    const ratio = (a?.peakMemoryBytes ?? 0) / (b?.peakMemoryBytes ?? 1);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  },
  minute,
);

test(
  'inspect tells a model from data, and what each holds',
  async () => {
    const [model, data] = await Promise.all([
      atelier(['inspect', 'minilm-l6', '--json']),
      atelier(['inspect', join(shared, 'data/home-intents/train.csv'), '--json']),
    ]);
    expect([model.code, model.lines.at(-1)]).toEqual([
      0,
      expect.objectContaining({ architecture: 'bert', layers: 6, hidden: 384 }),
    ]);
    expect([data.code, data.lines.at(-1)]).toEqual([
      0,
      expect.objectContaining({ suggestedTask: 'text-classification', mapping: { text: 'text', label: 'intent' } }),
    ]);
  },
  minute,
);

test(
  'a chat model answers as Transformers does, streaming, and with --json the pieces add up',
  async () => {
    const prompt = 'What is the capital of Germany?';
    const ask = ['generate', '--adapter', 'none', '--model', smollm, '--prompt', prompt, '--max-new-tokens', '16'];
    const [forPeople, forPrograms] = await Promise.all([atelier(ask), atelier([...ask, '--json'])]);
    const answer = forPrograms.lines.at(-1) as Answer;
    const pieces = forPrograms.lines.slice(0, -1).map((line) => (line as { text: string }).text);
    expect([forPeople.code, forPeople.stdout, pieces.join('')]).toEqual([0, `${answer.text}\n`, answer.text]);
    const reference = JSON.parse(readFileSync(join(shared, 'models/smollm2-135m-instruct/reference.json'), 'utf8')) as {
      cases: readonly { prompt: string; greedy_text: string }[];
    };
    expect(reference.cases.find((one) => one.prompt === prompt)?.greedy_text.startsWith(answer.text)).toBe(true);
  },
  2 * minute,
);

test(
  'LoRA on a chat model: trained, measured in perplexity, and asked',
  async () => {
    const out = join(folder, 'chat');
    const recipe = join(folder, 'chat.json');
    const data = {
      train: [cut('building-faq/train.csv', 12)],
      test: [cut('building-faq/test.csv', 1)],
      columns: { prompt: 'question', response: 'answer' },
    };
    const training = { maxSteps: 2, batchSize: 1, maxLength: 64 };
    writeFileSync(
      recipe,
      JSON.stringify({ version: 1, model: smollm, task: 'chat', data, method: { name: 'lora' }, training }),
    );
    const { code, lines, stderr } = await atelier(['train', recipe, '--out', out, '--json']);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(lines.at(-1)).toMatchObject({ metric: 'perplexity', tuned: { n: 1 }, baselines: { untrained: { n: 1 } } });
    const [row] = jsonLines<Extract<Prediction, { prompt: string }>>(join(out, 'predictions.jsonl'));
    const asked = await atelier([
      'generate',
      '--adapter',
      join(out, 'adapter'),
      '--prompt',
      row?.prompt ?? '',
      '--json',
    ]);
    expect([asked.code, (asked.lines.at(-1) as Answer).text]).toEqual([0, row?.prediction]);
  },
  5 * minute,
);

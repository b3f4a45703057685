/** What the second half of the wizard says: sentences that follow from numbers. */
import { describe, expect, it } from 'vitest';
import type { Estimate, Metrics } from '../../../engine/spec/metrics.ts';
import type {
  ComputerView,
  MethodView,
  ResultRow,
  ResultView,
  RunView,
  SettingsForm,
} from '../../../main/contract/views.ts';
import { emptySeries } from '../../../renderer/src/lib/series.ts';
import { exportTitle, formatOptions } from '../../../renderer/src/state/export-words.ts';
import { fitWords, segmentsOf } from '../../../renderer/src/state/fit-words.ts';
import { methodCards, methodTitle, shareWords } from '../../../renderer/src/state/method-cards.ts';
import {
  beforeWords,
  confusionWords,
  examplePrompts,
  gainBand,
  resultLead,
  rowWords,
  shareRows,
  sideWords,
  speaksForIt,
} from '../../../renderer/src/state/result-words.ts';
import { budgetEnd, budgetRows, budgetSentence } from '../../../renderer/src/state/prompt-words.ts';
import { presetOptions } from '../../../renderer/src/state/settings-words.ts';
import { sampleWords, trainWords } from '../../../renderer/src/state/train-words.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

const estimate: Estimate = {
  peakMemoryBytes: 5.9e9,
  seconds: 1860,
  diskBytes: 31e6,
  secondsPerStep: 2.4,
  steps: 664,
  source: 'measured',
  parts: { weights: 2e9, trainable: 5e6, optimizer: 5e6, runtime: 0.4e9, activations: 3.39e9, data: 0 },
  trainableParameters: 540_672,
  totalParameters: 494e6,
  adapterBytes: 2.2e6,
};
const computer: ComputerView = {
  cores: 8,
  memoryBytes: 16e9,
  freeMemoryBytes: 4.6e9,
  freeDiskBytes: 214e9,
  gpu: null,
  platform: 'linux',
  version: '0',
};

describe('fit', () => {
  it('says by how much it is too large', () => {
    const words = fitWords(estimate, { computer, measuredAt: null, formula: { ...estimate, peakMemoryBytes: 6e9 } });
    expect(plain(words.title)).toBe('It needs 5.9 GB at its fullest; 4.6 GB are free. That is 1.3 GB too much.');
    expect(plain(words.end)).toBe('5.9 GB: 1.3 GB too much');
    expect(plain(words.lead)).toBe('Measured: two real steps on your longest rows. The formula said 6.0 GB.');
  });

  it('says about where it is only a formula, and that it fits', () => {
    const words = fitWords(
      { ...estimate, peakMemoryBytes: 1e9, source: 'formula' },
      { computer, measuredAt: null, formula: null },
    );
    expect(plain(words.title)).toBe('It needs about 1.0 GB at its fullest; 4.6 GB are free. It fits.');
  });

  it('draws parts that add up to what was measured', () => {
    const segments = segmentsOf(estimate);
    expect(segments.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(estimate.peakMemoryBytes, -6);
    const more = segmentsOf({ ...estimate, peakMemoryBytes: 7e9 });
    expect(more.at(-1)).toMatchObject({ label: 'beside the formula' });
    expect(more.reduce((sum, { value }) => sum + value, 0)).toBe(7e9);
  });
});

describe('methods', () => {
  const view = (over: Partial<MethodView>): MethodView => ({
    name: 'lora',
    supported: true,
    obstacle: null,
    recommended: false,
    trainableParameters: 1,
    share: 0.0011,
    estimate,
    destinations: ['here', 'peft'],
    ...over,
  });

  it('keeps what cannot be chosen, with its reason', () => {
    const cards = methodCards(
      [
        view({ recommended: true }),
        view({
          name: 'prefix',
          obstacle: { kind: 'expected', code: 'method.task', data: { method: 'prefix', task: 'multiple-choice' } },
          share: null,
          estimate: null,
        }),
      ],
      { freeMemoryBytes: 16e9, destination: 'peft', task: null },
    );
    expect(cards.map(({ label, choosable, note }) => ({ label, choosable, note }))).toEqual([
      { label: 'LoRA', choosable: true, note: 'Reaches this app, Python' },
      { label: 'Prefix tuning', choosable: false, note: 'prefix cannot be used for multiple-choice.' },
    ]);
    expect(methodTitle(cards).title).toBe('Two ways to teach it; start with LoRA.');
  });

  it('warns of memory before it praises', () => {
    const [card] = methodCards([view({})], { freeMemoryBytes: 4.6e9, destination: null, task: null });
    expect([card?.noteTone, plain(card?.note ?? '')]).toEqual(['care', 'More than the 4.6 GB free now']);
  });

  it('speaks of an answer layer only where one is new', () => {
    const captions = (['text-classification', 'chat'] as const).map((task) => {
      const [card] = methodCards([view({ name: 'p-tuning-v2' })], { freeMemoryBytes: null, destination: null, task });
      return card?.caption.includes('answer layer');
    });
    expect(captions).toEqual([true, false]);
  });

  it('never rounds a small share to none', () => {
    expect([0, 0.0000123, 0.0011, 0.0432, 1].map((share) => plain(shareWords(share)))).toEqual([
      '0',
      '0.0012 %',
      '0.11 %',
      '4.3 %',
      '100 %',
    ]);
  });
});

const metrics: Metrics = {
  task: 'text-classification',
  metric: 'accuracy',
  measuredOn: 'test',
  tuned: { accuracy: 0.865, n: 379, interval: [0.827, 0.896] },
  baselines: {
    untrained: { accuracy: 0.631, n: 379, interval: [0.58, 0.68] },
    majority: { accuracy: 0.314, n: 379, interval: [0.27, 0.36] },
  },
  train: {
    steps: 664,
    rows: 5300,
    tokens: 1,
    seconds: 1800,
    peakMemoryBytes: 1,
    finalLoss: 0.1,
    precision: 'float32',
    device: 'cpu',
  },
};
const result: ResultView = {
  metrics,
  verdict: { code: 'share.helped', data: {} },
  gain: { value: 0.234, interval: [0.182, 0.284] },
  confusion: {
    labels: ['Lob', 'Tempo'],
    counts: [
      [5, 7],
      [6, 5],
    ],
  },
  numbers: null,
  fixed: [{ row: 1, text: 'one', expected: 'Lob', tuned: 'Lob', untrained: 'Tempo', pair: null, detail: null }],
  broken: [],
  wrong: [{ row: 2, text: 'one', expected: 'Lob', tuned: 'Tempo', untrained: 'Tempo', pair: null, detail: null }],
  totals: { fixed: 102, broken: 13, wrong: 51, rows: 379 },
};

describe('result', () => {
  it('gives counts before shares and the gain with its interval', () => {
    expect(plain(resultLead(result))).toBe(
      '328 of 379 rows it never saw. It put right 102 that the untrained model got wrong, and broke 13. The gain is 23.4 points; with other rows of this kind it would most likely be between 18.2 and 28.4.',
    );
  });

  it('says that two cannot be told apart when the interval holds 0', () => {
    expect(resultLead({ ...result, gain: { value: 0.01, interval: [-0.02, 0.04] } })).toContain('cannot be told apart');
  });

  it('says a loss as a loss', () => {
    const lead = plain(resultLead({ ...result, gain: { value: -0.467, interval: [-0.518, -0.411] } }));
    expect(lead).toContain(
      'It lost 46.7 points; with other rows of this kind it would most likely lose between 41.1 and 51.8.',
    );
  });

  it('lists the baselines before the tuned model', () => {
    expect(shareRows(metrics).map(({ label, taught }) => [label, taught])).toEqual([
      ['Always the commonest answer', false],
      ['The model as it came', false],
      ['After training', true],
    ]);
  });

  it('compares a prompt with itself without its examples', () => {
    const prompted = { ...metrics, prompted: { shots: 4 } };
    expect(shareRows(prompted).map(({ label }) => plain(label))).toEqual([
      'Always the commonest answer',
      'Asked without examples',
      'Asked with 4 examples',
    ]);
    const view = { ...result, metrics: prompted };
    expect(plain(resultLead(view))).toContain(
      'The examples put right 102 that were wrong without them, and broke 13. The gain is 23.4 points',
    );
    expect(rowWords(view)).toMatchObject({ title: 'Rows the examples changed' });
    expect(beforeWords({ ...result.fixed[0], untrained: 'Tempo' } as ResultRow, sideWords(prompted))).toBe(
      'Without examples, it said: Tempo',
    );
    expect(gainBand(view)).toMatchObject({ from: 0.631, to: 0.865 });
    expect(gainBand({ ...view, gain: null })).toBeNull();
    const alone = { ...result, metrics: { ...metrics, prompted: { shots: 0 } } };
    expect(speaksForIt({ ...alone, verdict: { code: 'share.above-majority', data: {} } })).toBe(true);
    expect(speaksForIt({ ...alone, verdict: { code: 'share.near-majority', data: {} } })).toBe(false);
  });

  it('lists what the model says when it is asked in a prompt', () => {
    const asked = { accuracy: 0.5, n: 200, interval: [0.43, 0.57] } as const;
    const inContext = { zeroShot: null, fewShot: asked, shots: 4 };
    const baselines = { untrained: null, majority: null, inContext };
    expect(shareRows({ ...metrics, baselines }).map(({ label, words }) => [plain(label), plain(words)])).toEqual([
      ['With 4 examples in it, 200 of them', '50.0 %'],
      ['After training', '86.5 %'],
    ]);
  });

  it('names the commonest mistake and offers rows once', () => {
    expect(
      plain(
        confusionWords({
          labels: ['Lob', 'Tempo'],
          counts: [
            [5, 7],
            [6, 5],
          ],
        }),
      ),
    ).toBe('Its commonest mistake: 7 Lob rows taken for Tempo, and 6 the other way.');
    expect(examplePrompts(result)).toEqual([{ prompt: 'one' }]);
  });
});

describe('the room of a prompt', () => {
  const budget = { tokensPerExample: [20, 30, 25], question: 40, fits: 3, used: 115, limit: 2048 };
  const tight = { ...budget, fits: 1, used: 70, limit: 70 };

  it('says how many examples fit, and what each costs', () => {
    expect(plain(budgetSentence(budget))).toBe('All three examples fit: the longest prompt takes 115 of 2,048 tokens.');
    expect(plain(budgetSentence({ ...budget, tokensPerExample: [], fits: 0, used: 40 }))).toBe(
      'No examples are shown; the longest question takes 40 of 2,048 tokens.',
    );
    expect(budgetSentence(tight)).toBe(
      'Beside the longest question there is room for one of three examples: it loses the first two.',
    );
    expect(budgetSentence({ ...tight, fits: 2 })).toContain('room for two of three examples: it loses the first.');
    expect(budgetSentence({ ...tight, fits: 0 })).toBe(
      'Beside the longest question there is no room for an example: it is asked without.',
    );
    expect(budgetRows(tight).map(({ label, tokens, fits }) => [label, tokens, fits])).toEqual([
      ['Example 1', '20', false],
      ['Example 2', '30', false],
      ['Example 3', '25', true],
      ['The longest question', '40', true],
    ]);
    expect([plain(budgetEnd(budget).words), { ...budgetEnd(tight), words: plain(budgetEnd(tight).words) }]).toEqual([
      '115 tokens: 1,933 left over',
      { words: '115 tokens: 45 too many', over: 45 },
    ]);
  });

  it('names presets by their examples, others by their passes', () => {
    const form = { seconds: { quick: 6, balanced: null, thorough: null } } as SettingsForm;
    const about = (method: 'in-context' | 'lora') =>
      presetOptions(form, method, 'text-classification').map((option) => option.about);
    expect([about('in-context'), about('lora')[0]]).toEqual([
      ['no examples in the prompt', 'four examples in the prompt', 'eight examples in the prompt'],
      'four passes over the rows',
    ]);
  });
});

describe('training', () => {
  const run: RunView = {
    id: 'r',
    projectId: 'p',
    name: 'n',
    state: 'running',
    task: 'text-classification',
    method: 'lora',
    model: 'm',
    folder: '/f',
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: null,
    step: 512,
    steps: 664,
    keptStep: 420,
    secondsLeft: 420,
    memoryBytes: 4e9,
    phase: 'training',
    metrics: null,
    error: null,
  };
  const check = (step: number, loss: number, kept: boolean) => ({ step, epoch: 1, loss, metrics: {}, kept });

  it('says when it began memorising and which version is kept', () => {
    const series = {
      ...emptySeries,
      evaluations: [check(300, 0.6, true), check(420, 0.49, true), check(460, 0.52, false), check(504, 0.55, false)],
    };
    expect(trainWords(run, series, null)).toEqual({
      title: 'It began memorising at step 420. I kept that version.',
      lead: 'The error on rows it must not learn from was lowest at step 420 and has risen at both checks since.',
    });
  });

  it('has a sentence for every state of a run', () => {
    const states = [
      'queued',
      'starting',
      'running',
      'paused',
      'finished',
      'stopped',
      'cancelled',
      'failed',
      'interrupted',
    ] as const;
    const titles = states.map((state) => trainWords({ ...run, state }, emptySeries, null).title);
    expect(new Set(titles).size).toBe(states.length - 1);
    expect(titles.every((title) => title.length > 0)).toBe(true);
  });

  it('tells right from wrong under a sample', () => {
    const sample = { row: 1, text: 't', expected: 'Lob', prediction: 'Tempo', confidence: 0.91 };
    const { right, words } = sampleWords(sample);
    expect([right, plain(words)]).toEqual([false, 'says Tempo, 91.0 % sure']);
  });
});

it('says how many answers matched, also when not all did', () => {
  const view = {
    destination: 'peft',
    folder: '/f',
    files: [],
    replay: { matched: 20, of: 20, largestDifference: 1e-6 },
    snippet: '',
  } as const;
  expect(exportTitle(view, false).title).toBe('Ready for Python: 20 of 20 answers match.');
  const unasked = exportTitle({ ...view, replay: { matched: 0, of: 0, largestDifference: 0 } }, false);
  expect([unasked.title, unasked.lead]).toEqual([
    'Written for Python.',
    expect.stringContaining('none could be asked'),
  ]);
  expect(exportTitle({ ...view, replay: { ...view.replay, matched: 19 } }, false).title).toBe(
    'Written, but only 19 of 20 answers match.',
  );
});

it('the run’s own folder is called what it is: an adapter, a model, a head, a prompt', () => {
  const labels = (['lora', 'full', 'linear-probe', 'in-context'] as const).map(
    (method) => formatOptions([{ format: 'peft', reason: null }], { method, view: null })[0]?.label,
  );
  expect(labels).toEqual([
    'Python, with PEFT',
    'Python, as it was trained',
    'Python, only what learned',
    'The prompt itself',
  ]);
});

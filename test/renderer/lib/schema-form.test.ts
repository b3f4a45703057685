/** The form as it follows from the schemas themselves: fields, what may be typed, where the slider stands. */
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../engine/spec/json.ts';
import { generationJsonSchema, settingNames } from '../../../engine/spec/generation.ts';
import { recipeJsonSchema } from '../../../engine/spec/recipe.ts';
import {
  changesOf,
  isAsked,
  legalRange,
  parseText,
  readFields,
  showValue,
  sliderPosition,
  type FormField,
} from '../../../renderer/src/lib/schema-form.ts';
import { scheduleNames } from '../../../engine/spec/schedule.ts';
import { consequenceOf, headingOf, scheduleShape } from '../../../renderer/src/lib/schema-form-rows.ts';

const schema = recipeJsonSchema({
  method: 'lora',
  context: { task: 'text-classification', architecture: 'bert', parameters: 22_000_000 },
});
const part = (name: string) => (schema as { readonly properties: Record<string, Json> }).properties[name] ?? null;
const fields = [...readFields(part('method')), ...readFields(part('training'))];

/** A setting of asking in a prompt. */
function asked(key: string): FormField {
  const whole = recipeJsonSchema({
    method: 'in-context',
    context: { task: 'text-classification', architecture: 'llama', parameters: 135_000_000 },
  }) as { readonly properties: Record<string, Json> };
  const found = readFields(whole.properties['method'] ?? null).find((candidate) => candidate.key === key);
  if (!found) throw new Error(`no field ${key}`);
  return found;
}

function field(key: string): FormField {
  const found = fields.find((candidate) => candidate.key === key);
  if (!found) throw new Error(`no field ${key}`);
  return found;
}

it('reads every setting of the real schema, and not the name of the method', () => {
  expect(fields.map(({ key }) => key)).toEqual([
    'r',
    'alpha',
    'dropout',
    'targetModules',
    'targetPattern',
    'excludeModules',
    'excludePattern',
    'layersToTransform',
    'layersPattern',
    'modulesToSave',
    'rankPattern',
    'alphaPattern',
    'bias',
    'rslora',
    'dora',
    'loraBias',
    'initWeights',
    'loraPlusRatio',
    'loraPlusEmbedding',
    'ensureWeightTying',
    'template',
    'labelWords',
    'epochs',
    'maxSteps',
    'batchSize',
    'gradientAccumulation',
    'maxLength',
    'learningRate',
    'schedule',
    'warmup',
    'weightDecay',
    'maxGradNorm',
    'seed',
    'optimizer',
    'evaluationsPerEpoch',
    'earlyStopping',
    'checkpointSeconds',
  ]);
  expect(fields.every(({ label, term, help }) => label !== '' && term !== '' && help !== '')).toBe(true);
  expect([field('targetModules').kind, field('schedule').kind, field('epochs').kind, field('r').kind]).toEqual([
    'list',
    'choice',
    'number',
    'integer',
  ]);
  expect([field('earlyStopping').nullable, field('maxGradNorm').nullable, field('epochs').nullable]).toEqual([
    true,
    true,
    false,
  ]);
});

it('reads a yes, no or nothing as a choice of the three', () => {
  const adapters = recipeJsonSchema({
    method: 'adapter',
    context: { task: 'text-classification', architecture: 'bert', parameters: 22_000_000 },
  }) as { readonly properties: Record<string, Json> };
  const found = readFields(adapters.properties['method'] ?? null).find(({ key }) => key === 'attentionAdapter');
  if (!found) throw new Error('no field attentionAdapter');
  expect([found.kind, found.nullable, found.options]).toEqual(['switch', true, ['yes', 'no']]);
  expect([parseText(found, ''), parseText(found, 'no')]).toEqual([
    { ok: true, value: null },
    { ok: true, value: false },
  ]);
});

describe('parseText', () => {
  it.each([
    ['epochs', '0,5', 0.5],
    ['epochs', '2.5', 2.5],
    ['learningRate', '2e-4', 2e-4],
    ['r', ' 16 ', 16],
    ['earlyStopping', '', null],
    ['schedule', 'cosine', 'cosine'],
    ['targetModules', 'query, value key', ['query', 'value', 'key']],
    ['dora', 'yes', true],
    ['layersToTransform', '0, 2', [0, 2]],
    ['rankPattern', 'layer.1.query = 16, key=4', { 'layer.1.query': 16, key: 4 }],
    ['rankPattern', '', {}],
  ])('%s takes %j', (key, typed, value) => {
    expect(parseText(field(key), typed)).toEqual({ ok: true, value });
  });

  it.each([
    ['r', '0', '0 cannot be: a whole number from 1 to 512.'],
    ['r', '2.5', '2.5 cannot be: a whole number from 1 to 512.'],
    ['learningRate', '0', '0 cannot be: a number above 0 and at most 10.'],
    ['dropout', '1', '1 cannot be: a number from 0 to 0.9.'],
    ['epochs', 'many', 'many cannot be: a number above 0 and at most 1000.'],
    ['epochs', '', 'Nothing cannot be: a number above 0 and at most 1000.'],
    ['schedule', 'wavy', `wavy cannot be: ${scheduleNames.join(', ')}.`],
    ['dora', 'perhaps', 'perhaps cannot be: yes, no.'],
    ['layersToTransform', 'first', 'first cannot be: one whole number or more, separated by commas, or empty.'],
    ['alphaPattern', 'query', 'query cannot be: names with a number each, as name = 4, separated by commas; or empty.'],
    ['targetModules', ' , ', ', cannot be: one name or more, separated by commas.'],
  ])('%s refuses %j with the legal range', (key, typed, problem) => {
    expect(parseText(field(key), typed)).toEqual({ ok: false, problem });
  });

  it('names the legal range of an optional number with its way out', () => {
    expect(legalRange(field('earlyStopping'))).toBe('a whole number from 1 to 1000, or empty');
  });
});

it('shows values as they can be typed again', () => {
  for (const [key, value] of [
    ['learningRate', 2e-4],
    ['epochs', 10],
    ['targetModules', ['query', 'value']],
    ['earlyStopping', null],
    ['rslora', false],
    ['layersToTransform', [1, 3]],
    ['alphaPattern', { 'layer.1.query': 16 }],
  ] as const) {
    expect(parseText(field(key), showValue(value))).toEqual({ ok: true, value });
  }
});

describe('a prompt', () => {
  it.each([
    ['template', 'prose', '{text}\nCategory: {label}', '{text}\nCategory: {label}'],
    ['delimiter', 'escaped', '\n\n', '\\n\\n'],
    ['delimiter', 'escaped', ' ', ' '],
    ['premise', 'prose', null, ''],
    ['labelWords', 'words', { turn_on: 'switch on', off: 'a = b' }, 'turn_on = switch on\noff = a = b'],
    ['labelWords', 'words', {}, ''],
    ['contentFree', 'lines', ['N/A', '', '[MASK]', 'a\nb\\'], 'N/A\n\\\n[MASK]\na\\nb\\\\'],
  ] as const)('%s is %s: shown as it can be typed again', (...[key, kind, value, shown]) => {
    const own = asked(key);
    expect([own.kind, showValue(value, kind)]).toEqual([kind, shown]);
    expect(parseText(own, shown)).toEqual({ ok: true, value });
  });

  it('refuses a line of words without its text', () => {
    expect(parseText(asked('labelWords'), 'turn_on = on\nturn_off')).toEqual({
      ok: false,
      problem: 'turn_off cannot be: a name and its text a line, as name = text; or empty.',
    });
  });

  it('refuses an empty template, and stands under a heading of its own', () => {
    expect(parseText(asked('template'), ' ').ok).toBe(false);
    expect([headingOf('method', 'template', false), headingOf('method', 'template', true)]).toEqual([
      'The prompt',
      'The new weights',
    ]);
  });
});

it('stands on a step, or between two in proportion, or at the end', () => {
  const steps = [1, 2, 4, 8];
  expect([1, 4, 6, 100, 0].map((value) => sliderPosition(steps, value))).toEqual([0, 2, 2.5, 3, 0]);
});

it('names the changes against the preset alone', () => {
  expect(changesOf({ name: 'lora', r: 16, targetModules: ['a'] }, { r: 8, targetModules: ['a'] })).toEqual({ r: 16 });
});

it('reckons the consequence of the next move, and leaves the help where it cannot', () => {
  const values = { epochs: 10, alpha: 16, r: 8, warmup: 0.06, batchSize: 8, gradientAccumulation: 2 };
  const estimate = { seconds: 120, steps: 500 } as Parameters<typeof consequenceOf>[2];
  expect(
    ['epochs', 'alpha', 'warmup', 'gradientAccumulation', 'seed'].map((key) => consequenceOf(key, values, estimate)),
  ).toEqual([
    'One more pass: +12\u00a0s.',
    'Multiplies the correction by alpha ÷ rank = 2.',
    'The first 30 of 500\u00a0steps grow to full size.',
    '16\u00a0rows move the weights once.',
    null,
  ]);
});

it('draws the step size: a rise, then the fall of its schedule', () => {
  const linear = scheduleShape('linear', 0.5, { steps: 4, points: 4 });
  expect(linear).toEqual([0, 0.5, 1, 0.5, 0]);
  expect(scheduleShape('constant', 0, { steps: 8, points: 2 })).toEqual([1, 1, 1]);
  expect(scheduleShape('cosine', 0, { steps: 8, points: 2 }).map((value) => Number(value.toFixed(3)))).toEqual([
    1, 0.5, 0,
  ]);
});

it('takes a list of objects as JSON, and none of anything else', () => {
  const context = { task: 'text-classification', architecture: 'bert', parameters: 22_000_000 } as const;
  const own = (recipeJsonSchema({ method: 'p-tuning-v2', context }) as { readonly properties: Record<string, Json> })
    .properties;
  const found = readFields(own['method'] ?? null).find(({ key }) => key === 'sharedWith');
  if (!found) throw new Error('no field sharedWith');
  expect([found.kind, found.nullable, found.advanced]).toEqual(['json', true, true]);
  const sets = [{ train: ['more texts.csv'], columns: { text: 'said', label: 'meant' } }];
  expect(parseText(found, showValue(sets))).toEqual({ ok: true, value: sets });
  expect(parseText(found, '')).toEqual({ ok: true, value: null });
  for (const typed of ['more.csv', '{"train": ["more.csv"]}', 'null']) {
    expect(parseText(found, typed)).toEqual({
      ok: false,
      problem: `${typed} cannot be: a list of objects in brackets, as JSON, or empty.`,
    });
  }
});

describe('the settings of an answer', () => {
  const own = readFields(generationJsonSchema());
  const of = (key: string) => {
    const found = own.find((candidate) => candidate.key === key);
    if (!found) throw new Error(`no field ${key}`);
    return found;
  };

  it('are all fields, asked where they say something', () => {
    expect(own.map(({ key }) => key)).toEqual([...settingNames]);
    const asked = (strategy: string) => own.filter((one) => isAsked(one, { strategy })).map(({ key }) => key);
    expect([
      asked('greedy').includes('topP'),
      asked('sample').includes('topP'),
      asked('beam').includes('topP'),
    ]).toEqual([false, true, false]);
    expect([asked('greedy').includes('beams'), asked('beam').includes('beams')]).toEqual([false, true]);
    expect(asked('greedy')).toEqual(expect.arrayContaining(['maxNewTokens', 'repetitionPenalty', 'stopStrings']));
  });

  it('takes stop texts a line each, blanks, line breaks and backslashes as they are', () => {
    const stops = ['\n\n', ' User: yes, ', 'C:\\new', '\t'];
    const shown = showValue(stops, of('stopStrings').kind);
    expect(shown).toBe('\\n\\n\n User: yes, \nC:\\\\new\n\\t');
    expect(parseText(of('stopStrings'), shown)).toEqual({ ok: true, value: stops });
    expect(parseText(of('stopStrings'), '')).toEqual({ ok: true, value: [] });
  });

  it('refuses the limits that are none of the range', () => {
    expect(parseText(of('epsilonCutoff'), '1')).toEqual({
      ok: false,
      problem: '1 cannot be: a number from 0 to below 1.',
    });
    expect(parseText(of('topP'), '0')).toEqual({
      ok: false,
      problem: '0 cannot be: a number above 0 and at most 1.',
    });
  });
});

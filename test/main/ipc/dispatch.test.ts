/** Promises: every call of the contract is parsed, bad payloads are refused with place, value and what is legal, and errors cross whole. */
import { expect, test } from 'vitest';
import { supportedMethods } from '../../../engine/spec/methods/index.ts';
import { StudioError, CancelledError, type Envelope } from '../../../engine/spec/errors.ts';
import { contract, type MethodOf } from '../../../main/contract/index.ts';
import { dispatch, fromTrusted, parsePayload } from '../../../main/ipc/dispatch.ts';
import type { Services } from '../../../main/services/parts.ts';

const methods = Object.keys(contract) as MethodOf[];

/** Answers every call with what it was given. */
const echo = Object.fromEntries(
  methods.map((method) => [method, (payload: unknown) => ({ method, payload })]),
) as unknown as Services;

const good: { readonly [M in MethodOf]: Record<string, unknown> } = {
  computer: {},
  listProjects: {},
  createProject: { name: 'a' },
  getProject: { projectId: 'p' },
  renameProject: { projectId: 'p', name: 'b' },
  removeProject: { projectId: 'p' },
  restoreProject: { projectId: 'p' },
  decide: {
    projectId: 'p',
    step: 'fit',
    task: 'chat',
    destination: 'here',
    model: 'm',
    method: 'lora',
    start: 'r',
    preset: 'quick',
    methodChanges: { r: 4 },
    trainingChanges: {},
  },
  addData: { projectId: 'p', train: ['/a.csv'] },
  setMapping: { projectId: 'p', columns: { text: ['a', 'b'], label: 'c' } },
  setSplit: { projectId: 'p', validation: 0.1, test: 0, seed: 1 },
  rows: { projectId: 'p', offset: 0, limit: 50 },
  listModels: { task: 'chat' },
  addModel: { path: '/m' },
  download: { model: 'm' },
  pauseDownload: { model: 'm' },
  cancelDownload: { model: 'm' },
  listMethods: { projectId: 'p' },
  settingsForm: { projectId: 'p' },
  estimate: { projectId: 'p' },
  measure: { projectId: 'p' },
  cancelMeasure: { projectId: 'p' },
  startRun: { projectId: 'p' },
  pauseRun: { runId: 'r' },
  continueRun: { runId: 'r' },
  stopRun: { runId: 'r' },
  cancelRun: { runId: 'r' },
  getRun: { runId: 'r' },
  listRuns: {},
  runSeries: { runId: 'r' },
  runResult: { runId: 'r' },
  evaluateRun: { runId: 'r', data: '/rows.csv' },
  cancelEvaluation: { runId: 'r' },
  importRun: { folder: '/r' },
  importAdapter: { folder: '/a', model: 'm', task: 'chat', labels: ['a'] },
  ask: { runId: 'r', prompt: 'hello' },
  stopAnswer: { id: 'a' },
  listExports: { runId: 'r' },
  exportRun: { runId: 'r', destination: 'peft' },
  getSettings: {},
  setSettings: { theme: 'dark', threads: 0 },
  connections: {},
};

test.each(methods)('%s: a good payload arrives as it was sent', async (method) => {
  expect(await dispatch(echo)(method, good[method])).toEqual({ ok: true, value: { method, payload: good[method] } });
});

test.each(methods)('%s: a field of no meaning, a list and a text are refused', async (method) => {
  const replies = await Promise.all(
    [{ ...good[method], stray: 1 }, [], 'text'].map((payload) => dispatch(echo)(method, payload)),
  );
  for (const reply of replies) expect(reply).toMatchObject({ ok: false, error: { code: 'request.invalid' } });
});

test.each([
  ['rows', { projectId: 'p', offset: -1, limit: 50 }, { path: 'offset', value: '-1', legal: 'number, at least 0' }],
  ['rows', { projectId: 'p', offset: 0, limit: 501 }, { path: 'limit', value: '501', legal: 'number, at most 500' }],
  ['setSettings', { theme: 'pink' }, { path: 'theme', value: '"pink"', legal: '"system", "light", "dark"' }],
  [
    'decide',
    { projectId: 'p', method: 'magic' },
    { path: 'method', value: '"magic"', legal: supportedMethods.map((name) => JSON.stringify(name)).join(', ') },
  ],
  ['getProject', {}, { path: 'projectId', value: 'nothing', legal: 'a value of type string' }],
  ['addData', { projectId: 'p', train: [] }, { path: 'train', value: '[]', legal: 'array, at least 1' }],
] as const)('%s says where and what is legal', (method, payload, data) => {
  expect(() => parsePayload(method, payload)).toThrow(
    expect.objectContaining({ code: 'request.invalid', data: { method, ...data } }),
  );
});

test.each(['nope', 'toString', '__proto__', 'constructor', 7, null, undefined])('%s is no method', async (method) => {
  expect(await dispatch(echo)(method, {})).toMatchObject({ ok: false, error: { code: 'request.invalid' } });
});

test.each([
  [new StudioError('port.in-use', { port: 1 }), { kind: 'expected', code: 'port.in-use', data: { port: 1 } }],
  [new CancelledError('no'), { kind: 'cancelled' }],
  [new TypeError('ours'), { kind: 'bug', message: 'ours' }],
])('%s crosses in its envelope', async (thrown, error) => {
  const failing: Services = { ...echo, computer: () => Promise.reject(thrown) };
  const reply: Envelope<unknown> = await dispatch(failing)('computer', {});
  expect(JSON.parse(JSON.stringify(reply))).toMatchObject({ ok: false, error });
});

test('a sender that is not ours is refused before its payload is looked at', async () => {
  const call = fromTrusted<string>((sender) => sender === 'window', dispatch(echo));
  expect([
    await call('window', 'getRun', { runId: 'r' }),
    await call('elsewhere', 'getRun', { runId: 'r' }),
  ]).toMatchObject([{ ok: true }, { ok: false, error: { code: 'request.refused', data: { reason: 'sender' } } }]);
});

/** Every kind of failure has its exit status, a last line for programs and a text for people. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { CancelledError, StudioError } from '../../../engine/spec/errors.ts';
import { reportFailure } from '../../../main/cli/failure.ts';
import { Output } from '../../../main/cli/output.ts';

async function reported(thrown: unknown) {
  const streams = [new PassThrough(), new PassThrough()] as const;
  const [stdout, stderr] = streams.map((stream) => Object.assign(stream, { isTTY: false, columns: 80 })) as unknown as [
    NodeJS.WriteStream,
    NodeJS.WriteStream,
  ];
  const status = reportFailure(thrown, new Output({ json: true, stdout, stderr }));
  for (const stream of streams) stream.end();
  const [line, told] = await Promise.all([text(streams[0]), text(streams[1])]);
  const { error } = JSON.parse(line) as {
    error: { code: string; data: unknown; title: string; cause: string; remedy: string };
  };
  return {
    status,
    code: error.code,
    told: [error.title, error.cause, error.remedy].every((part) => told.includes(part)),
  };
}

test.each([
  [new StudioError('file.missing', { path: 'rows.csv' }), { status: 2, code: 'file.missing', told: true }],
  [
    new StudioError('memory.exhausted', { neededBytes: 0, freeBytes: 1e9 }),
    { status: 2, code: 'memory.exhausted', told: true },
  ],
  [Object.assign(new Error('no space'), { code: 'ENOSPC', path: 'run' }), { status: 2, code: 'disk.full', told: true }],
  [
    new StudioError('engine.crashed', { signal: 'SIGSEGV', lastLine: '' }),
    { status: 1, code: 'engine.crashed', told: true },
  ],
  [new TypeError('x is not a function'), { status: 1, code: 'bug', told: true }],
  [new CancelledError('cancelled'), { status: 130, code: 'cancelled', told: true }],
  [new DOMException('aborted', 'AbortError'), { status: 130, code: 'cancelled', told: true }],
])('%s', async (thrown, expected) => {
  expect(await reported(thrown)).toMatchObject(expected);
});

test('the report of a bug names where it happened', async () => {
  const streams = [new PassThrough(), new PassThrough()] as const;
  const [stdout, stderr] = streams as unknown as [NodeJS.WriteStream, NodeJS.WriteStream];
  reportFailure(new TypeError('x is not a function'), new Output({ json: false, stdout, stderr }));
  for (const stream of streams) stream.end();
  expect(await Promise.all([text(streams[0]), text(streams[1])])).toEqual([
    '',
    expect.stringContaining('failure.test.ts'),
  ]);
});

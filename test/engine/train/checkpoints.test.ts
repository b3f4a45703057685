/** Checkpoints: whole or not there, the newest kept; a journal that forgets what came after the one gone on from. */
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../engine/spec/events.ts';
import { loadCheckpoint, saveCheckpoint, type Progress } from '../../../engine/train/checkpoints.ts';
import { openJournal, runFolder } from '../../../engine/train/run-folder.ts';
import { floats } from '../../../engine/train/state.ts';
import { useFolder } from '../../support/engine-fixtures.ts';
import { readLines } from '../../support/tiny-runs.ts';

const path = useFolder();

const progress = (step: number): Progress => ({
  step,
  seconds: 1.5,
  rows: 8 * step,
  tokens: 100,
  lastLoss: 0.1 + step,
  peakMemoryBytes: 1e8,
  best: { step, loss: 0.25 },
  checksWithoutGain: 1,
});
// Bits that a decimal form would lose.
const values = Float32Array.of(0.1, -0, 1e-42, 3.4e38, NaN);

test('what was saved comes back to the bit; older checkpoints and torn ones go', async () => {
  const folder = path('run');
  const tensors = new Map([
    ['w', floats([5], values)],
    ['w/first', floats([1, 2], Float32Array.of(1, 2))],
  ]);
  await saveCheckpoint(folder, progress(9), tensors);
  await mkdir(path('run', '.step-00000010.part'));
  await saveCheckpoint(folder, progress(12), tensors);
  const found = await loadCheckpoint(folder);
  expect({ names: await readdir(folder), progress: found?.progress, tensors: [...(found?.tensors ?? [])] }).toEqual({
    names: ['step-00000012'],
    progress: progress(12),
    tensors: [
      ['w', values],
      ['w/first', Float32Array.of(1, 2)],
    ],
  });
  const bits = found?.tensors.get('w') ?? new Float32Array();
  expect(Buffer.from(bits.buffer, bits.byteOffset, 20).equals(Buffer.from(values.buffer))).toBe(true);
});

test('a checkpoint that a crash tore is not gone on from', async () => {
  const folder = path('torn');
  await saveCheckpoint(folder, progress(3), new Map([['w', floats([5], values)]]));
  await mkdir(path('torn', '.step-00000004.part'));
  await writeFile(path('torn', '.step-00000004.part', 'progress.json'), '{"step":4}');
  expect((await loadCheckpoint(folder))?.progress.step).toBe(3);
});

test('where there is none, none is found', async () => {
  expect(await loadCheckpoint(path('nowhere'))).toBeNull();
});

test('a journal goes on behind the step it is resumed at; a torn last line is forgotten', async () => {
  const folder = runFolder(path('journal'));
  const first = await openJournal(folder, () => undefined, null);
  first.say({ type: 'phase', phase: 'loading', done: 1, total: 1 });
  for (const step of [1, 2, 3]) first.say({ type: 'checkpoint', step });
  await first.flush();
  await appendFile(folder.events, '{"type":"checkpo');
  const told: RunEvent[] = [];
  const second = await openJournal(folder, (event) => told.push(event), 2);
  second.say({ type: 'resumed', step: 2 });
  second.say({ type: 'checkpoint', step: 3 });
  await second.flush();
  const events = await readLines<RunEvent>(folder.events);
  expect(events.slice(-2)).toEqual(told);
  expect(events.map((event) => ('step' in event ? [event.type, event.step] : [event.type]))).toEqual([
    ['phase'],
    ['checkpoint', 1],
    ['checkpoint', 2],
    ['resumed', 2],
    ['checkpoint', 3],
  ]);
});

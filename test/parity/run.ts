/** `npm run parity`: every golden and golden-extra case against its reference; tables of worst deviations and one closing line. */
import { resolve } from 'node:path';
import { chooseDevice } from '../../engine/runtime/device.ts';
import { Runtime } from '../../engine/runtime/session.ts';
import { classify, listCases } from './cases.ts';
import { runExtra, type Tally } from './extra/run.ts';
import { runCase } from './run-case.ts';

const folder = resolve(process.env['ATELIER_GOLDEN'] ?? '../shared/golden');
const extraFolder = resolve(process.env['ATELIER_GOLDEN_EXTRA'] ?? '../shared/golden-extra');
const device = chooseDevice((process.env['ATELIER_DEVICE'] ?? 'cpu') as 'cpu');
const only = process.argv[2] === undefined ? null : new RegExp(process.argv[2]);
const families = [
  'logits0',
  'loss0',
  'grad',
  'losses',
  'grad_norms',
  'final',
  'logits_final',
  'merged',
  'saved',
  'generation',
] as const;

const runtime = await Runtime.open();
/** Note → cases it is about. */
const notes = new Map<string, number>();
const tally: Tally = { passed: 0, failed: 0, skipped: new Map() };

console.log(`${'case'.padEnd(44)} ${families.map((family) => family.padStart(12)).join(' ')}`);
for (const entry of listCases(folder)) {
  if (only && !only.test(entry.file.name)) continue;
  const supported = classify(entry.file);
  if (supported.kind === 'skipped') {
    tally.skipped.set(supported.reason, (tally.skipped.get(supported.reason) ?? 0) + 1);
    continue;
  }
  try {
    const deviations = await runCase(runtime, { ...entry, supported }, device);
    const bad = deviations.filter(({ ratio }) => ratio > 1);
    for (const { note } of deviations) if (note !== undefined) notes.set(note, (notes.get(note) ?? 0) + 1);
    const cells = families.map(
      (family) => deviations.find((deviation) => deviation.family === family)?.worst.toExponential(1) ?? '–',
    );
    console.log(
      `${entry.file.name.padEnd(44)} ${cells.map((cell) => cell.padStart(12)).join(' ')}${bad.length > 0 ? '  FAILED' : ''}`,
    );
    for (const { family, worst, where } of bad)
      console.log(`    ${family} is off by ${worst.toExponential(2)} at ${where}`);
    if (bad.length > 0) tally.failed += 1;
    else tally.passed += 1;
  } catch (error) {
    tally.failed += 1;
    console.log(`${entry.file.name.padEnd(44)} FAILED: ${error instanceof Error ? error.message : String(error)}`);
  }
}
for (const [note, count] of notes) console.log(`\n${note} (${String(count)} cases)`);
await runExtra(extraFolder, { runtime, device }, { only, tally });
const left = [...tally.skipped].toSorted((a, b) => b[1] - a[1]);
if (left.length > 0)
  console.log(`\nNot supported yet: ${left.map(([reason, count]) => `${reason} (${String(count)})`).join('; ')}`);
const skippedCount = left.reduce((total, [, count]) => total + count, 0);
console.log(`parity: ${String(tally.passed)} passed, ${String(tally.failed)} failed, ${String(skippedCount)} skipped`);
process.exitCode = tally.failed > 0 ? 1 : 0;

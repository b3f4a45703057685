/** Every setting of an answer has a flag that arrives under the setting's own name. */
import { expect, test } from 'vitest';
import { generationSchema, settingNames } from '../../../engine/spec/generation.ts';
import { generateCommand } from '../../../main/cli/generate.ts';

/** A value that each setting takes. */
function valueOf(name: (typeof settingNames)[number]): string {
  const initial = generationSchema.shape[name].parse(undefined);
  if (Array.isArray(initial)) return 'END';
  return typeof initial === 'number' ? (generationSchema.shape[name].safeParse(3).success ? '3' : '0.5') : initial;
}

test.each(settingNames)('%s', (name) => {
  const command = generateCommand();
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const value = valueOf(name);
  const { unknown } = command.parseOptions([flag, value]);
  const kept = command.opts()[name] as unknown;
  const expected = value === 'END' ? ['END'] : Number.isNaN(Number(value)) ? value : Number(value);
  expect([unknown, kept]).toEqual([[], expected]);
});

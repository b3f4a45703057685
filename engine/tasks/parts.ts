/** The three parts of a data set, treated alike. */
import type { Part } from './task.ts';

const parts = ['train', 'validation', 'test'] as const satisfies readonly Part[];

export async function eachPart<T>(make: (part: Part) => Promise<T>): Promise<{ readonly [P in Part]: T }> {
  const [train, validation, test] = [await make(parts[0]), await make(parts[1]), await make(parts[2])];
  return { train, validation, test };
}

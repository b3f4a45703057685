/** Golden-extra's quantised bases, each left out by name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtraCase, ExtraFamily } from './registry.ts';

const later = 'a later issue: quantised bases';

export const quant: ExtraFamily = {
  name: 'quant',
  cases: (root) => {
    const index = JSON.parse(readFileSync(join(root, 'quant/index.json'), 'utf8')) as {
      cases: readonly { id: string }[];
      integer: { cases: readonly { id: string }[] };
    };
    return [...index.cases, ...index.integer.cases, { id: 'qlora-llama' }].map(({ id }): ExtraCase => ({
      name: id,
      skipped: later,
    }));
  },
};

/** Decimal numbers of a config.json stay decimal through reading and writing. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decimalFields, stringifyExactly } from '../../../engine/checkpoint/exact-json.ts';
import { shared } from '../../support/engine-fixtures.ts';

test('whole numbers that were written with a point keep it, alone and in lists', () => {
  const text = '{"a": 1.0, "b": 1, "c": [1.0, 2.5], "d": [1, 2], "e": {"f": 1e6, "g": 3}, "h": "1.0", "i": 0.5}';
  const written = stringifyExactly(JSON.parse(text), decimalFields(text));
  expect(written.replaceAll(/\s+/g, '')).toBe(
    '{"a":1.0,"b":1,"c":[1.0,2.5],"d":[1,2],"e":{"f":1000000.0,"g":3},"h":"1.0","i":0.5}',
  );
});

const models = readdirSync(join(shared, 'golden/models'));
test.each(models)('%s: every literal of its config comes back of the same kind', (model) => {
  const text = readFileSync(join(shared, 'golden/models', model, 'config.json'), 'utf8');
  const literals = (source: string): string[] =>
    [...source.matchAll(/"(\w+)"\s*:\s*(-?\d[\d.eE+-]*)/g)].map(
      ([, name = '', value = '']) => `${name} ${String(Number(value))} ${String(/[.eE]/.test(value))}`,
    );
  expect(literals(stringifyExactly(JSON.parse(text), decimalFields(text)))).toEqual(literals(text));
});

/** Promises: BLEU, chrF and TER are sacrebleu 2.6's, down to the signature that says how they were computed. */
import { describe, expect, it } from 'vitest';
import { bleu } from '../../../engine/metrics/bleu.ts';
import { chrf } from '../../../engine/metrics/chrf.ts';
import { tokenizers } from '../../../engine/metrics/sacrebleu.ts';
import { ter } from '../../../engine/metrics/ter.ts';

const hypotheses = ['the cat sat on the mat and looked at the dog', 'a b c'];
const references = [['and looked at the dog the cat sat on the mat'], ['a b c d']];

describe('a phrase that moved and a word that is missing', () => {
  it('BLEU without smoothing', () => {
    const { score, signature } = bleu(hypotheses, references, { smooth: 'none' });
    expect(score).toBeCloseTo(76.60803564085516, 10);
    expect(signature).toBe('nrefs:1|case:mixed|eff:no|tok:13a|smooth:none|version:2.6.0');
  });
  it('chrF', () => {
    expect(chrf(hypotheses, references).score).toBeCloseTo(90.34382930748049, 10);
  });
  it('TER counts the move once', () => {
    expect(ter(hypotheses, references).score).toBeCloseTo((100 * 2) / 15, 10);
  });
});

it('references may differ in number', () => {
  const { score, signature } = bleu(['a b c d', 'e f g h'], [['a b c d', 'a b'], ['e f g h']]);
  expect([score.toFixed(9), signature]).toEqual([
    '100.000000000',
    'nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0',
  ]);
});

it('nothing said, nothing asked, and nothing in common', () => {
  expect(bleu([''], [['a b']]).score).toBe(0);
  expect([ter([''], [['']]).score, ter(['a'], [['']]).score, ter([''], [['a b']]).score]).toEqual([0, 100, 100]);
  expect(chrf(['x'], [['y']]).score).toBe(0);
});

it('the beam follows lengths that differ fifty times; what lies outside is replaced, as sacrebleu does', () => {
  const long = Array.from({ length: 200 }, (_, index) => `w${index}`).join(' ');
  expect(ter([long], [['w0 w1 w2 w199']]).score).toBe(4900);
  expect(ter(['w0 w1 w2 w199'], [[long]]).score).toBe(100);
});

it.each([
  ['13a', 'It cost 1,234.5, "more" &lt;x&gt;—3-4!', 'It cost 1,234.5 , " more " < x > —3 - 4 !'],
  ['intl', '“Hi”—x €5 1,5', '“ Hi ” — x € 5 1,5'],
  ['char', 'né😀 x', 'n é 😀 x'],
  ['none', ' a  b. ', 'a b.'],
] as const)('%s cuts %j', (name, line, cut) => {
  expect(tokenizers[name](line).join(' ')).toBe(cut);
});

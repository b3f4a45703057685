/** The older quantisations of llama.cpp: 32 values a block, one scale and, for some, one minimum. */
import { half, type DecodeBlock, type Place } from './block.ts';

export const plainQuants: ReadonlyMap<string, DecodeBlock> = new Map([
  ['Q4_0', decodeQ4With(2, (d) => (q) => d * (q - 8))],
  ['Q4_1', decodeQ4With(4, (d, m) => (q) => d * q + m)],
  ['Q5_0', decodeQ5With(2, (d) => (q) => d * (q - 16))],
  ['Q5_1', decodeQ5With(4, (d, m) => (q) => d * q + m)],
  ['Q8_0', decodeQ8],
]);

type Formula = (scale: number, minimum: number) => (q: number) => number;

/** 16 bytes hold 32 values: low nibbles first, then high ones. Scale first, then the minimum where there is one. */
function decodeQ4With(start: number, formula: Formula): (place: Place) => void {
  return ({ view, at, out, to }) => {
    const value = formula(half(view, at), start === 4 ? half(view, at + 2) : 0);
    for (let j = 0; j < 16; j += 1) {
      const byte = view.getUint8(at + start + j);
      out[to + j] = value(byte & 15);
      out[to + 16 + j] = value(byte >> 4);
    }
  };
}

/** As above, with the fifth bits of all 32 values in one word before the nibbles. */
function decodeQ5With(start: number, formula: Formula): (place: Place) => void {
  return ({ view, at, out, to }) => {
    const value = formula(half(view, at), start === 4 ? half(view, at + 2) : 0);
    const high = view.getUint32(at + start, true);
    for (let j = 0; j < 16; j += 1) {
      const byte = view.getUint8(at + start + 4 + j);
      out[to + j] = value((byte & 15) | (((high >>> j) & 1) << 4));
      out[to + 16 + j] = value((byte >> 4) | (((high >>> (j + 16)) & 1) << 4));
    }
  };
}

function decodeQ8({ view, at, out, to }: Place): void {
  const scale = half(view, at);
  for (let j = 0; j < 32; j += 1) out[to + j] = scale * view.getInt8(at + 2 + j);
}

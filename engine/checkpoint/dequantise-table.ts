/** Quantisations whose codes stand for the entries of a table (IQ4_NL, IQ4_XS, MXFP4) or for −1, 0 and 1 (TQ1_0, TQ2_0). */
import { half, type DecodeBlock, type Place } from './block.ts';

export const tableQuants: ReadonlyMap<string, DecodeBlock> = new Map([
  ['IQ4_NL', decodeIq4Nl],
  ['IQ4_XS', decodeIq4Xs],
  ['MXFP4', decodeMxfp4],
  ['TQ1_0', decodeTq1],
  ['TQ2_0', decodeTq2],
]);

const curvePoints = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

function curve(q: number): number {
  return curvePoints[q] as number;
}

/** 16 bytes hold 32 codes: low nibbles first, then high ones. */
function decodeIq4Nl({ view, at, out, to }: Place): void {
  const d = half(view, at);
  for (let j = 0; j < 16; j += 1) {
    const byte = view.getUint8(at + 2 + j);
    out[to + j] = d * curve(byte & 15);
    out[to + 16 + j] = d * curve(byte >> 4);
  }
}

function decodeIq4Xs({ view, at, out, to }: Place): void {
  const d = half(view, at);
  const upper = view.getUint16(at + 2, true);
  for (let j = 0; j < 8; j += 1) {
    const low = (view.getUint8(at + 4 + (j >> 1)) >> ((j & 1) * 4)) & 15;
    const scale = d * ((low | (((upper >> (j * 2)) & 3) << 4)) - 32);
    for (let l = 0; l < 16; l += 1) {
      const byte = view.getUint8(at + 8 + j * 16 + l);
      out[to + j * 32 + l] = scale * curve(byte & 15);
      out[to + j * 32 + 16 + l] = scale * curve(byte >> 4);
    }
  }
}

/** Doubled values of four bits: sign, two of exponent, one of fraction (OCP Microscaling Formats 1.0). */
const e2m1Points = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** A power of two for the block, halved since the points are doubled; then 16 bytes as in IQ4_NL. */
function decodeMxfp4({ view, at, out, to }: Place): void {
  const d = 2 ** (view.getUint8(at) - 128);
  for (let j = 0; j < 16; j += 1) {
    const byte = view.getUint8(at + 1 + j);
    out[to + j] = d * (e2m1Points[byte & 15] as number);
    out[to + 16 + j] = d * (e2m1Points[byte >> 4] as number);
  }
}

/** Groups of TQ1_0: a byte holds as many digits to the base 3 as the group has rounds, the first the most significant. */
const tq1Groups = [
  { start: 0, bytes: 32, digits: 5 },
  { start: 32, bytes: 16, digits: 5 },
  { start: 48, bytes: 4, digits: 4 },
] as const;

/** A byte is its digits as a fraction of 256: times 3ⁿ, what overflows is gone, and the next digit is on top. */
function decodeTq1({ view, at, out, to }: Place): void {
  const d = half(view, at + 52);
  let next = to;
  for (const { start, bytes, digits } of tq1Groups) {
    for (let digit = 0, power = 1; digit < digits; digit += 1, power *= 3) {
      for (let j = 0; j < bytes; j += 1, next += 1) {
        const fraction = (view.getUint8(at + start + j) * power) & 255;
        out[next] = d * (((fraction * 3) >> 8) - 1);
      }
    }
  }
}

/** 64 bytes of four 2-bit digits, then the scale. */
function decodeTq2({ view, at, out, to }: Place): void {
  const d = half(view, at + 64);
  for (let i = 0; i < 256; i += 1) {
    const digit = (view.getUint8(at + (i >> 7) * 32 + (i & 31)) >> (((i >> 5) & 3) * 2)) & 3;
    out[to + i] = d * (digit - 1);
  }
}

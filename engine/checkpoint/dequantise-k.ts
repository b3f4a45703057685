/** The K-quants of llama.cpp: 256 values a block, with scales and minima that are quantised themselves. */
import { half, type DecodeBlock, type Place } from './block.ts';

export const kQuants: ReadonlyMap<string, DecodeBlock> = new Map([
  ['Q2_K', decodeQ2K],
  ['Q3_K', decodeQ3K],
  ['Q4_K', decodeQ4K],
  ['Q5_K', decodeQ5K],
  ['Q6_K', decodeQ6K],
]);

/** 16 scales and minima (4 bits each), 64 bytes of 2-bit values, scale and minimum of the block. */
function decodeQ2K({ view, at, out, to }: Place): void {
  const d = half(view, at + 80);
  const m = half(view, at + 82);
  for (let i = 0; i < 256; i += 1) {
    const scale = view.getUint8(at + (i >> 4));
    const q = (view.getUint8(at + 16 + (i >> 7) * 32 + (i & 31)) >> (((i >> 5) & 3) * 2)) & 3;
    out[to + i] = d * (scale & 15) * q - m * (scale >> 4);
  }
}

/** 32 bytes of third bits, 64 of the lower two, 12 bytes of sixteen 6-bit scales, scale of the block. */
function decodeQ3K({ view, at, out, to }: Place): void {
  const d = half(view, at + 108);
  for (let i = 0; i < 256; i += 1) {
    const s = i >> 4;
    const low = (view.getUint8(at + 96 + (s & 7)) >> (s < 8 ? 0 : 4)) & 15;
    const high = (view.getUint8(at + 104 + (s & 3)) >> ((s >> 2) * 2)) & 3;
    const q = (view.getUint8(at + 32 + (i >> 7) * 32 + (i & 31)) >> (((i >> 5) & 3) * 2)) & 3;
    const third = (view.getUint8(at + (i & 31)) >> (i >> 5)) & 1;
    out[to + i] = d * ((low | (high << 4)) - 32) * (q - (third === 1 ? 0 : 4));
  }
}

/** The j-th of eight 6-bit scales and of eight 6-bit minima packed into 12 bytes. */
function scaleOf(view: DataView, at: number, j: number): number {
  if (j < 4) return view.getUint8(at + j) & 63;
  return (view.getUint8(at + j + 4) & 15) | ((view.getUint8(at + j - 4) >> 6) << 4);
}
function minimumOf(view: DataView, at: number, j: number): number {
  if (j < 4) return view.getUint8(at + j + 4) & 63;
  return (view.getUint8(at + j + 4) >> 4) | ((view.getUint8(at + j) >> 6) << 4);
}

function decodeQ4K({ view, at, out, to }: Place): void {
  const d = half(view, at);
  const m = half(view, at + 2);
  for (let j = 0; j < 8; j += 1) {
    const scale = d * scaleOf(view, at + 4, j);
    const minimum = m * minimumOf(view, at + 4, j);
    for (let l = 0; l < 32; l += 1) {
      const q = (view.getUint8(at + 16 + (j >> 1) * 32 + l) >> ((j & 1) * 4)) & 15;
      out[to + j * 32 + l] = scale * q - minimum;
    }
  }
}

function decodeQ5K({ view, at, out, to }: Place): void {
  const d = half(view, at);
  const m = half(view, at + 2);
  for (let j = 0; j < 8; j += 1) {
    const scale = d * scaleOf(view, at + 4, j);
    const minimum = m * minimumOf(view, at + 4, j);
    for (let l = 0; l < 32; l += 1) {
      const low = (view.getUint8(at + 48 + (j >> 1) * 32 + l) >> ((j & 1) * 4)) & 15;
      const fifth = (view.getUint8(at + 16 + l) >> j) & 1;
      out[to + j * 32 + l] = scale * (low | (fifth << 4)) - minimum;
    }
  }
}

/** 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed scales, scale of the block. */
function decodeQ6K({ view, at, out, to }: Place): void {
  const d = half(view, at + 208);
  for (let i = 0; i < 256; i += 1) {
    const part = i >> 7;
    const quarter = (i >> 5) & 3;
    const l = i & 31;
    const low = (view.getUint8(at + part * 64 + (quarter & 1) * 32 + l) >> (quarter >= 2 ? 4 : 0)) & 15;
    const high = (view.getUint8(at + 128 + part * 32 + l) >> (quarter * 2)) & 3;
    out[to + i] = d * view.getInt8(at + 192 + (i >> 4)) * ((low | (high << 4)) - 32);
  }
}

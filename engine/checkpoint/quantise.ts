/** Float32 to the element types that we write as GGUF, rounded as ggml's reference quantisers round (`quantize_row_*_ref`). */
import { narrowF16 } from './convert.ts';
import { blockType } from './ggml-types.ts';

type Quantise = (values: Float32Array) => Uint8Array;

const quantisers = {
  F32: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  F16: (values) => new Uint8Array(narrowF16(values).buffer),
  BF16: narrowBF16,
  Q8_0: quantiseQ8,
  Q4_0: quantiseQ4,
} satisfies Record<string, Quantise>;

export type WrittenType = keyof typeof quantisers;

/** Rows must fill whole blocks of the type. */
export function quantise(type: WrittenType, values: Float32Array): Uint8Array {
  return quantisers[type](values);
}

/** Whether rows of that many values fill whole blocks. */
export function fits(type: WrittenType, row: number): boolean {
  return row % (blockType(type)?.elements ?? 1) === 0;
}

/** Rounds to the nearest bfloat16, ties to even; what is no number stays none. */
function narrowBF16(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i += 1) {
    const single = bits[i] as number;
    const isNumber = (single & 0x7fffffff) <= 0x7f800000;
    out[i] = isNumber ? (single + 0x7fff + ((single >>> 16) & 1)) >>> 16 : (single >>> 16) | 64;
  }
  return new Uint8Array(out.buffer);
}

/** 32 values to a float16 scale and 32 bytes: the largest becomes ±127. */
function quantiseQ8(values: Float32Array): Uint8Array {
  const out = new Uint8Array((values.length / 32) * 34);
  const signed = new Int8Array(out.buffer);
  const scales = new Float32Array(values.length / 32);
  for (let block = 0; block < scales.length; block += 1) {
    const from = values.subarray(block * 32, block * 32 + 32);
    const scale = Math.fround(Math.abs(largest(from)) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[block] = scale;
    for (let i = 0; i < 32; i += 1) signed[block * 34 + 2 + i] = away(Math.fround((from[i] as number) * inverse));
  }
  return withScales(out, scales, 34);
}

/** 32 values to a float16 scale and 16 bytes of two codes: the value farthest from zero becomes code 0, which means −8. */
function quantiseQ4(values: Float32Array): Uint8Array {
  const out = new Uint8Array((values.length / 32) * 18);
  const scales = new Float32Array(values.length / 32);
  for (let block = 0; block < scales.length; block += 1) {
    const from = values.subarray(block * 32, block * 32 + 32);
    const scale = Math.fround(largest(from) / -8);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[block] = scale;
    const code = (i: number): number => {
      const shifted = Math.fround(Math.fround((from[i] as number) * inverse) + 8.5);
      return Math.min(15, Math.trunc(shifted));
    };
    for (let i = 0; i < 16; i += 1) out[block * 18 + 2 + i] = code(i) | (code(i + 16) << 4);
  }
  return withScales(out, scales, 18);
}

/** The first of the values farthest from zero. */
function largest(values: Float32Array): number {
  let found = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(found)) found = value;
  return found;
}

/** C's roundf: halves go away from zero. */
function away(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

/** Puts each block's scale as a float16 at the block's first two bytes. */
function withScales(out: Uint8Array, scales: Float32Array, stride: number): Uint8Array {
  const halves = narrowF16(scales);
  const view = new DataView(out.buffer);
  halves.forEach((half, block) => {
    view.setUint16(block * stride, half, true);
  });
  return out;
}

/** GGUF's element types: their block sizes, and float32 from those whose formulas are checked against ggml's. */
import { halfTable, widen } from './convert.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface BlockType {
  readonly name: string;
  /** Elements of a block. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

/** By ggml's type number. */
export const blockTypes: ReadonlyMap<number, BlockType> = new Map(
  (
    [
      [0, 'F32', 1, 4],
      [1, 'F16', 1, 2],
      [2, 'Q4_0', 32, 18],
      [3, 'Q4_1', 32, 20],
      [6, 'Q5_0', 32, 22],
      [7, 'Q5_1', 32, 24],
      [8, 'Q8_0', 32, 34],
      [9, 'Q8_1', 32, 36],
      [10, 'Q2_K', 256, 84],
      [11, 'Q3_K', 256, 110],
      [12, 'Q4_K', 256, 144],
      [13, 'Q5_K', 256, 176],
      [14, 'Q6_K', 256, 210],
      [15, 'Q8_K', 256, 292],
      [16, 'IQ2_XXS', 256, 66],
      [17, 'IQ2_XS', 256, 74],
      [18, 'IQ3_XXS', 256, 98],
      [19, 'IQ1_S', 256, 50],
      [20, 'IQ4_NL', 32, 18],
      [21, 'IQ3_S', 256, 110],
      [22, 'IQ2_S', 256, 82],
      [23, 'IQ4_XS', 256, 136],
      [24, 'I8', 1, 1],
      [25, 'I16', 1, 2],
      [26, 'I32', 1, 4],
      [27, 'I64', 1, 8],
      [28, 'F64', 1, 8],
      [29, 'IQ1_M', 256, 56],
      [30, 'BF16', 1, 2],
      [34, 'TQ1_0', 256, 54],
      [35, 'TQ2_0', 256, 66],
      [39, 'MXFP4', 32, 17],
    ] as const
  ).map(([type, name, elements, bytes]) => [type, { name, elements, bytes }]),
);

export function canDequantise(type: string): boolean {
  return widen.has(type) || decoders.has(type);
}

/** `count` values of a tensor of that type. Null for a type without a formula here. */
export function dequantise(type: string, bytes: Bytes, count: number): Float32Array | null {
  const toFloat = widen.get(type);
  if (toFloat !== undefined) return toFloat(bytes, count);
  const decode = decoders.get(type);
  if (decode === undefined) return null;
  const out = new Float32Array(count);
  decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), out);
  return out;
}

// Products of a float16 and small integers are exact in a double: each value is rounded once, as in ggml.
type Decode = (block: DataView, out: Float32Array) => void;

const decoders: ReadonlyMap<string, Decode> = new Map([
  [
    'Q4_0',
    blocks(
      32,
      18,
      decodeQ4With(2, (d) => (q) => d * (q - 8)),
    ),
  ],
  [
    'Q4_1',
    blocks(
      32,
      20,
      decodeQ4With(4, (d, m) => (q) => d * q + m),
    ),
  ],
  [
    'IQ4_NL',
    blocks(
      32,
      18,
      decodeQ4With(2, (d) => (q) => d * curve(q)),
    ),
  ],
  [
    'Q5_0',
    blocks(
      32,
      22,
      decodeQ5With(2, (d) => (q) => d * (q - 16)),
    ),
  ],
  [
    'Q5_1',
    blocks(
      32,
      24,
      decodeQ5With(4, (d, m) => (q) => d * q + m),
    ),
  ],
  ['Q8_0', blocks(32, 34, decodeQ8)],
  ['Q2_K', blocks(256, 84, decodeQ2K)],
  ['Q3_K', blocks(256, 110, decodeQ3K)],
  ['Q4_K', blocks(256, 144, decodeQ4K)],
  ['Q5_K', blocks(256, 176, decodeQ5K)],
  ['Q6_K', blocks(256, 210, decodeQ6K)],
  ['IQ4_XS', blocks(256, 136, decodeIq4Xs)],
]);

/** Where a block stands: byte `at` of `view`; its first value goes to `out[to]`. */
interface Place {
  readonly view: DataView;
  readonly at: number;
  readonly out: Float32Array;
  readonly to: number;
}

function blocks(elements: number, bytes: number, decode: (place: Place) => void): Decode {
  return (view, out) => {
    for (let at = 0, to = 0; to < out.length; at += bytes, to += elements) decode({ view, at, out, to });
  };
}

function half(view: DataView, at: number): number {
  return halfTable()[view.getUint16(at, true)] as number;
}

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

const curvePoints = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

function curve(q: number): number {
  return curvePoints[q] as number;
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

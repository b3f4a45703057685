/** Number formats of checkpoints: every element type to float32, and float32 to float16. */

type Bytes = Uint8Array<ArrayBuffer>;
type Widen = (bytes: Bytes, count: number) => Float32Array;

/** Bytes of an element in a safetensors file. */
export const elementBytes: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['F8_E8M0', 1],
  ['U16', 2],
  ['I16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['U32', 4],
  ['I32', 4],
  ['F32', 4],
  ['U64', 8],
  ['I64', 8],
  ['F64', 8],
  ['C64', 8],
]);

/** Element types that have a float32 value, and how to get it. Little-endian on every system we run on. */
export const widen: ReadonlyMap<string, Widen> = new Map<string, Widen>([
  ['F32', (bytes, count) => new Float32Array(bytes.buffer, bytes.byteOffset, count)],
  ['F16', (bytes, count) => widenF16(new Uint16Array(bytes.buffer, bytes.byteOffset, count))],
  ['BF16', (bytes, count) => widenBF16(new Uint16Array(bytes.buffer, bytes.byteOffset, count))],
  ['F64', (bytes, count) => new Float32Array(new Float64Array(bytes.buffer, bytes.byteOffset, count))],
  ['BOOL', (bytes) => new Float32Array(bytes)],
  ['U8', (bytes) => new Float32Array(bytes)],
  ['I8', (bytes, count) => new Float32Array(new Int8Array(bytes.buffer, bytes.byteOffset, count))],
  ['U16', (bytes, count) => new Float32Array(new Uint16Array(bytes.buffer, bytes.byteOffset, count))],
  ['I16', (bytes, count) => new Float32Array(new Int16Array(bytes.buffer, bytes.byteOffset, count))],
  ['U32', (bytes, count) => new Float32Array(new Uint32Array(bytes.buffer, bytes.byteOffset, count))],
  ['I32', (bytes, count) => new Float32Array(new Int32Array(bytes.buffer, bytes.byteOffset, count))],
  ['I64', (bytes, count) => Float32Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, count), Number)],
  ['U64', (bytes, count) => Float32Array.from(new BigUint64Array(bytes.buffer, bytes.byteOffset, count), Number)],
]);

let halves: Float32Array | undefined;

/** The float32 of each of the 65,536 float16 bit patterns; made at first use. */
export function halfTable(): Float32Array {
  if (halves !== undefined) return halves;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    const sign = bits & 0x8000 ? -1 : 1;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction === 0 ? sign * Infinity : NaN;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halves = table;
  return table;
}

function widenF16(source: Uint16Array): Float32Array {
  const table = halfTable();
  const out = new Float32Array(source.length);
  for (let i = 0; i < source.length; i += 1) out[i] = table[source[i] as number] as number;
  return out;
}

function widenBF16(source: Uint16Array): Float32Array {
  const out = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i += 1) out[i] = (source[i] as number) << 16;
  return new Float32Array(out.buffer);
}

/** Rounds to the nearest float16, ties to even; what is too large becomes infinity. */
export function narrowF16(source: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const out = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i += 1) out[i] = halfBits(bits[i] as number);
  return out;
}

function halfBits(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65,520 is halfway between the largest float16 and the next power of two.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // 2^-14 is the smallest normal float16; half of the smallest subnormal, 2^-25, rounds to zero.
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13);
  if (magnitude <= 0x33000000) return sign;
  const exponent = magnitude >>> 23;
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

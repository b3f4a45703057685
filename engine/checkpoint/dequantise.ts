/** Float32 from GGUF's element types, for those whose formulas are checked against ggml's. */
import { widen } from './convert.ts';
import type { DecodeBlock } from './block.ts';
import { kQuants } from './dequantise-k.ts';
import { plainQuants } from './dequantise-plain.ts';
import { tableQuants } from './dequantise-table.ts';
import { blockType } from './ggml-types.ts';

// Products of a float16 and small integers are exact in a double: each value is rounded once, as in ggml.
const decoders: ReadonlyMap<string, DecodeBlock> = new Map([...plainQuants, ...kQuants, ...tableQuants]);

export function canDequantise(type: string): boolean {
  return widen.has(type) || decoders.has(type);
}

/** `count` values of a tensor of that type. Null for a type without a formula here. */
export function dequantise(type: string, bytes: Uint8Array<ArrayBuffer>, count: number): Float32Array | null {
  const toFloat = widen.get(type);
  if (toFloat !== undefined) return toFloat(bytes, count);
  const decode = decoders.get(type);
  const block = blockType(type);
  if (decode === undefined || block === undefined) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count);
  for (let at = 0, to = 0; to < count; at += block.bytes, to += block.elements) decode({ view, at, out, to });
  return out;
}

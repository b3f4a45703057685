/** A block of quantised values: where it stands, and the float16 scales in it. */
import { halfTable } from './convert.ts';

/** Where a block stands: byte `at` of `view`; its first value goes to `out[to]`. */
export interface Place {
  readonly view: DataView;
  readonly at: number;
  readonly out: Float32Array;
  readonly to: number;
}

/** Reads one block. */
export type DecodeBlock = (place: Place) => void;

export function half(view: DataView, at: number): number {
  return halfTable()[view.getUint16(at, true)] as number;
}

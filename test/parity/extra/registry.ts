/** The families of golden-extra that parity runs, in the order of their table. */
import type { Device } from '../../../engine/runtime/device.ts';
import type { Runtime } from '../../../engine/runtime/session.ts';
import { adapters } from './adapters.ts';
import { generation } from './generation.ts';
import { gguf } from './gguf.ts';
import { icl } from './icl.ts';
import { metrics } from './metrics.ts';
import { optimizers } from './optimizers.ts';
import { quant } from './quant.ts';

/** What a case runs on. */
export interface Machine {
  readonly runtime: Runtime;
  readonly device: Device;
}

export interface ExtraResult {
  /** Largest absolute deviation from the reference; 0 where only identity is asked. */
  readonly worst: number;
  /** What lies beyond the tolerance and where; null if nothing does. */
  readonly failure: string | null;
}

/** One entry of a golden-extra index: run, or left out with the reason a reader is told. */
export type ExtraCase =
  | { readonly name: string; run(machine: Machine): Promise<ExtraResult> }
  | { readonly name: string; readonly skipped: string };

export interface ExtraFamily {
  /** The folder of golden-extra that it reads, and the front of its cases' names. */
  readonly name: string;
  /** @param folder golden-extra itself: some families read a sibling, as `base/` */
  cases(folder: string): readonly ExtraCase[];
}

export const extraFamilies: readonly ExtraFamily[] = [metrics, adapters, gguf, generation, icl, optimizers, quant];

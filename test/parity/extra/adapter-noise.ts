/** How near to AdapterHub's float32 another float32 can come. */
import type { AdapterCase } from './adapters.ts';

/**
 * What a group may be off by. Where a model is so steep that AdapterHub's own float32 loses a good part of that, ours loses as
 * much on another path, and some more: both are only as near to the truth as float32 comes.
 */
export function allowed(file: AdapterCase, group: string, stated: number): number {
  const noise = file.f32_minus_f64_max[group] ?? 0;
  // The README states none for norms.
  const from = group === 'grad_norms' ? 8 : 4;
  return noise > stated / from ? Math.max(stated, 8 * noise) : stated;
}

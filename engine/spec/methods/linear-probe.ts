/** Transfer learning of the last layer: a linear probe (Alain & Bengio, 2016, arXiv 1610.01644). It has no settings of its own. */
import { z } from 'zod';

export const linearProbeSchema = z.strictObject({ name: z.literal('linear-probe') });
export type LinearProbeConfig = z.infer<typeof linearProbeSchema>;

export function linearProbePreset(): LinearProbeConfig {
  return { name: 'linear-probe' };
}

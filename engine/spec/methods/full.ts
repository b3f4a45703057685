/** Full fine-tuning: every weight learns (Devlin et al., 2019, arXiv 1810.04805, section 3.2). It has no settings of its own. */
import { z } from 'zod';

export const fullSchema = z.strictObject({ name: z.literal('full') });
export type FullConfig = z.infer<typeof fullSchema>;

export function fullPreset(): FullConfig {
  return { name: 'full' };
}

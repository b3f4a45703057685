/** What is said of an adapter that is trained further: which one, and what of the wizard it settles. */
import type { ProjectDraft, RunView } from '../../../main/contract/views.ts';
import { counted } from '../lib/format.ts';
import { methodLabels, taskLabels } from './words.ts';

/** Labels that are named one by one, at most. */
const named = 8;

export interface StartWords {
  readonly title: string;
  readonly about: string;
}

/** Null where the project starts anew. */
export function startWords({ start, method, task, model }: ProjectDraft, modelName: string): StartWords | null {
  if (start === null || method === null || task === null || model === null) return null;
  const rest = start.labels.length - named;
  const labels = [...start.labels.slice(0, named), ...(rest > 0 ? [counted(rest, 'more', 'more')] : [])].join(', ');
  const answers =
    start.labels.length === 0 ? '' : ` It knows these labels: ${labels}. Rows with other labels teach new ones.`;
  return {
    title: `It goes on from “${start.name}”.`,
    about: `${methodLabels[method]} on ${modelName}, to ${taskLabels[task].toLowerCase()}: goal, model, method and the adapter’s own size stay as they are.${answers}`,
  };
}

/** Something was learned, so that there is something to go on from. */
export function canTrainFurther({ state, metrics }: RunView): boolean {
  return metrics === null ? state === 'finished' : metrics.train.steps > 0;
}

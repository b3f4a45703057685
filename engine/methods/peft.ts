/** What all of PEFT's formats share: which modules its task classes save of themselves. */
import type { PeftContext, PeftTask } from './method.ts';

const heads: Readonly<Record<Exclude<PeftTask, null>, readonly string[] | null>> = {
  SEQ_CLS: ['classifier', 'score'],
  TOKEN_CLS: ['classifier', 'score'],
  QUESTION_ANS: ['qa_outputs'],
  CAUSAL_LM: null,
  SEQ_2_SEQ_LM: null,
};

/** Modules that PEFT's task class saves without being told. */
export function automaticHeads(taskType: PeftTask): readonly string[] {
  return (taskType === null ? null : heads[taskType]) ?? [];
}

/**
 * `modules_to_save`: those that PEFT's task class would add (peft/peft_model.py), and heads of other names, which it
 * would leave out and load anew.
 */
export function savedHeads(
  { taskType, target }: PeftContext,
  modulesToSave: readonly string[] | null,
): readonly string[] | null {
  if (modulesToSave !== null) return modulesToSave;
  const known = taskType === null ? null : heads[taskType];
  if (!target.headIsNew) return known;
  const own = [...target.modules.values()].filter(({ part }) => part === 'head').map(({ name }) => name.split('.')[0]);
  const missing = own.filter((name): name is string => name !== undefined && !(known ?? []).includes(name));
  return [...new Set([...(known ?? []), ...missing])];
}

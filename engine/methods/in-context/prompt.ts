/** Prompts of examples (Brown et al., 2020, arXiv 2005.14165, section 2): a template filled for each demonstration, then for the row that is asked. */

/** Texts of a row by the name they have in the template. */
export type Fields = Readonly<Record<string, string>>;

export interface PromptFormat {
  /** Text with `{name}` in it, up to where the answer begins. */
  readonly input: string;
  /** Between input and answer: the harness's `target_delimiter`. */
  readonly beforeAnswer: string;
  /** Between two examples: the harness's `fewshot_delimiter`. */
  readonly delimiter: string;
}

export interface Demonstration {
  readonly fields: Fields;
  readonly answer: string;
}

/** What a field holds is never read as a template. */
export function fillTemplate(template: string, fields: Fields): string {
  return template.replaceAll(/\{(\w+)\}/g, (slot, name: string) => fields[name] ?? slot);
}

/** One example as it stands in the prompt. */
export function showDemonstration({ input, beforeAnswer }: PromptFormat, { fields, answer }: Demonstration): string {
  return `${fillTemplate(input, fields)}${beforeAnswer}${answer}`;
}

/** The demonstrations in their order, then the row whose answer is asked for. */
export function showPrompt(format: PromptFormat, demonstrations: readonly Demonstration[], fields: Fields): string {
  const shown = demonstrations.map((demonstration) => showDemonstration(format, demonstration));
  return [...shown, fillTemplate(format.input, fields)].join(format.delimiter);
}

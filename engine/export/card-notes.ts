/** What a model card must say of learned tokens, because PEFT does not do it by itself. */
import type { Setup } from '../train/setup.ts';

export function cardNotes(
  { method, methodConfig, head, virtualTokens }: Setup,
  labels: readonly string[],
): readonly string[] {
  const template = method && methodConfig ? method.template(methodConfig) : null;
  if (template) {
    const words = labels.map((label) => `${label}: “${template.labelWords[label] ?? label}”`).join(', ');
    return [
      `Rows are laid out as \`${template.text}\`, with the learned tokens, in their order, where \`virtual\` stands. PEFT puts all of them in front, so code that uses this folder lays rows out itself.`,
      ...(head.words ? [`A label answers by the first token of its word behind the row: ${words}.`] : []),
    ];
  }
  const answersEverywhere = head.name === 'token-classification' || head.name === 'question-answering';
  if (virtualTokens === 0 || !answersEverywhere) return [];
  return [
    `The first ${String(virtualTokens)} positions of the logits are those of the learned tokens: drop them. PEFT leaves them in, and its own loss does not count them.`,
  ];
}

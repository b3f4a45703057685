/** What a model card must say of learned tokens, because PEFT does not do it by itself. */
import type { Architecture, Head } from '../models/model.ts';
import type { Setup } from '../train/setup.ts';

export function cardNotes(
  { method, methodConfig, head, virtualTokens, architecture }: Setup,
  labels: readonly string[],
): readonly string[] {
  const template = method && methodConfig ? method.template(methodConfig) : null;
  if (template) {
    const words = labels.map((label) => `${label}: “${template.labelWords[label] ?? label}”`).join(', ');
    return [
      `Rows are laid out as \`${template.text}\`, with the learned tokens, in their order, where \`virtual\` stands. PEFT puts all of them in front, so code that uses this folder lays rows out itself.`,
      ...(head.words ? [`A label answers by the first token of its word ${placeOf(head)}: ${words}.`] : []),
      ...notesOf(head, architecture),
    ];
  }
  const answersEverywhere = head.name === 'token-classification' || head.name === 'question-answering';
  if (virtualTokens === 0 || !answersEverywhere) return [];
  return [
    `The first ${String(virtualTokens)} positions of the logits are those of the learned tokens: drop them. PEFT leaves them in, and its own loss does not count them.`,
  ];
}

function placeOf({ name }: Head): string {
  return name === 'masked-lm' ? 'where the mask stands' : 'behind the row';
}

/** PEFT's own loader knows no masked language models. */
function notesOf({ name }: Head, { taskClasses }: Architecture): readonly string[] {
  if (name !== 'masked-lm') return [];
  return [
    `The base model is Transformers' \`${taskClasses[name] ?? 'AutoModelForMaskedLM'}\`, with its own head: \`PeftModel.from_pretrained(AutoModelForMaskedLM.from_pretrained("the base model"), "this folder")\`. Learned tokens put in front move the mask along in its logits.`,
  ];
}

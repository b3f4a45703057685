/** What a model card must say, because PEFT does otherwise, or not by itself (spec/methods.md, sections 3.6 and 11). */
import { basename } from 'node:path';
import { methodOf } from '../methods/registry.ts';
import type { Architecture, Head, HeadName } from '../models/model.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import { wordFor } from '../spec/methods/template.ts';
import type { Setup } from '../train/setup.ts';

interface Trained {
  readonly labels: readonly string[];
  readonly method: MethodConfig;
}

export function cardNotes(setup: Setup, trained: Trained): readonly string[] {
  return [...tokenNotes(setup, trained), ...furtherNotes(setup)];
}

/** Data sets whose own answer layers are left behind. */
function furtherNotes({ method, methodConfig }: Setup): readonly string[] {
  const further = method && methodConfig ? method.furtherData(methodConfig) : [];
  if (further.length === 0) return [];
  const names = further.map(({ train }) => train.map((path) => basename(path)).join(' and ')).join(', ');
  return [
    `Further data sets taught it too, each with an answer layer of its own, which is not in this folder: ${names}.`,
  ];
}

function tokenNotes(
  { method, head, virtualTokens, architecture }: Setup,
  { labels, method: trained }: Trained,
): readonly string[] {
  const template = methodOf(trained).template(trained);
  if (template) {
    const words = labels.map((label) => `${label}: “${wordFor(label, template.labelWords)}”`).join(', ');
    return [
      template.virtualTokens > 0
        ? `Rows are laid out as \`${template.text}\`, with the learned tokens, in their order, where \`virtual\` stands. PEFT puts all of them in front, so code that uses this folder lays rows out itself.`
        : `Rows are laid out as \`${template.text}\`.`,
      ...(head.words ? [`A label answers by the first token of its word ${placeOf(head)}: ${words}.`] : []),
      ...(method?.savedAs === 'peft' ? loadingNotes(head, architecture) : []),
    ];
  }
  return [
    ...(virtualTokens > 0 ? promptNotes(head.name, architecture.kind, virtualTokens) : []),
    ...(head.name === 'question-answering' && architecture.tokenTypes && method?.savedAs === 'peft'
      ? [
          'It was trained with token types. PEFT’s question-answering wrapper drops `token_type_ids`, and then answers otherwise: merge it, or call its base model.',
        ]
      : []),
  ];
}

function placeOf({ name }: Head): string {
  return name === 'masked-lm' ? 'where the mask stands' : 'behind the row';
}

/** PEFT's own loader knows no masked language models. */
function loadingNotes({ name }: Head, { taskClasses }: Architecture): readonly string[] {
  if (name !== 'masked-lm') return [];
  return [
    `The base model is Transformers' \`${taskClasses[name] ?? 'AutoModelForMaskedLM'}\`, with its own head: \`PeftModel.from_pretrained(AutoModelForMaskedLM.from_pretrained("the base model"), "this folder")\`. Learned tokens put in front move the mask along in its logits.`,
  ];
}

function promptNotes(head: HeadName, kind: Architecture['kind'], tokens: number): readonly string[] {
  if (head === 'token-classification' || head === 'question-answering')
    return [
      `The first ${String(tokens)} positions of the logits are those of the learned tokens: drop them. PEFT leaves them in, and its own loss does not count them.`,
    ];
  if (head === 'sequence-classification' && kind === 'decoder')
    return [
      'A row is answered at its last token. PEFT takes the last position of the batch, padding or not: ask rows one at a time, or pad them on the left.',
    ];
  return [];
}

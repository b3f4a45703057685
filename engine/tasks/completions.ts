/** Prompts and what should follow them, as rows of a decoder or of an encoder–decoder. */
import type { TokenRow, TokenRows } from './rows.ts';
import type { TaskModel } from './task.ts';

export interface Completion {
  readonly prompt: string;
  readonly completion: string;
}

/**
 * A decoder reads the prompt and learns what follows it, its end included; without a prompt it learns the whole text. An
 * encoder–decoder reads the prompt and writes the rest. What is longer than the model's longest row loses its end.
 */
export async function encodeCompletions(examples: readonly Completion[], model: TaskModel): Promise<TokenRows> {
  const rows: TokenRow[] = [];
  let truncated = 0;
  for (const example of examples) {
    const { row, cut } = await (model.kind === 'encoder-decoder' ? answerRow : continuedRow)(example, model);
    rows.push(row);
    if (cut) truncated += 1;
  }
  return { rows, truncated };
}

/** Tokens of a prompt as the model continues or answers it; one that leaves no room loses its beginning. */
export async function encodeCompletionPrompt(
  prompt: string,
  model: TaskModel,
  room: number,
): Promise<readonly number[]> {
  const ids =
    model.kind === 'encoder-decoder' ? (await model.tokenizer.encode(prompt)).ids : await opening(prompt, model);
  return ids.slice(Math.max(0, ids.length - room));
}

/** The prompt with the tokenizer's opening token, if it has one, and without a closing one. */
async function opening(prompt: string, { tokenizer, config }: TaskModel): Promise<readonly number[]> {
  const { ids } = await tokenizer.encode(prompt);
  const end = tokenizer.special.eos?.id;
  const kept = ids.length > 0 && ids.at(-1) === end ? ids.slice(0, -1) : ids;
  if (kept.length > 0) return kept;
  // A model must read something before it writes.
  return [tokenizer.special.bos?.id ?? end ?? config.padTokenId ?? 0];
}

async function continuedRow(
  { prompt, completion }: Completion,
  model: TaskModel,
): Promise<{ readonly row: TokenRow; readonly cut: boolean }> {
  const { tokenizer, maxLength } = model;
  const before = await opening(prompt, model);
  const end = tokenizer.special.eos?.id;
  const { ids: own } = await tokenizer.encode(completion, { addSpecialTokens: false });
  const said = [...own, ...(end === undefined ? [] : [end])];
  // Examples give way before the question and its answer do.
  const kept = model.prompt ? before.slice(Math.max(0, before.length + said.length - maxLength)) : before;
  const whole = [...kept, ...said];
  const ids = whole.slice(0, maxLength);
  const answers = ids.flatMap((label, at) => (at > 0 && at >= kept.length ? [{ position: at - 1, label }] : []));
  return { row: { ids, types: null, answers }, cut: before.length + said.length > maxLength };
}

async function answerRow(
  { prompt, completion }: Completion,
  { tokenizer, maxLength, config, prompt: around }: TaskModel,
): Promise<{ readonly row: TokenRow; readonly cut: boolean }> {
  const source = await tokenizer.encode(prompt, { maxLength, ...(around ? { truncationSide: 'left' } : {}) });
  const target = await tokenizer.encode(completion, { maxLength });
  const start = config.decoderStartTokenId ?? config.padTokenId ?? 0;
  const row = {
    ids: source.ids,
    types: null,
    decoder: [start, ...target.ids.slice(0, -1)],
    answers: target.ids.map((label, position) => ({ position, label })),
  };
  return { row, cut: source.overflow.length > 0 || target.overflow.length > 0 };
}

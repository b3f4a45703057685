/** A prompt and what may follow it as tokens, as lm-evaluation-harness cuts them. */
import type { Architecture, ModelConfig } from '../../models/model.ts';
import type { TokenRow } from '../../tasks/rows.ts';
import type { Encoded, Tokenizer } from '../../tokenizer/tokenizer.ts';

export interface Asked {
  readonly context: string;
  readonly continuation: string;
}

export interface AskedTokens {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

export interface Reader {
  readonly tokenizer: Tokenizer;
  readonly kind: Architecture['kind'];
  readonly config: Pick<ModelConfig, 'decoderStartTokenId' | 'padTokenId'>;
  /** The token that begins a text. */
  readonly beginning: number;
}

/**
 * Blanks at the end of a context belong to what follows it. A decoder reads both as one text, cut where the context alone
 * ends; beside an encoder each is a text of its own. A decoder that is given no context reads the token that begins texts.
 */
export async function encodeAsked(asked: readonly Asked[], reader: Reader): Promise<readonly AskedTokens[]> {
  const { tokenizer, kind } = reader;
  const moved = asked.map(({ context, continuation }) => {
    const kept = context.trimEnd();
    return { context: kept, continuation: `${context.slice(kept.length)}${continuation}` };
  });
  const contexts = await tokenizer.encodeBatch(moved.map(({ context }) => context));
  const apart = await tokenizer.encodeBatch(
    moved.map(({ continuation }) => continuation),
    { addSpecialTokens: false },
  );
  if (kind === 'encoder-decoder')
    return moved.map((_, index) => ({ context: contexts[index]?.ids ?? [], continuation: apart[index]?.ids ?? [] }));
  const wholes = await tokenizer.encodeBatch(moved.map(({ context, continuation }) => `${context}${continuation}`));
  return moved.map(({ context }, index) => {
    if (context === '') return { context: [reader.beginning], continuation: apart[index]?.ids ?? [] };
    const before = unended(contexts[index]);
    return { context: before, continuation: unended(wholes[index]).slice(before.length) };
  });
}

/** Without the token that ends a text. */
function unended(encoded: Encoded | undefined): readonly number[] {
  const { ids = [], specialTokensMask = [] } = encoded ?? {};
  return ids.slice(0, specialTokensMask.findLastIndex((special) => special === 0) + 1);
}

/**
 * The row that answers on each token of the continuation. A decoder never reads the last of them; what is longer than
 * `maxLength` loses its beginning.
 */
export function askedRow({ context, continuation }: AskedTokens, reader: Reader, maxLength: number): TokenRow {
  if (reader.kind === 'encoder-decoder') {
    const { decoderStartTokenId, padTokenId } = reader.config;
    const said = continuation.slice(0, maxLength);
    return {
      ids: context.slice(Math.max(0, context.length - maxLength)),
      types: null,
      decoder: [decoderStartTokenId ?? padTokenId ?? 0, ...said.slice(0, -1)],
      answers: said.map((label, position) => ({ position, label })),
    };
  }
  const read = [...context, ...continuation].slice(0, -1);
  const ids = read.slice(Math.max(0, read.length - maxLength));
  const first = ids.length - continuation.length;
  const answers = continuation.map((label, at) => ({ position: first + at, label }));
  return { ids, types: null, answers: answers.filter(({ position }) => position >= 0) };
}

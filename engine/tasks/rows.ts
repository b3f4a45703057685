/** A row as the model reads it. */

/**
 * Tokens of one text. A negative id −(p + 1) is virtual token p of a prompt method; rows without any get them put in
 * front.
 */
export interface Sequence {
  readonly ids: readonly number[];
  readonly types: readonly number[] | null;
  /** What the decoder of an encoder–decoder reads: the start token and the answer without its last. */
  readonly decoder?: readonly number[];
}

/** Tokens, and where an answer is asked for. */
export interface TokenRow extends Sequence {
  /**
   * Positions whose hidden state answers, and the class or token it should answer; in `decoder` where there is one,
   * else in `ids`. The objective says what else counts.
   */
  readonly answers: readonly { readonly position: number; readonly label: number }[];
  /** Regression: the value. Multi-label: 0 or 1 for each label. */
  readonly values?: readonly number[];
  /** Extractive question answering: positions of the answer's first and last token. */
  readonly span?: readonly [number, number];
  /** Multiple choice: every candidate, with one answer each; this row's own answer has the right one's index. */
  readonly choices?: readonly TokenRow[];
  /** Which data set's classes the labels are, of a head that several share; 0, the run's own, unless said otherwise. */
  readonly set?: number;
}

/** Rows of a file as tokens, and how many of them lost their end. */
export interface TokenRows {
  readonly rows: readonly TokenRow[];
  readonly truncated: number;
}

/** The row as a model without virtual tokens reads it; its answers stay at their words. */
export function withoutVirtualTokens(row: TokenRow): TokenRow {
  if (row.ids.every((id) => id >= 0)) return row;
  const words = (position: number): number => row.ids.slice(0, position + 1).filter((id) => id >= 0).length;
  const moved = row.decoder ? (position: number): number => position : (at: number) => Math.max(0, words(at) - 1);
  return {
    ...row,
    ids: row.ids.filter((id) => id >= 0),
    types: row.types && row.types.filter((_, at) => (row.ids[at] ?? 0) >= 0),
    answers: row.answers.map(({ position, label }) => ({ position: moved(position), label })),
  };
}

/** The row with `count` virtual tokens in front, unless it has its own; its answers move along by `shift`. */
export function withVirtualTokens(row: TokenRow, count: number, shift: number): TokenRow {
  if (count === 0 || row.ids.some((id) => id < 0)) return row;
  const front = Array.from({ length: count }, (_, index) => -index - 1);
  return {
    ...row,
    ids: [...front, ...row.ids],
    types: row.types && [...front.map(() => 0), ...row.types],
    answers: row.answers.map(({ position, label }) => ({ position: position + shift, label })),
    ...(row.span ? { span: [row.span[0] + shift, row.span[1] + shift] as const } : {}),
  };
}

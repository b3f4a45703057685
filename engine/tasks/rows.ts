/** A row as the model reads it. */

/** Tokens, and where an answer is asked for. */
export interface TokenRow {
  readonly ids: readonly number[];
  readonly types: readonly number[] | null;
  /** Positions in `ids` whose hidden state answers, and the class or token it should answer. */
  readonly answers: readonly { readonly position: number; readonly label: number }[];
}

/** Rows of a file as tokens, and how many of them lost their end. */
export interface TokenRows {
  readonly rows: readonly TokenRow[];
  readonly truncated: number;
}

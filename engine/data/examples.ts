/** Examples of each task: what the model reads, and what it should answer. */
import type { Message } from './conversations.ts';

export interface Example {
  /** Row in its file, counted from 1 without the header. */
  readonly row: number;
}

export interface TextExample extends Example {
  readonly text: string;
  /** The second text of a pair, where the columns name one. */
  readonly pair?: string;
}

export interface ClassificationExample extends TextExample {
  readonly label: string;
}

export interface MultiLabelExample extends TextExample {
  /** Each once, in the order of their code points; none is an answer too. */
  readonly labels: readonly string[];
}

export interface RegressionExample extends TextExample {
  readonly value: number;
}

/** Places count Unicode code points from 0, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

export interface Word {
  readonly text: string;
  /** Place in the example's text, in Unicode code points, the end exclusive. */
  readonly start: number;
  readonly end: number;
  /** In BIO (IOB2), or a tag that is no entity's: `NOUN`. */
  readonly tag: string;
}

export interface TokenExample extends Example {
  readonly text: string;
  /** In the order of the text; no span begins or ends within a word. */
  readonly words: readonly Word[];
  /** What the tags say; in the order of the text, without overlaps. */
  readonly spans: readonly Span[];
}

export interface QuestionExample extends Example {
  readonly question: string;
  readonly context: string;
  /** Each lies in the context at `start`, in Unicode code points; none: the context does not answer the question. */
  readonly answers: readonly { readonly text: string; readonly start: number }[];
}

export interface ChoiceExample extends Example {
  readonly question: string;
  /** What the question is about, where the columns name it. */
  readonly context?: string;
  readonly choices: readonly string[];
  /** Index of the right choice. */
  readonly answer: number;
}

export interface GenerationExample extends Example {
  /** Read and not learned; empty where the whole text is to be learned. */
  readonly prompt: string;
  readonly completion: string;
}

/** Of a translation or a summary. */
export interface PairExample extends Example {
  readonly source: string;
  readonly target: string;
}

export interface ChatExample extends Example {
  /** Ends with the assistant's turn. */
  readonly messages: readonly Message[];
}

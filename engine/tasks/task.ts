/** What a task is to the rest of the engine: rows → examples → tokens → head → measures → predictions. */
import type { Dataset } from '../data/dataset.ts';
import type { PeftTask } from '../methods/method.ts';
import type { Architecture, Head, ModelConfig } from '../models/model.ts';
import type { EvaluationSample } from '../spec/events.ts';
import type { AccuracyFigure, Figure, MetricName, Prediction } from '../spec/metrics.ts';
import type { TaskName } from '../spec/tasks.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { TokenRow, TokenRows } from './rows.ts';
import type { PromptContext, SolvedRow } from './prompted/context.ts';
import type { Layout } from './template.ts';

export type Part = 'train' | 'validation' | 'test';

/** A model that can be asked; all results stand in the order of the rows. */
export interface Answerer {
  /** Logits of each row's answers, [answers · labels]; of a multiple choice, one a candidate. */
  logits(rows: readonly TokenRow[], watch?: Watch): Promise<readonly Float32Array[]>;
  /** Losses of each row's items, in nats. */
  losses(rows: readonly TokenRow[], watch?: Watch): Promise<readonly Float32Array[]>;
  /** Mean of each row's last hidden states, [hidden]. */
  features(rows: readonly TokenRow[], watch?: Watch): Promise<readonly Float32Array[]>;
  /** Last hidden states at each row's answered positions, [answers · hidden]. */
  states(rows: readonly TokenRow[], watch?: Watch): Promise<readonly Float32Array[]>;
  /** Greedy continuations of prompts (answers to sources, of an encoder–decoder), without the token that ends them. */
  continue(
    prompts: readonly (readonly number[])[],
    limit: number,
    watch?: Watch,
  ): Promise<readonly (readonly number[])[]>;
}

/** Rows done so far, of all. Throws to cancel. */
export type Watch = (done: number, total: number) => void;

/** Everything a task needs of a model to make tokens. */
export interface TaskModel {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | null;
  readonly kind: Architecture['kind'];
  readonly config: ModelConfig;
  /** Longest row in tokens. */
  readonly maxLength: number;
  /** How the method lays rows out; null: as they are. */
  readonly layout: Layout | null;
  /** The prompt in which rows are asked; null: they are read as they are. */
  readonly prompt: PromptContext | null;
  /** The token that begins a text. */
  readonly beginning: number;
  /** Position whose hidden state answers for a whole row. */
  pooled(ids: readonly number[]): number;
  /** Named in errors. */
  readonly path: string;
}

export interface Measures {
  /** Mean over answers, in nats. */
  readonly loss: number;
  /** Named as in metrics.json. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly figure: Figure;
  readonly samples: readonly EvaluationSample[];
}

/** A task with a data set's rows as tokens. */
export interface PreparedTask {
  readonly head: Head;
  readonly metric: MetricName;
  readonly labels: readonly string[];
  readonly parts: { readonly [P in Part]: TokenRows };
  /** Measures an answerer on a part. */
  measure(answerer: Answerer, part: Part, watch?: Watch): Promise<Measures>;
  /** Measures, with one line for every row of the part, in file order; with `before`, also what the untrained model said. */
  predict(
    answerer: Answerer,
    part: Part,
    options: { readonly before: Untrained | null; readonly watch?: Watch },
  ): Promise<{ readonly figure: Figure; readonly lines: readonly Prediction[] }>;
  /** The untrained model on a part; null where it has no answer that would be a fair one. */
  untrained(answerer: Answerer, part: Part, watch?: Watch): Promise<Untrained | null>;
  /** Always the most frequent training label; null where a task has no such thing. */
  majority(part: Part): AccuracyFigure | null;
}

export interface Untrained {
  readonly figure: Figure;
  /** What it said, row after row; losses for language models. */
  readonly answers: readonly (string | number)[];
  /** How right each row was, where rows are scored. */
  readonly scores?: readonly number[];
  /** Where it judges by nearness to class centres: these, [labels][hidden], so that it can be asked again. */
  readonly centres?: readonly (readonly number[])[];
}

/** What decides a task's head. */
export interface HeadOutline {
  readonly labels: readonly string[];
  /** What a text is given: one of the labels, any number of them, or a number. */
  readonly labelling: 'one' | 'many' | 'number';
  /** Tokens that stand for the labels where a template asks for words. */
  readonly words?: readonly number[];
  /** A passage may hold no answer to its question. */
  readonly unanswerable: boolean;
  readonly architecture: Pick<Architecture, 'kind' | 'taskClasses'>;
  readonly config: ModelConfig;
}

export interface Task {
  readonly name: TaskName;
  /** Its rows can be laid out by a template; no unless said otherwise. */
  readonly takesTemplates?: boolean;
  /** Head that a model gets for this task; null where its family has none. */
  head(outline: HeadOutline): Head | null;
  /** The rows of a part with their answers, as a prompt shows them; null where a data set has no such answers. */
  readonly solved?: (dataset: Dataset, part: Part) => readonly SolvedRow[] | null;
  /** PEFT's task type of an adapter under this head. */
  peftType(head: Head): PeftTask;
  /** Tokens of one question to a model that writes its answer, at most `room` of them; null where a task's answer is not written. */
  readonly ask: ((model: TaskModel, text: string, room: number) => Promise<readonly number[]>) | null;
  /** Throws data errors that only the model can tell: no chat template, labels it does not know. */
  prepare(
    dataset: Dataset,
    model: TaskModel,
    answers: { readonly head: Head; readonly labels: readonly string[] },
  ): Promise<PreparedTask>;
}

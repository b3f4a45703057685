/** Options scored by a language model that is asked in a prompt, as lm-evaluation-harness asks it. */
import { askedRow, encodeAsked, type Asked, type Reader } from '../../methods/in-context/continuation.ts';
import { fillTemplate, showPrompt, type Demonstration, type Fields } from '../../methods/in-context/prompt.ts';
import { optionScores, sumOf, type OptionLikelihood } from '../../methods/in-context/scoring.ts';
import { normalised, ranked, similarities } from '../../methods/in-context/selection.ts';
import type { TokenRow, TokenRows } from '../rows.ts';
import type { Answerer, TaskModel, Watch } from '../task.ts';
import { answerWord, firstDemonstrations, formatOf, premiseOf, type PromptContext } from './context.ts';

export interface OptionQuestion {
  readonly fields: Fields;
  readonly options: readonly string[];
}

export interface PromptedModel extends TaskModel {
  readonly prompt: PromptContext;
}

/** Rows that answer with the right option, to be counted and measured. */
export async function rightRows(
  asked: readonly { readonly fields: Fields; readonly option: string }[],
  model: PromptedModel,
): Promise<TokenRows> {
  const { settings } = model.prompt;
  const format = formatOf(settings);
  const shown = firstDemonstrations(model.prompt);
  const reader = readerOf(model);
  const encoded = await encodeAsked(
    asked.map(({ fields, option }) => ({
      context: showPrompt(format, shown, fields),
      continuation: `${format.beforeAnswer}${answerWord(option, settings)}`,
    })),
    reader,
  );
  const isCut = ({ context, continuation }: (typeof encoded)[number]): boolean => {
    const read = reader.kind === 'encoder-decoder' ? context.length : context.length + continuation.length - 1;
    return read > model.maxLength;
  };
  return {
    rows: encoded.map((own) => askedRow(own, reader, model.maxLength)),
    truncated: encoded.filter(isCut).length,
  };
}

/** Scores of each question's options, in nats; the highest is the answer. */
export async function scoreOptions(
  questions: readonly OptionQuestion[],
  {
    model,
    answerer,
    watch,
  }: { readonly model: PromptedModel; readonly answerer: Answerer; readonly watch?: Watch | undefined },
): Promise<readonly (readonly number[])[]> {
  const { settings } = model.prompt;
  const { scoring } = settings;
  const format = formatOf(settings);
  const requests = new Requests();
  const demonstrations = await demonstrationsOf(questions, model, answerer);
  const premise = premiseOf(settings);
  const plans = questions.map(({ fields, options }, index) => {
    const shown = demonstrations[index] ?? [];
    const words = options.map((option) => answerWord(option, settings));
    const ask = (context: string): readonly number[] =>
      words.map((word) => requests.add({ context, continuation: `${format.beforeAnswer}${word}` }));
    const empty = (text: string): Fields => Object.fromEntries(Object.keys(fields).map((name) => [name, text]));
    return {
      words,
      own: ask(showPrompt(format, shown, fields)),
      premise: scoring === 'pmi' ? ask(premise) : [],
      unconditional: scoring === 'pmi-unconditional' ? ask('') : [],
      contentFree:
        scoring === 'calibrated' ? settings.contentFree.map((text) => ask(showPrompt(format, shown, empty(text)))) : [],
    };
  });
  const found = await requests.answered({ model, answerer, watch });
  const sums = (asked: readonly number[]): readonly number[] => asked.map((index) => sumOf(found[index] ?? []));
  return plans.map(({ words, own, ...others }) => {
    const likelihoods = words.map((option, at): OptionLikelihood => ({ option, tokens: found[own[at] ?? -1] ?? [] }));
    return optionScores(scoring, likelihoods, {
      premise: sums(others.premise),
      unconditional: sums(others.unconditional),
      contentFree: others.contentFree.map(sums),
    });
  });
}

/** Continuations to be asked, each once. */
class Requests {
  readonly #asked: Asked[] = [];
  readonly #places = new Map<string, number>();

  add(asked: Asked): number {
    const key = JSON.stringify([asked.context, asked.continuation]);
    const known = this.#places.get(key) ?? this.#asked.push(asked) - 1;
    this.#places.set(key, known);
    return known;
  }

  /** log p of the tokens of each. */
  async answered(asking: Asking): Promise<readonly Float32Array[]> {
    const { model, answerer, watch } = asking;
    const reader = readerOf(model);
    const encoded = await encodeAsked(this.#asked, reader);
    const { rows, places } = together(encoded.map((own) => askedRow(own, reader, model.maxLength)));
    const losses = await answerer.losses(rows, watch);
    return places.map(({ row, from, to }) =>
      (losses[row] ?? new Float32Array()).subarray(from, to).map((loss) => -loss),
    );
  }
}

interface Place {
  readonly row: number;
  /** Its part of the row's answers. */
  readonly from: number;
  readonly to: number;
}

/** The last token of a continuation is never read: options of one token behind one context are one row with several answers. */
function together(asked: readonly TokenRow[]): {
  readonly rows: readonly TokenRow[];
  readonly places: readonly Place[];
} {
  const rows: TokenRow[] = [];
  const known = new Map<string, number>();
  const places = asked.map((own): Place => {
    const key = JSON.stringify([own.ids, own.decoder ?? null]);
    const row = known.get(key) ?? rows.push({ ...own, answers: [] }) - 1;
    known.set(key, row);
    const before = rows[row]?.answers ?? [];
    const answers = [...before, ...own.answers];
    rows[row] = { ...own, answers };
    return { row, from: before.length, to: answers.length };
  });
  return { rows, places };
}

interface Asking {
  readonly model: PromptedModel;
  readonly answerer: Answerer;
  readonly watch?: Watch | undefined;
}

export function readerOf({ tokenizer, kind, config, beginning }: TaskModel): Reader {
  return { tokenizer, kind, config, beginning };
}

/** What is shown before each question. */
async function demonstrationsOf(
  questions: readonly OptionQuestion[],
  model: PromptedModel,
  answerer: Answerer,
): Promise<readonly (readonly Demonstration[])[]> {
  const { settings, demonstrations } = model.prompt;
  if (settings.selection !== 'nearest' || settings.shots === 0) return questions.map(() => demonstrations);
  const pool = await embeddingsOf(
    demonstrations.map(({ fields }) => fields),
    { model, answerer },
  );
  const queries = await embeddingsOf(
    questions.map(({ fields }) => fields),
    { model, answerer },
  );
  return queries.map((query) => {
    const nearest = ranked(similarities(query, pool)).slice(0, settings.shots);
    // The most similar stands next to the question.
    return nearest.toReversed().flatMap((index) => demonstrations[index] ?? []);
  });
}

/** Mean of the model's last hidden states over a row's texts, of length 1. */
async function embeddingsOf(texts: readonly Fields[], { model, answerer }: Asking): Promise<readonly Float64Array[]> {
  const slots = Object.keys(texts[0] ?? {}).map((name) => `{${name}}`);
  const encoded = await model.tokenizer.encodeBatch(
    texts.map((fields) => fillTemplate(slots.join('\n'), fields)),
    { maxLength: model.maxLength },
  );
  const rows = encoded.map(({ ids }): TokenRow => {
    const read = ids.length > 0 ? ids : [model.beginning];
    return { ids: read, types: null, answers: [], ...(model.kind === 'encoder-decoder' ? { decoder: read } : {}) };
  });
  return (await answerer.features(rows)).map(normalised);
}

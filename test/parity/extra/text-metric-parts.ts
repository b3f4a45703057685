/** What our metrics of texts and tags say to an entry of golden-extra's lists, laid out as the entry. */
import { answerScores, normaliseAnswer } from '../../../engine/metrics/answers.ts';
import { bleu, type BleuOptions } from '../../../engine/metrics/bleu.ts';
import { chrf } from '../../../engine/metrics/chrf.ts';
import type { Scores } from '../../../engine/metrics/classification.ts';
import {
  entityReport,
  entitySpans,
  fitsScheme,
  strictEntitySpans,
  tokenAccuracy,
  type EntityReport,
  type EntitySpan,
  type TagScheme,
} from '../../../engine/metrics/entities.ts';
import { rouge, rougeTokens } from '../../../engine/metrics/rouge.ts';
import { tokenizers } from '../../../engine/metrics/sacrebleu.ts';
import { ter } from '../../../engine/metrics/ter.ts';
import type { Part } from './metric-parts.ts';

type Rows = readonly (readonly string[])[];

interface Tagged {
  readonly y_true: Rows;
  readonly y_pred: Rows;
  readonly strict: { readonly scheme: TagScheme; readonly error?: string };
}

export const seqeval: Part = {
  file: 'seqeval',
  list: 'cases',
  inputs: ['y_true', 'y_pred'],
  found: ({ y_true, y_pred, strict: { scheme, error } }: Tagged) => {
    const [truth, predicted] = [y_true.map(entitySpans), y_pred.map(entitySpans)];
    const strictly = (rows: Rows): readonly (readonly EntitySpan[])[] =>
      rows.map((tags) => strictEntitySpans(tags, scheme));
    const fits = [...y_true, ...y_pred].every((tags) => fitsScheme(tags, scheme));
    return {
      default: {
        ...laidOut(entityReport(truth, predicted)),
        entities_true: acrossRows(truth, y_true),
        entities_pred: acrossRows(predicted, y_pred),
      },
      // seqeval refuses a tag that the scheme does not know.
      strict: fits
        ? {
            scheme,
            ...laidOut(entityReport(strictly(y_true), strictly(y_pred))),
            entities_pred: strictly(y_pred).map((spans, row) =>
              spans.map(({ type, start, end }) => [row, type, start, end]),
            ),
          }
        : { scheme, error },
      token_accuracy: tokenAccuracy(y_true, y_pred),
    };
  },
};

function laidOut({ micro, macro, weighted, perType, support }: EntityReport): Readonly<Record<string, unknown>> {
  const line = (scores: Scores | null, count: number): Readonly<Record<string, number | null>> => ({
    precision: scores?.precision ?? null,
    recall: scores?.recall ?? null,
    'f1-score': scores?.f1 ?? null,
    support: count,
  });
  return {
    precision: micro.precision,
    recall: micro.recall,
    f1_micro: micro.f1,
    f1_macro: macro?.f1 ?? null,
    report: {
      ...Object.fromEntries(perType.map((scores) => [scores.type, line(scores, scores.support)])),
      'micro avg': line(micro, support),
      'macro avg': line(macro, support),
      'weighted avg': line(weighted, support),
    },
  };
}

/** Offsets over all rows, each followed by one more tag; ends inclusive. */
function acrossRows(
  rows: readonly (readonly EntitySpan[])[],
  tags: Rows,
): readonly (readonly [string, number, number])[] {
  let offset = 0;
  return rows.flatMap((spans, row) => {
    const from = offset;
    offset += (tags[row]?.length ?? 0) + 1;
    return spans.map(({ type, start, end }) => [type, from + start, from + end - 1] as const);
  });
}

export const squad: Part = {
  file: 'squad',
  list: 'cases',
  inputs: ['prediction', 'answers'],
  found: ({ prediction, answers }: { prediction: string; answers: readonly string[] }) => {
    const { exactMatch, f1, f1WithoutEmpty } = answerScores(prediction, answers);
    return {
      normalised_prediction: normaliseAnswer(prediction),
      normalised_answers: answers.map(normaliseAnswer),
      em: exactMatch,
      'f1_v1.1': f1WithoutEmpty,
      'f1_v2.0': f1,
    };
  },
};

export const rougeScores: Part = {
  file: 'rouge',
  list: 'cases',
  inputs: ['target', 'prediction'],
  found: ({ target, prediction }: { target: string; prediction: string }) => {
    const scored = (stemmer: boolean): Readonly<Record<string, unknown>> =>
      Object.fromEntries(
        Object.entries<Scores>({ ...rouge(target, prediction, { stemmer }) }).map(([name, scores]) => [
          name,
          { precision: scores.precision, recall: scores.recall, f: scores.f1 },
        ]),
      );
    return {
      plain: scored(false),
      tokens_plain: rougeTokens(prediction, { stemmer: false }),
      stemmer: scored(true),
      tokens_stemmer: rougeTokens(prediction, { stemmer: true }),
    };
  },
};

interface Translated {
  readonly hypotheses: readonly string[];
  readonly references: Rows;
}

const bleuVariants: Readonly<Record<string, BleuOptions>> = {
  bleu: {},
  bleu_lowercase: { lowercase: true },
  bleu_tok_none: { tokenize: 'none' },
  bleu_intl: { tokenize: 'intl' },
  bleu_char: { tokenize: 'char' },
  bleu_smooth_floor: { smooth: 'floor' },
};

export const translation: Part = {
  file: 'bleu',
  list: 'cases',
  inputs: ['hypotheses', 'references'],
  found: ({ hypotheses, references }: Translated) => ({
    corpus: {
      ...Object.fromEntries(
        Object.entries(bleuVariants).map(([name, options]) => {
          const { brevityPenalty, systemLength, referenceLength, ...same } = bleu(hypotheses, references, options);
          return [name, { ...same, bp: brevityPenalty, sys_len: systemLength, ref_len: referenceLength }];
        }),
      ),
      chrf: chrf(hypotheses, references),
      'chrf++': chrf(hypotheses, references, { wordOrder: 2 }),
      ter: ter(hypotheses, references),
    },
    sentence: hypotheses.map((hypothesis, row) => {
      const alone = [references[row] ?? []];
      return {
        bleu_effective_order: bleu([hypothesis], alone, { effectiveOrder: true }).score,
        chrf: chrf([hypothesis], alone).score,
      };
    }),
    tokenised_13a: hypotheses.map((hypothesis) => tokenizers['13a'](hypothesis).join(' ')),
  }),
};

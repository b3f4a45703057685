/** What our metrics of classes, numbers and shares say to an entry of golden-extra's lists, laid out as the entry. */
import { bootstrapInterval, pairedBootstrapTest } from '../../../engine/metrics/bootstrap.ts';
import { binaryScores, classificationReport } from '../../../engine/metrics/classification.ts';
import { clopperPearson, normalInterval, wilson } from '../../../engine/metrics/intervals.ts';
import { mcnemar, pairedMeanGain } from '../../../engine/metrics/paired.ts';
import { perplexities } from '../../../engine/metrics/perplexity.ts';
import { auroc, averagePrecision, brierScore, logLoss, multiclassAuroc } from '../../../engine/metrics/ranking.ts';
import { kendall, pearson, regressionErrors, spearman } from '../../../engine/metrics/regression.ts';

/** A list of the index: where it lies, what of an entry is input, and what our code says to it. */
export interface Part {
  readonly file: string;
  readonly list: string;
  readonly inputs: readonly string[];
  found(entry: never): unknown;
}

interface Classified {
  readonly labels: readonly number[];
  readonly y_true: readonly number[];
  readonly y_pred: readonly number[];
}

export const classification: Part = {
  file: 'classification',
  list: 'cases',
  inputs: ['labels', 'y_true', 'y_pred'],
  found: ({ labels, y_true, y_pred }: Classified) => {
    const report = classificationReport(y_true, y_pred, labels);
    const present = [...new Set([...y_true, ...y_pred])];
    return {
      accuracy: report.accuracy,
      macro_f1: report.macro.f1,
      micro_f1: report.micro.f1,
      weighted_f1: report.weighted.f1,
      macro_f1_present_labels_only: classificationReport(y_true, y_pred, present).macro.f1,
      macro_precision: report.macro.precision,
      macro_recall: report.macro.recall,
      per_label: report.perLabel,
      mcc: report.mcc,
      cohen_kappa: report.kappa,
      balanced_accuracy: report.balancedAccuracy,
      confusion_matrix_rows_true: report.confusion,
      binary_f1_positive_1: binaryScores(y_true, y_pred, 1).f1,
    };
  },
};

interface Ranked {
  readonly y_true: readonly number[];
  readonly score?: readonly number[];
  readonly prob?: readonly (readonly number[])[];
}

export const ranking: Part = {
  file: 'ranking',
  list: 'auroc',
  inputs: ['y_true', 'score', 'prob'],
  found: ({ y_true, score = [], prob }: Ranked) => {
    if (prob !== undefined) {
      const { ovrMacro, ovoMacro, ovrWeighted } = multiclassAuroc(y_true, prob);
      return { auroc_ovr_macro: ovrMacro, auroc_ovo_macro: ovoMacro, auroc_ovr_weighted: ovrWeighted };
    }
    const positive = y_true.map((label) => label === 1);
    const probabilities = score.map((value) => 1 / (1 + Math.exp(-value)));
    return {
      auroc: auroc(positive, score),
      average_precision: averagePrecision(positive, score),
      log_loss_of_sigmoid: logLoss(positive, probabilities),
      brier_of_sigmoid: brierScore(positive, probabilities),
    };
  },
};

export const correlation: Part = {
  file: 'ranking',
  list: 'correlation',
  inputs: ['x', 'y'],
  found: ({ x, y }: { x: readonly number[]; y: readonly number[] }) => ({
    pearson: pearson(x, y).value,
    pearson_p: pearson(x, y).p,
    spearman: spearman(x, y).value,
    spearman_p: spearman(x, y).p,
    kendall_tau_b: kendall(x, y),
    ...regressionErrors(x, y),
  }),
};

export const perplexity: Part = {
  file: 'perplexity',
  list: 'cases',
  inputs: ['token_logprobs', 'utf8_bytes', 'words'],
  found: (entry: { token_logprobs: readonly (readonly number[])[]; utf8_bytes: number; words: number }) => {
    const found = perplexities(entry.token_logprobs, { words: entry.words, bytes: entry.utf8_bytes });
    return {
      token_perplexity: found.token,
      mean_of_sequence_perplexities: found.meanOfSequences,
      word_perplexity: found.word,
      byte_perplexity: found.byte,
      bits_per_byte: found.bitsPerByte,
      total_nll: found.total,
    };
  },
};

export const shares: Part = {
  file: 'intervals',
  list: 'wilson',
  inputs: ['correct', 'n'],
  found: ({ correct, n }: { correct: number; n: number }) => ({
    wilson: wilson(correct, n),
    clopper_pearson: clopperPearson(correct, n),
    normal: normalInterval(correct, n),
  }),
};

export const pairs: Part = {
  file: 'intervals',
  list: 'mcnemar',
  inputs: ['only_a_right', 'only_b_right'],
  found: ({ only_a_right, only_b_right }: { only_a_right: number; only_b_right: number }) => {
    const { exact, mid, chiSquare, chiSquareP } = mcnemar({ onlyFirst: only_a_right, onlySecond: only_b_right });
    return { exact_two_sided_p: exact, mid_p: mid, chi2_continuity: chiSquare, chi2_p: chiSquareP };
  },
};

interface Resampled {
  readonly a_correct: readonly number[];
  readonly b_correct: readonly number[];
  readonly resamples: number;
  readonly seed: number;
}

export const bootstrap: Part = {
  file: 'intervals',
  list: 'bootstrap',
  inputs: ['a_correct', 'b_correct', 'resamples', 'seed'],
  found: ({ a_correct, b_correct, resamples, seed }: Resampled) => {
    const options = { resamples, seed };
    const differences = b_correct.map((right, row) => right - (a_correct[row] ?? 0));
    const gain = pairedMeanGain(differences, options);
    const { oneSided, twoSided } = pairedBootstrapTest(differences, options);
    return {
      accuracy_a: classificationReport(
        a_correct.map(() => 1),
        a_correct,
        [1],
      ).accuracy,
      accuracy_a_ci95: bootstrapInterval(a_correct, options),
      difference_b_minus_a: gain?.value,
      difference_ci95: gain?.interval,
      p_one_sided_b_not_better: oneSided,
      p_two_sided: twoSided,
    };
  },
};

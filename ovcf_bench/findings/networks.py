"""Out-of-fold comparisons over folds and repeats: what cross-validation alone can say."""

from __future__ import annotations

import numpy as np

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.case_scores import ScoreBook
from ovcf_bench.findings.pairing import on_complete_pairs, pair
from ovcf_bench.findings.values import CrossValidated, limits
from ovcf_bench.stats.corrected_t import corrected_t, split_variance
from ovcf_bench.vocabulary import Comparison


def compare_folds(analysis: Analysis, book: ScoreBook) -> tuple[CrossValidated, ...]:
    """Return the corrected resampled t of each comparison whose folds can all be compared; else nothing."""
    found = [_compare(one, book) for one in analysis.comparisons]
    return tuple(one for one in found if one is not None)


def _compare(one: Comparison, book: ScoreBook) -> CrossValidated | None:
    # By repeat and fold.
    first, second = (
        {(repeat, fold): cases for repeat, fold, cases in book.development_networks(arm)} for arm in (one.a, one.b)
    )
    repeats, folds = ({key[part] for key in first} for part in (0, 1))
    # The correction takes the test share of each fold to be 1 / (folds - 1): all of them must be there.
    if len(folds) < 2 or len(first) != len(repeats) * len(folds) or first.keys() != second.keys():
        return None
    differences, variances = [], []
    for key in sorted(first):
        pairs = pair(first[key], second[key])
        if pairs.complete["label"].nunique() < 2:
            return None
        test = on_complete_pairs(pairs)
        if test.se is None:
            return None
        differences.append(test.difference)
        variances.append(test.se**2)
    table = np.reshape(differences, (len(repeats), len(folds)))
    # Folds share training patients: an ordinary t finds differences that are not there (Nadeau & Bengio 2003).
    test_of_mean, parts = corrected_t(table), split_variance(table, float(np.mean(variances)))
    return CrossValidated(
        comparison=one.id,
        n=table.size,
        mean=test_of_mean.mean,
        ci=limits(test_of_mean.interval),
        t=test_of_mean.t,
        df=test_of_mean.df,
        p=test_of_mean.p,
        sd_cases=parts.sd_cases,
        sd_folds=parts.sd_folds,
        sd_repeats=parts.sd_repeats,
        reason=test_of_mean.reason or parts.reason,
    )

"""Where two arms see the same cases differently, and what a rule would make of both scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from statsmodels.stats.inter_rater import cohens_kappa

from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.pairing import Pairs, estimate_scored, probabilities_of
from ovcf_bench.findings.values import Agreement, Decisions, Fused, Valued, valued
from ovcf_bench.stats.cases import Bools
from ovcf_bench.stats.intervals import auroc_interval, proportion
from ovcf_bench.stats.ratios import clustered_ratio

MOST_SHOWN = 20_000  # the page holds every dot of the scatter: beyond it, megabytes that no eye can tell apart
KAPPA, NO_PAIRS = "Wald (Fleiss, Cohen and Everitt 1969)", "no case has both scores"
NO_THRESHOLDS = "an arm has no threshold"
ONE_CALL = "an arm calls all cases alike"
CLUSTERED = "no interval for several cases per patient"
RAW = "the scores have no common scale"
CALLS = "the rule gives a call, not a score"
SCORES = "the rule gives a score that has no threshold of its own"
CONSTANT = "a score is the same for all cases of the class"
MEAN, EITHER, BOTH = "mean of both scores", "positive when either arm says so", "positive when both arms say so"


def compare_decisions(
    pairs: Pairs, first: CaseScores, second: CaseScores, threshold_a: float | None, threshold_b: float | None
) -> Agreement | None:
    """Return how alike both arms see the complete pairs; None when there are none.

    threshold_a, threshold_b : on the scale of the arms' scores.
    """
    table = pairs.complete
    if table.empty:
        return None
    clustered = pairs.clusters is not None
    labels = table["label"].to_numpy(dtype=bool)
    # Sorted, so that their order tells nothing of who the cases are.
    shown = probabilities_of(table if len(table) <= MOST_SHOWN else table[:0], first, second).sort_values(
        ["label", "a", "b"]
    )
    of_scores = Agreement(
        threshold_a=None if threshold_a is None else first.probability(threshold_a),
        threshold_b=None if threshold_b is None else second.probability(threshold_b),
        positives=None,
        negatives=None,
        kappa=valued(None, reason=NO_THRESHOLDS),
        # Within a class: over both, any two arms that discriminate correlate.
        correlation_positives=_correlation(table[labels]),
        correlation_negatives=_correlation(table[~labels]),
        fused=tuple(_mean(pairs, first, second)),
        labels=tuple(shown["label"].tolist()),
        scores_a=tuple(shown["a"].tolist()),
        scores_b=tuple(shown["b"].tolist()),
        reason=NO_THRESHOLDS,
    )
    if threshold_a is None or threshold_b is None:
        return of_scores
    a, b = (table["score_a"] >= threshold_a).to_numpy(), (table["score_b"] >= threshold_b).to_numpy()
    patients = table["patient_id"] if clustered else None
    return replace(
        of_scores,
        # By class, and not over all cases: sensitivity and specificity trade against each other.
        positives=_decisions(a[labels], b[labels]),
        negatives=_decisions(~a[~labels], ~b[~labels]),
        kappa=_kappa(a, b, clustered),
        fused=(*of_scores.fused, _rule(EITHER, a | b, labels, patients), _rule(BOTH, a & b, labels, patients)),
        reason="",
    )


def _correlation(table: pd.DataFrame) -> Valued:
    if table["score_a"].nunique() < 2 or table["score_b"].nunique() < 2:
        return valued(None, reason=CONSTANT)
    return valued(float(spearmanr(table["score_a"], table["score_b"]).statistic))


def _decisions(right_a: Bools, right_b: Bools) -> Decisions:
    parts = (right_a & right_b, right_a & ~right_b, ~right_a & right_b, ~right_a & ~right_b)
    return Decisions(*(int(each.sum()) for each in parts))


def _kappa(a: Bools, b: Bools, clustered: bool) -> Valued:
    counts = np.array([[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]])
    if any(each.all() or not each.any() for each in (a, b)):
        return valued(None, reason=ONE_CALL)
    found = cohens_kappa(counts)
    # Wald's limit may pass 1, which kappa cannot.
    ci = (float(found.kappa_low), float(min(found.kappa_upp, 1.0)))
    return Valued(float(found.kappa), None if clustered else ci, None if clustered else KAPPA, CLUSTERED * clustered)


def _mean(pairs: Pairs, first: CaseScores, second: CaseScores) -> Iterator[Fused]:
    """Yield the mean of both scores as a score of its own, where they share a scale."""
    table, none = pairs.complete, valued(None, reason=SCORES)
    if table["label"].nunique() < 2:
        return
    # A mean of a logit and a probability, or of two readers' scales, is a mean of nothing.
    if first.scale == "raw" or first.scale != second.scale:
        yield Fused(MEAN, valued(None, reason=RAW), none, none)
        return
    fused = (table["score_a"] + table["score_b"]) / 2
    found = estimate_scored(table, fused, name=f"set {pairs.name!r}")
    yield Fused(MEAN, valued(found.auroc, auroc_interval(found), found.reason), none, none)


def _rule(rule: str, called: Bools, labels: Bools, patients: pd.Series | None) -> Fused:
    shares = (_share(called, labels, patients), _share(~called, ~labels, patients))
    return Fused(rule, valued(None, reason=CALLS), *shares)


def _share(right: Bools, among: Bools, patients: pd.Series | None) -> Valued:
    if patients is not None:
        ratio = clustered_ratio(right & among, among, patients.to_numpy(dtype=object))
        return valued(ratio.value, ratio.interval, ratio.reason)
    found = proportion(int((right & among).sum()), int(among.sum()))
    return valued(found.value, found.wilson, found.reason)

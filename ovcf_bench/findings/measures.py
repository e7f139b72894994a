"""Accuracy of two arms at their frozen thresholds, compared on the cases that both scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from ovcf_bench.findings.pairing import Pairs
from ovcf_bench.findings.values import MeasureDifference, limits
from ovcf_bench.stats.cases import Bools
from ovcf_bench.stats.intervals import Difference
from ovcf_bench.stats.paired_proportions import NEWCOMBE_10, compare_proportions
from ovcf_bench.stats.predictive_values import compare_npv, compare_ppv
from ovcf_bench.stats.ratios import BY_PATIENT, clustered_difference

EXACT, MID_P = "McNemar, exact", "McNemar, mid-p"
MOSKOWITZ, KOSINSKI = "Moskowitz & Pepe 2006", "Kosinski 2013"


def compare_measures(
    pairs: Pairs, threshold_a: float | None, threshold_b: float | None
) -> tuple[MeasureDifference, ...]:
    """Return the differences on complete pairs; empty without both thresholds or without both classes."""
    table = pairs.complete
    if threshold_a is None or threshold_b is None or table["label"].nunique() < 2:
        return ()
    labels = table["label"].to_numpy(dtype=bool)
    first = table["score_a"].to_numpy() >= threshold_a
    second = table["score_b"].to_numpy() >= threshold_b
    clusters = pairs.complete_clusters
    # McNemar and Newcombe take pairs for independent; with several images of a patient they are not.
    if clusters is None:
        return tuple(_independent(labels, first, second))
    return tuple(_clustered(labels, first, second, clusters))


_Parts = Callable[[Bools, Bools], tuple[Bools, Bools]]
RATIOS: dict[str, _Parts] = {  # measure: (counted, among) by label and call
    "sensitivity": lambda label, call: (call & label, label),
    "specificity": lambda label, call: (~call & ~label, ~label),
    "accuracy": lambda label, call: (call == label, np.ones_like(label)),
    "PPV": lambda label, call: (call & label, call),
    "NPV": lambda label, call: (~call & ~label, ~call),
}


def _independent(labels: Bools, first: Bools, second: Bools) -> Iterator[MeasureDifference]:
    for measure, members in (("sensitivity", labels), ("specificity", ~labels), ("accuracy", np.ones_like(labels))):
        right_a, right_b = (first == labels)[members], (second == labels)[members]
        found = compare_proportions(right_a, right_b)
        yield MeasureDifference(
            measure=measure,
            quantity="difference",
            a=float(right_a.mean()),
            b=float(right_b.mean()),
            value=found.difference,
            ci=limits(found.interval),
            ci_method=NEWCOMBE_10,
            p=found.exact_p,
            p_method=EXACT,
            p_other=found.mid_p,
            p_other_method=MID_P,
            reason=found.reason,
        )
    # PPVs of two arms have different denominators, so that McNemar's table does not exist for them.
    for measure, compare in (("PPV", compare_ppv), ("NPV", compare_npv)):
        ratio = compare(labels, first, second)
        yield MeasureDifference(
            measure=measure,
            quantity="ratio",
            a=ratio.first,
            b=ratio.second,
            value=ratio.ratio,
            ci=limits(ratio.interval),
            ci_method=ratio.interval.method if ratio.interval else None,
            p=ratio.p,
            p_method=MOSKOWITZ,
            p_other=ratio.score_p,
            p_other_method=KOSINSKI,
            reason=ratio.reason,
        )


def _clustered(labels: Bools, first: Bools, second: Bools, clusters: pd.Series) -> Iterator[MeasureDifference]:
    for measure, parts in RATIOS.items():
        found = clustered_difference(parts(labels, first), parts(labels, second), clusters)
        yield ratio_difference(measure, found, BY_PATIENT, ci_method=BY_PATIENT)


def ratio_difference(measure: str, found: Difference, method: str, *, ci_method: str | None) -> MeasureDifference:
    """Return the difference of two ratios, or means, as it is recorded; method : of its p."""
    return MeasureDifference(
        measure=measure,
        quantity="difference",
        a=found.first,
        b=found.second,
        value=found.difference,
        ci=limits(found.interval),
        ci_method=ci_method,
        p=found.p,
        p_method=method,
        p_other=None,
        p_other_method=None,
        reason=found.reason,
    )

"""Accuracy of two arms at their frozen thresholds, compared on the cases that both scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from ovcf_bench.findings.pairing import Pairs
from ovcf_bench.findings.values import MeasureDifference, limits
from ovcf_bench.stats.cases import Bools
from ovcf_bench.stats.paired_proportions import NEWCOMBE_10, compare_proportions
from ovcf_bench.stats.predictive_values import PairedPredictiveValue, compare_npv, compare_ppv
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
    # McNemar and Newcombe take pairs for independent; with several images of a patient they are not.
    if pairs.clusters is None:
        return tuple(_independent(labels, first, second))
    return tuple(_clustered(labels, first, second, pairs.clusters[table.index]))


def _independent(labels: Bools, first: Bools, second: Bools) -> Iterator[MeasureDifference]:
    right = first == labels, second == labels
    for measure, members in (("sensitivity", labels), ("specificity", ~labels), ("accuracy", np.ones_like(labels))):
        found = compare_proportions(right[0][members], right[1][members])
        yield MeasureDifference(
            measure=measure,
            quantity="difference",
            a=float(right[0][members].mean()),
            b=float(right[1][members].mean()),
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
    yield _predictive("PPV", compare_ppv(labels, first, second))
    yield _predictive("NPV", compare_npv(labels, first, second))


def _predictive(measure: str, found: PairedPredictiveValue) -> MeasureDifference:
    return MeasureDifference(
        measure=measure,
        quantity="ratio",
        a=found.first,
        b=found.second,
        value=found.ratio,
        ci=limits(found.interval),
        ci_method=found.interval.method if found.interval else None,
        p=found.p,
        p_method=MOSKOWITZ,
        p_other=found.score_p,
        p_other_method=KOSINSKI,
        reason=found.reason,
    )


_Parts = Callable[[Bools, Bools], tuple[Bools, Bools]]
_RATIOS: dict[str, _Parts] = {  # measure: (counted, among) by label and call
    "sensitivity": lambda label, call: (call & label, label),
    "specificity": lambda label, call: (~call & ~label, ~label),
    "accuracy": lambda label, call: (call == label, np.ones_like(label)),
    "PPV": lambda label, call: (call & label, call),
    "NPV": lambda label, call: (~call & ~label, ~call),
}


def _clustered(labels: Bools, first: Bools, second: Bools, clusters: pd.Series) -> Iterator[MeasureDifference]:
    for measure, parts in _RATIOS.items():
        found = clustered_difference(parts(labels, first), parts(labels, second), clusters)
        yield MeasureDifference(
            measure=measure,
            quantity="difference",
            a=found.first,
            b=found.second,
            value=found.difference,
            ci=limits(found.interval),
            ci_method=BY_PATIENT,
            p=found.p,
            p_method=BY_PATIENT,
            p_other=None,
            p_other_method=None,
            reason=found.reason,
        )

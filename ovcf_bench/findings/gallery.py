"""Which exams are most worth looking at: those that only one arm calls rightly, and those that both miss."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.case_scores import ScoreBook
from ovcf_bench.findings.pairing import pair, probabilities_of
from ovcf_bench.findings.thresholds import FrozenThreshold
from ovcf_bench.findings.values import Gallery, ShownExam
from ovcf_bench.vocabulary import Comparison

DISCORDANT, MISSED = "discordant", "missed"


def choose_exams(
    analysis: Analysis, book: ScoreBook, thresholds: Mapping[str, FrozenThreshold], failures: Collection[str]
) -> Gallery | None:
    """Return the exams of the primary comparison (else of the first one); None when it has no calls to judge.

    thresholds : by arm, fitted in development; failures : arms without an ensemble.
    """
    chosen = _chosen(analysis)
    if chosen is None or not analysis.shown_exams or not thresholds:
        return None
    name, one = chosen
    a, b = thresholds[one.a].value, thresholds[one.b].value
    if a is None or b is None or one.a in failures or one.b in failures:
        return None
    first, second = book.ensemble_cases(name, one.a), book.ensemble_cases(name, one.b)
    table = pair(first, second).complete
    if table.empty:
        return None
    calls = pd.DataFrame({"a": table["score_a"] - a, "b": table["score_b"] - b})  # above 0: called positive
    right = calls.ge(0).eq(table["label"], axis=0)
    # As many that both miss as that they disagree on: disagreement alone would hide what neither view shows.
    half = analysis.shown_exams // 2
    discordant = (_worst(calls, right, half // 2, "b", "a"), _worst(calls, right, half - half // 2, "a", "b"))
    missed = calls[~right["a"] & ~right["b"] & table["label"]].sum(axis=1).nsmallest(analysis.shown_exams - half).index
    cases = [(DISCORDANT, case) for group in discordant for case in group] + [(MISSED, case) for case in missed]
    judged = probabilities_of(table, first, second).join(right.add_prefix("right_"))
    rows = book.scores[book.scores["set"] == name]
    exams = rows.groupby(f"{book.level}_id")["exam_id"].min()  # one of every case
    values = judged.loc[[case for _, case in cases]].itertuples(index=False)
    shown = (ShownExam(kind, str(exams.get(case, case)), *of) for (kind, case), of in zip(cases, values, strict=True))
    return Gallery(name, one.id, one.a, one.b, tuple(shown))


def _chosen(analysis: Analysis) -> tuple[str, Comparison] | None:
    """Return set and comparison that the gallery is about; None when the study compares nothing."""
    wanted = analysis.primary
    for one in analysis.comparisons:
        if wanted is None or one.id == wanted.comparison:
            return (wanted.set if wanted else analysis.sets[0]), one
    return None


def _worst(calls: pd.DataFrame, right: pd.DataFrame, most: int, wrong: str, rightly: str) -> pd.Index:
    """Return the cases that one arm calls wrongly and the other rightly, the surest mistakes first."""
    # By how far the wrong call lies from its threshold: a sure mistake teaches more than one at the border.
    only = calls.loc[~right[wrong] & right[rightly], wrong]
    return only.abs().sort_values(ascending=False, kind="stable").index[:most]

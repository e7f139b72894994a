"""The vote of the folds: each network calls a case at its own threshold, and the majority decides.

Single networks and their ensemble differ in spread, so that a threshold fitted on the one may act otherwise on the
other; each network at the threshold of its own fold does not have that problem.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ovcf_bench.findings.analysis import OUT_OF_FOLD, Analysis
from ovcf_bench.findings.case_scores import CaseScores, ScoreBook
from ovcf_bench.findings.thresholds import judge_point
from ovcf_bench.findings.values import Point
from ovcf_bench.stats.operating_point import fit_threshold

_MAJORITY = float(np.nextafter(0.5, 1))  # more than half; a tie is no majority


def vote(book: ScoreBook, analysis: Analysis, set_name: str, arm: str) -> Point | None:
    """Return what the vote achieves; None when thresholds are not fitted out of fold, or a fold holds one class."""
    rule = analysis.rule
    if rule is None or rule.kind == "fixed" or analysis.fitted_on != OUT_OF_FOLD:
        return None
    thresholds = {}
    # Out-of-fold scores come from single networks, the ensemble's have less spread: a vote needs no common threshold.
    for repeat, fold, cases in book.development_networks(arm):
        own = cases.scored
        if own["label"].nunique() < 2:
            return None
        thresholds[repeat, fold] = fit_threshold(own["label"], own["score"], rule, name=f"set {cases.name!r}")
    calls, table = [], None
    for repeat, fold, cases in book.network_cases(set_name, arm):
        if (repeat, fold) not in thresholds:
            return None
        table = cases.table
        calls.append((table["score"] >= thresholds[repeat, fold]).where(table["score"].notna()))
    if table is None or len(calls) < 2 or table["label"].nunique() < 2:
        return None
    share = pd.concat(calls, axis=1).astype("float64").mean(axis=1)
    return judge_point(CaseScores(set_name, table.assign(score=share), "probability"), _MAJORITY)

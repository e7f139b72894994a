"""All comparisons of a set, each with what stands beside its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ovcf_bench.findings.agreement import compare_decisions
from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.case_scores import ScoreBook
from ovcf_bench.findings.comparisons import ArmsOfSet, adjust, compare_arms
from ovcf_bench.findings.measures import compare_measures
from ovcf_bench.findings.pairing import pair
from ovcf_bench.findings.probabilities import compare_probabilities
from ovcf_bench.findings.readers import compare_readers
from ovcf_bench.findings.sensitivity import by_other_methods
from ovcf_bench.findings.subgroups import by_covariates
from ovcf_bench.findings.thresholds import FrozenThreshold
from ovcf_bench.findings.values import ComparisonFindings
from ovcf_bench.vocabulary import Comparison


def compare_set(
    analysis: Analysis,
    book: ScoreBook,
    arms: ArmsOfSet,
    thresholds: Mapping[str, FrozenThreshold],
    declared: Mapping[str, bool],
) -> tuple[ComparisonFindings, ...]:
    """Return every comparison of one set; declared : by id, whether it was recorded before the scores existed."""
    readers = {arm.name for arm in analysis.arms if arm.readers}
    found = []
    for one in analysis.comparisons:
        before = declared.get(one.id, False)
        # With several readers the reader is a sample too: a test over cases alone would be too sure (Obuchowski 1995).
        if one.a in readers and one.b in readers:
            found.append(compare_readers(book, analysis, arms.name, one, before))
        else:
            test = compare_arms(arms, one, analysis.missing, before)
            found.append(_with_rest(test, analysis, book, arms, thresholds, one))
    return adjust(found)


def _with_rest(
    test: ComparisonFindings,
    analysis: Analysis,
    book: ScoreBook,
    arms: ArmsOfSet,
    thresholds: Mapping[str, FrozenThreshold],
    one: Comparison,
) -> ComparisonFindings:
    if one.a in arms.absent or one.b in arms.absent:
        return test
    first, second = arms.cases[one.a], arms.cases[one.b]
    pairs = pair(first, second)
    measures = compare_measures(pairs, thresholds[one.a].value, thresholds[one.b].value)
    brier, net_benefit = compare_probabilities(pairs, first, second)
    return replace(
        test,
        sensitivity=by_other_methods(pairs, analysis.seed, analysis.resamples),
        measures=(*measures, *([brier] if brier else [])),
        net_benefit=net_benefit,
        agreement=compare_decisions(pairs, first, second, thresholds[one.a].value, thresholds[one.b].value),
        interactions=by_covariates(
            pairs, one.id, _covariates(book, arms.name), analysis.subgroups, analysis.describes_disease
        ),
    )


def _covariates(book: ScoreBook, set_name: str) -> pd.DataFrame:
    """Return the covariates of the score table by patient."""
    rows = book.scores[book.scores["set"] == set_name]
    return rows.drop_duplicates("patient_id").set_index("patient_id")

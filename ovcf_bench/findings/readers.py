"""Arms that hold the scores of several human readers: Obuchowski and Rockette's analysis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.case_scores import ScoreBook
from ovcf_bench.findings.comparisons import (
    EQUIVALENCE_LEVEL,
    NONINFERIORITY_LEVEL,
    detectable,
    no_estimate,
    verdict_of,
    without_result,
)
from ovcf_bench.findings.values import ArmRecord, ComparisonFindings, Estimate, Readers, limits
from ovcf_bench.stats.equivalence import equivalence_of, noninferiority_of
from ovcf_bench.stats.readers import ReaderAnalysis, analyse_readers
from ovcf_bench.vocabulary import Comparison

METHOD = "Obuchowski & Rockette, readers and cases random (Hillis 2007)"
MEAN_OF_READERS = "the mean over the readers; its uncertainty enters the comparison"
ONE_CLASS = "the complete cases hold one class only"
NOT_BOTH = "both arms of a comparison of readers need the same number of readers, at least two"


def compare_readers(
    book: ScoreBook, analysis: Analysis, set_name: str, comparison: Comparison, declared: bool
) -> ComparisonFindings:
    """Return the comparison of two arms of readers on the cases that all of them scored."""
    arms = {arm.name: arm for arm in analysis.arms}
    pair = arms[comparison.a], arms[comparison.b]
    # Obuchowski and Rockette's design is balanced, and one reader has no variance between readers.
    if len(pair[0].readers) != len(pair[1].readers) or len(pair[0].readers) < 2:
        return without_result(comparison, declared, Estimate(0, 0, 0, "readers", NOT_BOTH))
    table = _complete(book, set_name, pair)
    if table["label"].nunique() < 2:
        return without_result(comparison, declared, Estimate(0, 0, 0, "one_class", ONE_CLASS))
    if table["patient_id"].duplicated().any():
        reason = "the analysis of readers has no form for several cases per patient"
        return without_result(comparison, declared, no_estimate(table, "clustered", reason))
    labels = table["label"].to_numpy(dtype=bool)
    columns = table.drop(columns=["label", "patient_id"]).to_numpy(dtype=np.float64)
    scores = columns.T.reshape(2, len(pair[0].readers), len(table))
    found = analyse_readers(labels, scores, name=f"set {set_name!r}")
    # Two one-sided tests at 5 % are read off a 90 % interval, whose t has the degrees of freedom of the same analysis.
    at_90 = analyse_readers(labels, scores, name=f"set {set_name!r}", level=0.90)
    counted = without_result(comparison, declared, no_estimate(table, "readers", found.reason))
    return _filled(counted, found, at_90)


def _complete(book: ScoreBook, set_name: str, pair: tuple[ArmRecord, ArmRecord]) -> pd.DataFrame:
    """Return label, patient_id and one column per arm and reader, of the cases that all readers scored."""
    parts = [cases.scored for arm in pair for _, _, cases in book.network_cases(set_name, arm.name)]
    # The covariances of readers need every case from every reader (Hillis 2007).
    scores = pd.concat([part["score"] for part in parts], axis=1, join="inner", keys=range(len(parts)))
    return parts[0].loc[scores.index, ["label", "patient_id"]].join(scores)


def _filled(counted: ComparisonFindings, found: ReaderAnalysis, at_90: ReaderAnalysis) -> ComparisonFindings:
    interval, narrower, margin = found.interval, at_90.interval, counted.margin
    return replace(
        counted,
        estimate=replace(
            counted.estimate,
            method=METHOD,
            auroc_a=found.means[0],
            auroc_b=found.means[1],
            difference=found.difference,
            se=found.se,
            ci=limits(interval),
            ci_method=METHOD if interval else None,
            p=found.p,
        ),
        noninferiority=(
            verdict_of(noninferiority_of(interval, margin), NONINFERIORITY_LEVEL)
            if interval
            else counted.noninferiority
        ),
        equivalence=(
            verdict_of(equivalence_of(narrower, margin), EQUIVALENCE_LEVEL) if narrower else counted.equivalence
        ),
        detectable=detectable(found.se),
        readers=Readers(
            readers=len(found.aurocs[0]),
            aurocs={counted.a: found.aurocs[0], counted.b: found.aurocs[1]},
            f=found.f,
            df1=found.df1,
            df2=found.df2,
            reason=found.reason,
        ),
    )

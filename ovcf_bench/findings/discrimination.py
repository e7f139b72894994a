"""Beside the AUROC of an arm: its curve with a band, partial area, average precision, and the single networks."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np

from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.values import CurveFindings, FoldAuroc, FoldSpread, RocBand, RocPoints, valued
from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.stats.curve_bands import SPECIFICITY, average_precision, curve_spread
from ovcf_bench.stats.partial_auroc import partial_auroc
from ovcf_bench.stats.roc import corner_points, roc_counts

MOST_CASES = 20_000  # beyond it a band is as thin as the line
TOO_MANY = f"not resampled: more than {MOST_CASES:,} cases"
FEWEST = 5  # patients of a class, below which resampling has next to no spread
TOO_FEW = f"not resampled: fewer than {FEWEST} patients of a class"
RESAMPLING_SEED = 2004  # of the band: the same draws for every arm and set, whatever the study's seed
FULL_CURVE = 5000  # cases up to which every distinct threshold is kept


def beside_the_area(cases: CaseScores | None, absence: str) -> CurveFindings:
    """Return band, average precision and partial area; beyond MOST_CASES without what resampling would give.

    absence : why there are no cases, if so. Raises StatisticsError naming the set when one class is absent.
    """
    if cases is None:
        return CurveFindings(None, valued(None, reason=absence), valued(None, reason=absence), absence)
    table, name = cases.scored, f"set {cases.name!r}"
    labels, scores = table["label"].to_numpy(dtype=bool), table["score"].to_numpy(dtype=np.float64)
    partial = partial_auroc(labels, scores, name=name, specificity=SPECIFICITY).standardised
    few = table["patient_id"].groupby(labels).nunique().min() < FEWEST
    reason = TOO_MANY if len(table) > MOST_CASES else TOO_FEW if few else ""
    if reason:
        precision = valued(average_precision(labels, scores), reason=reason)
        return CurveFindings(None, precision, valued(partial, reason=reason), reason)
    clusters = table["patient_id"].to_numpy(dtype=object) if cases.clustered else None
    rng = np.random.default_rng(RESAMPLING_SEED)
    found = curve_spread(labels, scores, name=name, rng=rng, clusters=clusters)
    precision = valued(found.average_precision, found.precision_interval)
    return CurveFindings(RocBand(**asdict(found.band)), precision, valued(partial, found.partial_interval), "")


def roc_points(cases: CaseScores) -> RocPoints:
    """Return the counts of the curve, thresholds as probabilities; corner points only beyond 5000 cases."""
    table = cases.scored
    curve = roc_counts(table["label"], table["score"], name=f"set {cases.name!r}")
    if len(table) > FULL_CURVE:
        curve = corner_points(curve)
    thresholds = (None if np.isinf(cut) else cases.probability(float(cut)) for cut in curve.thresholds)
    return RocPoints(tuple(thresholds), tuple(curve.tp.tolist()), tuple(curve.fp.tolist()))


def spread_of_networks(networks: Iterable[tuple[int, int, CaseScores]]) -> FoldSpread:
    """Return the AUROC of each single network with mean, SD and range."""
    aurocs = tuple(_single_network(repeat, fold, cases) for repeat, fold, cases in networks)
    values = [entry.auroc for entry in aurocs if entry.auroc is not None]
    if not values:
        return FoldSpread(0, None, None, None, None, aurocs, "no single network has an AUROC here")
    return FoldSpread(
        n=len(values),
        mean=statistics.fmean(values),
        sd=statistics.stdev(values) if len(values) > 1 else None,
        min=min(values),
        max=max(values),
        aurocs=aurocs,
        reason="" if len(values) > 1 else "a standard deviation needs two networks",
    )


def _single_network(repeat: int, fold: int, cases: CaseScores) -> FoldAuroc:
    table = cases.scored
    if table["label"].nunique() < 2:
        return FoldAuroc(repeat, fold, None, "its cases hold one class only")
    estimate = estimate_auroc(table["label"], table["score"], name=f"set {cases.name!r}")
    return FoldAuroc(repeat, fold, estimate.auroc, "")

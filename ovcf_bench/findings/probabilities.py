"""What an arm's scores are worth as probabilities: calibration and net benefit, also at declared prevalences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.measures import ratio_difference
from ovcf_bench.findings.pairing import Pairs
from ovcf_bench.findings.values import (
    Calibration,
    CalibrationBin,
    CalibrationCurve,
    MeasureDifference,
    NetBenefit,
    NetBenefitDifference,
    Probabilities,
    Valued,
    limits,
    valued,
)
from ovcf_bench.stats.brier import FROM_CASES, brier_score, compare_brier, expected_calibration_error, spiegelhalter
from ovcf_bench.stats.calibration import calibrate, ici, smooth_outcome
from ovcf_bench.stats.cases import Bools, Floats, Ints
from ovcf_bench.stats.intervals import proportion
from ovcf_bench.stats.likelihood_ratios import case_weights
from ovcf_bench.stats.net_benefit import compare_net_benefit, net_benefit
from ovcf_bench.stats.ratios import BY_PATIENT
from ovcf_bench.stats.resampling import resampled_interval

NO_PROBABILITIES = "the scores are not probabilities between 0 and 1"
TOO_MANY = "no interval for more than 20,000 cases"
MOST_CASES = 20_000
BINS, BARS = 10, 20  # groups of the calibration plot, bars of its histogram
FEWER = 10  # of the resamples of an AUROC, one in ten: each one smooths a curve, and the limits are descriptive
RESAMPLING_SEED = 2019
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 49))  # .02 to .96

_Statistic = Callable[[Bools, Floats, Floats], float | None]  # of labels, probabilities, weights


def judge_probabilities(cases: CaseScores | None, analysis: Analysis, absence: str) -> Probabilities:
    """Return calibration and net benefit of scored cases; `absence` says why there are none."""
    if cases is None or cases.scale == "raw":
        return Probabilities((), (), None, None, absence or NO_PROBABILITIES)
    table = cases.scored
    labels, known = table["label"].to_numpy(dtype=bool), cases.probabilities(table["score"])
    clusters = table["patient_id"] if cases.clustered else None
    wanted = (None, *analysis.prevalences)
    resamples = max(1, analysis.resamples // FEWER)
    # Spiegelhalter's variance is that of independent cases; there is no clustered form.
    whole = spiegelhalter(labels, known) if clusters is None else None
    return Probabilities(
        figures=tuple(_calibration(labels, known, clusters, each, resamples) for each in wanted),
        net_benefit=tuple(_net_benefit(labels, known, each) for each in wanted),
        spiegelhalter_z=whole.z if whole else None,
        spiegelhalter_p=whole.p if whole else None,
        reason="",
        curve=_curve(labels, known),
    )


def _curve(labels: Bools, known: Floats) -> CalibrationCurve:
    """Return outcome against probability; bins hold tenths of the cases, equal probabilities stay together."""
    smooth = smooth_outcome(labels, known)
    # Tenths of the cases, not of the scale: trained networks put most of their scores near 0 and 1.
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, known, side="right")
    bins = []
    for each in np.unique(place):
        inside = place == each
        share = proportion(int(labels[inside].sum()), int(inside.sum()))
        if share.value is not None and share.wilson is not None:
            ci = (share.wilson.low, share.wilson.high)
            bins.append(CalibrationBin(float(known[inside].mean()), share.value, ci, share.count, share.n))
    columns = (np.histogram(known[each], bins=BARS, range=(0, 1))[0].tolist() for each in (~labels, labels))
    return CalibrationCurve(
        predicted=tuple(smooth[0].tolist()) if smooth else (),
        observed=tuple(smooth[1].tolist()) if smooth else (),
        bins=tuple(bins),
        histogram=tuple(zip(*columns, strict=True)),
    )


def _calibration(
    labels: Bools, known: Floats, clusters: pd.Series | None, prevalence: float | None, resamples: int
) -> Calibration:
    weights = case_weights(labels, prevalence)
    codes = None if clusters is None else np.unique(clusters.to_numpy(dtype=object), return_inverse=True)[1]
    logistic = calibrate(labels, known, weights=None if prevalence is None else weights, clusters=codes)
    slope, intercept = logistic.slope, logistic.intercept
    brier = brier_score(labels, known, weights=weights, clusters=codes)
    method = FROM_CASES if codes is None else BY_PATIENT
    return Calibration(
        prevalence=prevalence,
        slope=valued(slope.value, slope.interval, slope.reason),
        intercept=valued(intercept.value, intercept.interval, intercept.reason),
        brier=Valued(brier.value, limits(brier.interval), method if brier.interval else None, ""),
        ece=_resampled(expected_calibration_error, labels, known, codes, weights, resamples),
        ici=_resampled(ici, labels, known, codes, weights, resamples),
    )


def _resampled(
    statistic: _Statistic, labels: Bools, known: Floats, patients: Ints | None, weights: Floats, resamples: int
) -> Valued:
    """Return a statistic with its percentile interval."""
    value = statistic(labels, known, weights)
    if value is None:
        return valued(None, reason="too few different probabilities")
    if labels.size > MOST_CASES:
        return valued(value, reason=TOO_MANY)
    rng = np.random.default_rng(RESAMPLING_SEED)
    interval = resampled_interval(
        lambda rows: statistic(labels[rows], known[rows], weights[rows]), rng, labels, patients, resamples
    )
    return valued(value, interval, "" if interval else "no resample has a value")


def _net_benefit(labels: Bools, known: Floats, prevalence: float | None) -> NetBenefit:
    curve = net_benefit(labels, known, THRESHOLDS, case_weights(labels, prevalence))
    return NetBenefit(prevalence, curve.thresholds, curve.model, curve.treat_all)


def compare_probabilities(
    pairs: Pairs, first: CaseScores, second: CaseScores
) -> tuple[MeasureDifference | None, NetBenefitDifference | None]:
    """Return the paired differences of Brier score and net benefit, or None where an arm gives no probabilities."""
    table = pairs.complete
    if "raw" in (first.scale, second.scale) or table["label"].nunique() < 2:
        return None, None
    labels = table["label"].to_numpy(dtype=bool)
    a, b = first.probabilities(table["score_a"]), second.probabilities(table["score_b"])
    clusters = pairs.complete_clusters
    brier = compare_brier(labels, a, b, clusters=clusters)
    method = "normal, paired by case" if clusters is None else BY_PATIENT
    difference = ratio_difference("Brier score", brier, method, ci_method=method if brier.interval else None)
    at = compare_net_benefit(labels, a, b, THRESHOLDS, clusters=clusters)
    values, intervals = tuple(value for value, _ in at), tuple(limits(interval) for _, interval in at)
    return difference, NetBenefitDifference(THRESHOLDS, values, intervals, method, "")

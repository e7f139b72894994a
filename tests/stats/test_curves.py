"""Bands of ROC curves, average precision and partial areas by resampling, against scikit-learn and simulation."""

import json

import numpy as np
import pytest
from places import ROOT
from sklearn.metrics import average_precision_score
from sklearn.metrics import roc_curve as reference_curve

from ovcf_bench.errors import StatisticsError
from ovcf_bench.stats.calibration import smooth_outcome
from ovcf_bench.stats.curve_bands import BY_PATIENT, GRID, SPECIFICITY, average_precision, curve_spread
from ovcf_bench.stats.partial_auroc import partial_auroc


def sample(n=400, shift=1.5, seed=3, digits=None):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.4
    scores = rng.normal(size=n) + shift * labels
    return labels, scores if digits is None else scores.round(digits)


def spread(labels, scores, **more):
    return curve_spread(labels, scores, name="set", rng=np.random.default_rng(1), **more)


@pytest.mark.parametrize("digits", [None, 1, 0])
def test_average_precision_is_that_of_scikit_learn_with_and_without_ties(digits):
    labels, scores = sample(digits=digits)
    expected = average_precision_score(labels, scores)
    assert average_precision(labels, scores) == pytest.approx(expected, abs=1e-12)
    assert spread(labels, scores, resamples=50).average_precision == pytest.approx(expected, abs=1e-12)


def test_intervals_hold_the_values_and_narrow_with_the_root_of_the_cases():
    widths = []
    for n in (200, 3200):
        labels, scores = sample(n)
        found = spread(labels, scores)
        assert found.precision_interval.covers(found.average_precision)
        standardised = partial_auroc(labels, scores, name="set", specificity=SPECIFICITY).standardised
        assert found.partial_interval.covers(standardised)
        widths.append(found.precision_interval.high - found.precision_interval.low)
    assert 2.5 < widths[0] / widths[1] < 6.5  # the root of 16 is 4


def test_partial_intervals_are_those_of_scikit_learn_on_the_same_resamples():
    reference = json.loads((ROOT / "benchmarks" / "results" / "curve_intervals.json").read_text())
    assert (reference["resamples"], reference["specificity"]) == (10_000, SPECIFICITY)
    labels, scores = sample(reference["cases"], reference["shift"], reference["seed"])
    found = spread(labels, scores, resamples=3000).partial_interval
    assert (found.low, found.high) == pytest.approx(reference["interval"], abs=0.02)


def test_the_band_holds_the_curve_and_covers_the_true_one_where_it_should():
    from scipy.stats import norm

    true = norm.cdf(norm.ppf(np.clip(GRID, 1e-9, 1 - 1e-9)) + 1.5)
    inside = np.zeros(len(GRID))
    runs = 60
    for seed in range(runs):
        labels, scores = sample(300, seed=100 + seed)
        band = spread(labels, scores, resamples=200).band
        fpr, tpr, _ = reference_curve(labels, scores)
        middle = slice(5, 46)
        assert np.all(np.asarray(band.low)[middle] <= np.interp(GRID, fpr, tpr)[middle] + 0.02)
        inside += (np.asarray(band.low) <= true) & (true <= np.asarray(band.high))
    assert 0.88 < inside[5:30].mean() / runs <= 1


def test_patients_with_several_cases_widen_the_band():
    rng = np.random.default_rng(4)
    patients = np.repeat(np.arange(80), 4)
    labels = np.repeat(rng.random(80) < 0.5, 4)
    scores = np.repeat(rng.normal(size=80), 4) + rng.normal(0, 0.2, 320) + 1.2 * labels
    alone, together = spread(labels, scores), spread(labels, scores, clusters=patients)
    assert together.band.method == BY_PATIENT
    width = [each.precision_interval.high - each.precision_interval.low for each in (alone, together)]
    assert width[1] > 1.4 * width[0]


def test_many_different_scores_give_the_same_band_as_few():
    labels, scores = sample(5000)
    fine, coarse = spread(labels, scores).band, spread(labels, np.round(scores, 2)).band
    assert fine.low == pytest.approx(coarse.low, abs=0.02)
    assert fine.high == pytest.approx(coarse.high, abs=0.02)


def test_one_class_has_no_curve():
    with pytest.raises(StatisticsError, match="one class only"):
        spread(np.ones(10, bool), np.arange(10.0))


def test_the_smooth_outcome_follows_the_truth_and_is_none_for_a_constant():
    rng = np.random.default_rng(5)
    probabilities = rng.random(4000)
    labels = rng.random(4000) < probabilities**2
    at, observed = smooth_outcome(labels, probabilities)
    assert np.all(np.diff(at) > 0)
    assert observed[5:-5] == pytest.approx(at[5:-5] ** 2, abs=0.06)
    assert smooth_outcome(labels, np.full(4000, 0.3)) is None

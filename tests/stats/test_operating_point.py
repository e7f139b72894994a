import math

import numpy as np
import pytest

from ovcf_bench.stats.intervals import Interval
from ovcf_bench.stats.operating_point import Confusion, ThresholdRule, confusion, f1_interval, fit_threshold, operate
from ovcf_bench.stats.roc import corner_points, roc_counts

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.8, 0.9])


def fit(rule, labels=LABELS, scores=SCORES):
    return fit_threshold(labels, scores, rule, name="development")


def judge(threshold, labels=LABELS, scores=SCORES):
    return operate(labels, scores, threshold, name="internal", rng=np.random.default_rng(0))


def test_youden_lies_half_way_between_two_scores_and_prefers_sensitivity():
    assert fit(ThresholdRule("youden")) == pytest.approx(0.35)  # sensitivity 1, specificity .75


def test_a_wanted_sensitivity_takes_the_highest_threshold_that_reaches_it():
    assert fit(ThresholdRule("sensitivity", 0.75)) == pytest.approx(0.5)
    assert fit(ThresholdRule("sensitivity", 0.5)) == pytest.approx(0.75)


def test_a_wanted_specificity_takes_the_lowest_threshold_that_reaches_it():
    assert fit(ThresholdRule("specificity", 0.75)) == pytest.approx(0.35)
    assert fit(ThresholdRule("specificity", 0.99)) == pytest.approx(0.75)


def test_a_share_that_is_a_whole_number_of_cases_is_reached_by_that_number():
    labels, scores = np.repeat([0, 1], 50), np.arange(100.0)
    threshold = fit(ThresholdRule("sensitivity", 0.9), labels, scores)
    assert judge(threshold, labels, scores).counts.tp == 45


def test_a_fixed_threshold_is_taken_as_it_is():
    assert fit(ThresholdRule("fixed", 0.5)) == 0.5


def test_a_rule_without_its_value_is_refused():
    with pytest.raises(ValueError, match="needs a value"):
        fit(ThresholdRule("sensitivity"))


def test_between_neighbouring_floats_the_threshold_still_separates():
    low, high = 1.0, math.nextafter(1.0, 2.0)
    labels, scores = np.array([0, 0, 1, 1]), np.array([low, low, high, high])
    assert judge(fit(ThresholdRule("youden"), labels, scores), labels, scores).accuracy.value == 1


def test_when_nothing_is_called_positive_the_ppv_is_none_not_zero():
    point = judge(2.0)
    assert point.ppv.value is None
    assert point.ppv.reason == "no case was called positive"
    assert (point.sensitivity.value, point.specificity.value, point.f1) == (0, 1, 0)
    assert judge(0.0).npv.value is None


def test_a_score_at_the_threshold_counts_as_positive():
    assert judge(0.4).counts == Confusion(tp=4, fp=1, fn=0, tn=3)


def test_f1_is_the_harmonic_mean_of_ppv_and_sensitivity():
    point = judge(0.5)
    ppv, sensitivity = point.ppv.value, point.sensitivity.value
    assert point.f1 == pytest.approx(2 * ppv * sensitivity / (ppv + sensitivity))


def test_the_interval_of_f1_is_the_same_for_the_same_seed_and_agrees_with_resampling_cases():
    counts = Confusion(tp=45, fp=8, fn=7, tn=44)
    first, again = (f1_interval(counts, rng=np.random.default_rng(3)) for _ in range(2))
    assert first == again
    resampled = _resample_cases(counts, np.random.default_rng(4))
    assert (first.low, first.high) == (
        pytest.approx(resampled.low, abs=0.01),
        pytest.approx(resampled.high, abs=0.01),
    )


def _resample_cases(counts, rng, draws=4000):
    """The same bootstrap, case by case: each class is resampled at its own size."""
    positive = np.repeat([1, 0], [counts.tp, counts.fn])
    negative = np.repeat([1, 0], [counts.fp, counts.tn])
    tp = rng.choice(positive, (draws, positive.size)).sum(axis=1)
    fp = rng.choice(negative, (draws, negative.size)).sum(axis=1)
    low, high = np.quantile(2 * tp / (tp + fp + positive.size), [0.025, 0.975])
    return Interval(low, high, "resampled", 0.95)


def test_the_curve_counts_cases_at_each_distinct_threshold():
    curve = roc_counts([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], name="internal")
    assert curve.thresholds.tolist() == [math.inf, 0.9, 0.5, 0.1]
    assert curve.tp.tolist() == [0, 1, 2, 2]
    assert curve.fp.tolist() == [0, 0, 1, 2]


def test_corner_points_drop_only_the_points_inside_a_straight_run():
    curve = corner_points(roc_counts([1, 1, 1, 0, 0, 1], [6, 5, 4, 3, 2, 1], name="internal"))
    assert list(zip(curve.tp.tolist(), curve.fp.tolist(), strict=True)) == [(0, 0), (3, 0), (3, 2), (4, 2)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ThresholdRule("youden"), (2, 0)),
        (ThresholdRule("sensitivity", 1.0), (2, 0)),
        (ThresholdRule("specificity", 1.0), (0, 2)),
    ],
)
def test_a_threshold_of_equal_scores_is_a_number_that_calls_all_or_none(rule, expected):
    labels, scores = np.array([True, True, False, False]), np.full(4, 0.3)
    threshold = fit_threshold(labels, scores, rule, name="s")
    assert math.isfinite(threshold)
    found = confusion(labels, scores, threshold)
    assert (found.tp, found.tn) == expected

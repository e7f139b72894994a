"""What must hold for every data set, whatever the numbers."""

import numpy as np
import pytest
from examples import few
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import trapezoid
from scipy.stats import mannwhitneyu

from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.stats.delong import compare_paired
from ovcf_bench.stats.equivalence import judge_equivalence, judge_noninferiority
from ovcf_bench.stats.intervals import auroc_interval
from ovcf_bench.stats.multiplicity import holm
from ovcf_bench.stats.operating_point import ThresholdRule, fit_threshold, operate
from ovcf_bench.stats.roc import corner_points, roc_counts

NAME = "any set"


@st.composite
def cases(draw, curves=1):
    """Labels of both classes and `curves` score vectors on a coarse grid, so that ties are common."""
    n = draw(st.integers(4, 60))
    positives = draw(st.integers(2, n - 2))
    labels = np.array(draw(st.permutations([1] * positives + [0] * (n - positives))), dtype=bool)
    grid = st.integers(-12, 12).map(lambda step: step / 4)
    return (labels, *(draw(arrays(np.float64, n, elements=grid)) for _ in range(curves)))


@few
@given(cases())
def test_auroc_is_the_mann_whitney_statistic(sample):
    labels, scores = sample
    u = mannwhitneyu(scores[labels], scores[~labels], method="asymptotic").statistic
    expected = u / (labels.sum() * (~labels).sum())
    assert estimate_auroc(labels, scores, name=NAME).auroc == pytest.approx(expected, rel=1e-12)


@few
@given(cases())
def test_aurocs_of_a_score_and_its_negative_add_up_to_one(sample):
    labels, scores = sample
    forward, backward = (estimate_auroc(labels, s, name=NAME) for s in (scores, -scores))
    assert forward.auroc + backward.auroc == pytest.approx(1, abs=1e-15)
    assert forward.variance == pytest.approx(backward.variance, abs=1e-15)


@few
@given(cases(), st.randoms(use_true_random=False))
def test_monotone_maps_and_row_order_change_nothing(sample, random):
    labels, scores = sample
    expected = estimate_auroc(labels, scores, name=NAME)
    mapped = estimate_auroc(labels, np.exp(scores) + 1, name=NAME)
    assert (mapped.auroc, mapped.variance) == (expected.auroc, expected.variance)
    order = list(range(labels.size))
    random.shuffle(order)
    shuffled = estimate_auroc(labels[order], scores[order], name=NAME)
    assert shuffled.auroc == expected.auroc
    assert shuffled.variance == pytest.approx(expected.variance, rel=1e-12, abs=1e-18)


@few
@given(cases())
def test_the_interval_lies_in_the_unit_and_holds_the_estimate(sample):
    labels, scores = sample
    estimate = estimate_auroc(labels, scores, name=NAME)
    for level in (0.5, 0.9, 0.95, 0.99):
        interval = auroc_interval(estimate, level=level)
        if interval is not None:
            assert 0 <= interval.low <= estimate.auroc <= interval.high <= 1


@few
@given(cases(curves=2))
def test_swapping_the_views_turns_every_sign(sample):
    labels, first, second = sample
    forward = compare_paired(labels, first, second, name=NAME)
    backward = compare_paired(labels, second, first, name=NAME)
    assert forward.difference == -backward.difference
    assert (forward.p, forward.status) == (backward.p, backward.status)
    if forward.interval is not None:
        assert forward.interval.low == pytest.approx(-backward.interval.high, abs=1e-12)
        assert forward.interval.high == pytest.approx(-backward.interval.low, abs=1e-12)
    assert judge_equivalence(forward, 0.1).verdict == judge_equivalence(backward, 0.1).verdict


@few
@given(cases(curves=2))
def test_a_p_is_a_probability_and_identical_views_never_differ(sample):
    labels, first, second = sample
    paired = compare_paired(labels, first, second, name=NAME)
    assert paired.p is None or 0 <= paired.p <= 1
    same = compare_paired(labels, first, first, name=NAME)
    assert (same.difference, same.p) == (0, 1)


@few
@given(cases(curves=2), st.floats(0.001, 0.2), st.floats(0.001, 0.2))
def test_a_wider_margin_never_loses_non_inferiority(sample, narrow, more):
    labels, first, second = sample
    paired = compare_paired(labels, first, second, name=NAME)
    if judge_noninferiority(paired, narrow).verdict == "non-inferior":
        assert judge_noninferiority(paired, narrow + more).verdict == "non-inferior"


@few
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12))
def test_holm_is_never_below_the_raw_p_and_keeps_its_order(p_values):
    adjusted = holm(p_values)
    pairs = [(raw, holmed) for raw, holmed in zip(p_values, adjusted, strict=True) if raw is not None]
    assert all(raw <= holmed <= 1 for raw, holmed in pairs)
    assert [holmed for _, holmed in sorted(pairs)] == sorted(holmed for _, holmed in pairs)


@few
@given(cases())
def test_the_curve_ends_at_all_cases_and_its_corners_enclose_the_auroc(sample):
    labels, scores = sample
    for curve in (full := roc_counts(labels, scores, name=NAME), corner_points(full)):
        assert (curve.tp[0], curve.fp[0]) == (0, 0)
        assert (curve.tp[-1], curve.fp[-1]) == (labels.sum(), (~labels).sum())
        assert (np.diff(curve.thresholds) < 0).all()
        area = trapezoid(curve.tp / curve.positives, curve.fp / curve.negatives)
        assert area == pytest.approx(estimate_auroc(labels, scores, name=NAME).auroc, abs=1e-12)


@few
@given(cases(), st.floats(0.05, 0.95))
def test_a_fitted_threshold_keeps_its_promise_on_its_own_scores(sample, wanted):
    labels, scores = sample
    rng = np.random.default_rng(0)
    for kind in ("sensitivity", "specificity"):
        threshold = fit_threshold(labels, scores, ThresholdRule(kind, wanted), name=NAME)
        point = operate(labels, scores, threshold, name=NAME, rng=rng)
        assert getattr(point, kind).value >= wanted - 1e-9
    youden = operate(
        labels, scores, fit_threshold(labels, scores, ThresholdRule("youden"), name=NAME), name=NAME, rng=rng
    )
    cuts = np.unique(scores)
    best = max((scores[labels] >= cut).mean() + (scores[~labels] < cut).mean() for cut in cuts)
    assert youden.sensitivity.value + youden.specificity.value >= best - 1e-12

import json
from dataclasses import replace

import numpy as np
import pytest
from places import ROOT
from scipy.stats import multivariate_normal, norm, rankdata

from ovcf_bench.errors import StatisticsError
from ovcf_bench.stats.audit import audit_pair
from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.stats.binormal import auroc_covariance, auroc_variance, delong_variance
from ovcf_bench.stats.delong import compare_paired
from ovcf_bench.stats.equivalence import judge_equivalence, judge_noninferiority
from ovcf_bench.stats.power import Design, detectable_from_se, power, sample_size


def simulate(rng, design, studies=()):
    """Labels and scores (*studies, 2, cases) of two views: binormal, correlated within each class."""
    m, n, r = design.positives, design.negatives, design.correlation
    labels = np.repeat([1, 0], [m, n])
    shared, own = np.moveaxis(rng.standard_normal((*studies, 2, m + n)), -2, 0)
    views = np.stack([shared, r * shared + np.sqrt(1 - r**2) * own], axis=-2)
    return labels, views + np.sqrt(2) * norm.ppf([design.auroc_first, design.auroc_second])[:, None] * labels


def both(a, b, r):
    return multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([norm.ppf(a), norm.ppf(b)])


@pytest.mark.parametrize(("a", "b", "r"), [(0.8, 0.9, 0.5), (0.95, 0.95, 0.3), (0.5, 0.5, 0.4), (0.5, 0.7, -0.3)])
def test_covariances_are_those_of_the_bivariate_normal(a, b, r):
    m, n = 40, 60
    expected = (both(a, b, r) - a * b + (m + n - 2) * (both(a, b, r / 2) - a * b)) / (m * n)
    assert auroc_covariance(a, b, r, m, n) == pytest.approx(expected, rel=1e-6)


def test_moments_are_those_of_simulated_estimates():
    rng, design = np.random.default_rng(4), Design(0.85, 0.92, 0.6, 30, 45)
    labels, views = simulate(rng, design, studies=(3000,))
    aurocs = (rankdata(views, axis=-1)[..., labels == 1].sum(axis=-1) - 30 * 31 / 2) / (30 * 45)
    estimated = [estimate_auroc(labels, first, name="simulated").variance for first, _ in views[:800]]
    joint = np.cov(aurocs.T)
    assert auroc_variance(0.85, 30, 45) == pytest.approx(joint[0, 0], rel=0.08)
    assert auroc_covariance(0.85, 0.92, 0.6, 30, 45) == pytest.approx(joint[0, 1], rel=0.12)
    assert delong_variance(0.85, 30, 45) == pytest.approx(np.mean(estimated), rel=0.03)
    assert delong_variance(0.85, 30, 45) > auroc_variance(0.85, 30, 45)


@pytest.mark.parametrize(("claim", "margin"), [("difference", None), ("equivalence", 0.05), ("noninferiority", 0.05)])
@pytest.mark.parametrize("aurocs", [(0.85, 0.9), (0.93, 0.93)])
def test_exchanging_the_views_changes_nothing(claim, margin, aurocs):
    design = Design(*aurocs, 0.4, 80, 120, claim, margin)
    swapped = replace(design, auroc_first=aurocs[1], auroc_second=aurocs[0])
    if claim != "noninferiority" or aurocs[0] == aurocs[1]:  # a loss is no gain
        assert power(swapped) == pytest.approx(power(design), abs=1e-12)
    else:
        assert power(swapped) > power(design)


@pytest.mark.slow
@pytest.mark.parametrize(
    "design",
    [
        Design(0.80, 0.85, 0.5, 100, 100),
        Design(0.75, 0.85, 0.0, 50, 150),
        Design(0.93, 0.93, 0.5, 100, 100, "noninferiority", 0.05),
        Design(0.80, 0.80, 0.3, 150, 50, "equivalence", 0.15),
    ],
)
def test_power_is_how_often_the_test_itself_shows_the_claim(design):
    rng = np.random.default_rng(12)
    shown = 0
    for _ in range(4000):
        labels, views = simulate(rng, design)
        paired = compare_paired(labels, *views, name="simulated")
        if design.claim == "difference":
            shown += paired.p < 0.05
        elif design.claim == "noninferiority":
            shown += judge_noninferiority(paired, design.margin).verdict == "non-inferior"
        else:
            shown += judge_equivalence(paired, design.margin).verdict == "equivalent"
    assert power(design) == pytest.approx(shown / 4000, abs=0.03)


def test_the_committed_simulation_agrees_within_three_points():

    result = json.loads((ROOT / "benchmarks/results/power_simulation.json").read_text())
    assert result["simulations"] == 20_000
    assert len(result["designs"]) == 12
    for row in result["designs"]:
        simulated = row.pop("simulated")
        formula = row.pop("formula")
        assert power(Design(**row)) == pytest.approx(formula, abs=1e-9)
        assert abs(formula - simulated) <= 0.03


def test_power_grows_with_size_correlation_and_distance():
    base = Design(0.85, 0.90, 0.3, 100, 100)
    assert power(base) < power(replace(base, positives=200, negatives=200))
    assert power(base) < power(replace(base, correlation=0.6))
    assert power(base) < power(replace(base, auroc_second=0.93))
    assert power(Design(0.9, 0.9, 0.5, 400, 400)) == pytest.approx(0.05, abs=0.01)


def test_a_sample_size_is_the_smallest_that_reaches_the_power():
    design = Design(0.93, 0.93, 0.5, 100, 100, "noninferiority", 0.05)
    found = sample_size(design, 0.8, ratio=2)
    assert found.negatives == 2 * found.positives
    assert found.power >= 0.8
    fewer = replace(design, positives=found.positives - 1, negatives=2 * (found.positives - 1))
    assert power(fewer) < 0.8


@pytest.mark.parametrize(
    ("design", "why"),
    [
        (Design(0.9, 0.9, 0.5, 50, 50), "equal"),
        (Design(0.85, 0.9, 0.5, 50, 50, "noninferiority", 0.05), "margin"),
        (Design(0.9, 0.8, 0.5, 50, 50, "equivalence", 0.05), "margin"),
    ],
)
def test_no_size_shows_what_is_not_true(design, why):
    found = sample_size(design, 0.8)
    assert found.positives is None
    assert why in found.reason


def test_a_wrong_design_is_refused_with_all_its_mistakes():
    with pytest.raises(StatisticsError) as caught:
        power(Design(0.9, 1.2, 2, 10, 50, "noninferiority"))
    assert len(caught.value.problems) == 4


def test_detectable_differences_are_found_with_the_wanted_power():
    found = detectable_from_se(0.01)
    assert found == pytest.approx((1.959964 + 0.841621) * 0.01, rel=1e-6)
    assert norm.sf(norm.ppf(0.975) - found / 0.01) == pytest.approx(0.8, abs=1e-4)


def test_the_published_internal_p_is_impossible_and_the_external_one_possible():
    internal = audit_pair(0.915, 0.953, 354, 354, 0.604)
    assert internal.verdict == "impossible"
    assert internal.se_bound == pytest.approx(0.037, abs=0.0005)
    assert internal.p_bound == pytest.approx(0.32, abs=0.005)
    assert "cannot refer to this test set, under DeLong's test with one image per patient" in internal.sentence
    assert audit_pair(0.982, 0.979, 52, 52, 0.604).verdict == "possible"
    by_correlation = {r: (low, high) for r, low, high in internal.by_correlation}
    assert by_correlation[0.0][0] < 0.0023 < by_correlation[0.0][1]  # simulated: .0023
    assert by_correlation[0.9][0] < 3e-11 < by_correlation[0.9][1]  # simulated: 3e-11


def test_no_data_set_passes_the_bound():
    rng = np.random.default_rng(9)
    for _ in range(60):
        m, n = rng.integers(3, 12, 2)
        labels = np.repeat([1, 0], [m, n])
        first, second = rng.integers(0, 5, (2, m + n)) + labels * rng.integers(0, 3)
        paired = compare_paired(labels, first, second, name="any")
        if paired.p is None:
            continue
        found = audit_pair(paired.first.auroc, paired.second.auroc, m, n, paired.p, decimals=12, p_decimals=12)
        assert found.verdict != "impossible"


def test_a_p_outside_the_expected_range_is_implausible_and_an_unknown_one_has_no_verdict():
    assert audit_pair(0.915, 0.953, 354, 354, 0.2).verdict == "implausible"
    unknown = audit_pair(0.915, 0.953, 354, 354, None)
    assert unknown.verdict is None
    assert unknown.reason


@pytest.mark.parametrize(("a", "p"), [(1.2, 0.5), (-0.1, 2.0)])
def test_figures_that_no_test_set_has_are_refused(a, p):
    with pytest.raises(StatisticsError, match="no AUROC"):
        audit_pair(a, 0.9, 50, 50, p)

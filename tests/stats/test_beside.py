"""Methods beside DeLong's test, on every case of the reference values (pROC 1.18.0, base R, formulae)."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from places import ORACLE
from scipy.stats import t as student

from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.stats.bootstrap import compare_by_bootstrap
from ovcf_bench.stats.clusters import estimate_clustered
from ovcf_bench.stats.contrast import contrast_test
from ovcf_bench.stats.corrected_t import corrected_t, split_variance
from ovcf_bench.stats.delong import compare_all_data, compare_paired, wald_interval
from ovcf_bench.stats.interaction import compare_groups
from ovcf_bench.stats.multiplicity import benjamini_hochberg
from ovcf_bench.stats.partial_auroc import compare_partial, partial_auroc
from ovcf_bench.stats.permutation import compare_curves, exchange_views
from ovcf_bench.stats.readers import analyse_readers
from ovcf_bench.stats.unpaired import compare_unpaired, welch_df

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())
CASES = sorted(REFERENCE["cases"])
SMALL = [case for case in CASES if "n5000" not in case]
RESAMPLED = [case for case in CASES if "n20_" not in case]
VIEWS = ("ap", "lat", "third")


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-14)


def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def tables():
    return {path.stem: pd.read_csv(path) for path in ORACLE.glob("*.csv")}


def test_clustered_variance_covariance_and_test_agree_with_obuchowski(tables):
    expected, table = REFERENCE["clustered"]["c01_clustered_p200"], tables["c01_clustered_p200"]
    found = compare_paired(table["y"], table["ap"], table["lat"], name="c01", clusters=table["patient_id"])
    assert (found.first.auroc, found.second.auroc) == (close(expected["auc_ap"]), close(expected["auc_lat"]))
    assert (found.first.variance, found.second.variance) == (close(expected["var_ap"]), close(expected["var_lat"]))
    assert (found.covariance, found.se) == (close(expected["cov"]), close(expected["se"]))
    assert (found.z, found.p) == (close(expected["z"]), close(expected["p"]))
    assert found.first.clusters == expected["n_patients"]
    naive = compare_paired(table["y"], table["ap"], table["lat"], name="c01")
    assert (naive.z, naive.p) == (
        close(expected["naive_image_level"]["z"]),
        close(expected["naive_image_level"]["p"]),
    )
    single = estimate_clustered(table["y"].to_numpy(bool), table["ap"].to_numpy(), table["patient_id"].to_numpy(object))
    assert single.variance == close(expected["var_ap"])
    for wald in expected["noninferiority_and_tost"]:
        limits = wald_interval(found, level=0.9)
        assert [limits.low, limits.high] == close(wald["ci90"])


@pytest.mark.parametrize("case", CASES)
def test_clusters_of_one_case_and_no_missing_view_give_delong(tables, case):
    table = tables[case].dropna(subset=["ap", "lat"])
    plain = compare_paired(table["y"], table["ap"], table["lat"], name=case)
    own = compare_paired(table["y"], table["ap"], table["lat"], name=case, clusters=table["patient_id"])
    whole = compare_all_data(table["y"], table["ap"], table["lat"], name=case)
    for other in (own, whole):
        assert (other.difference, other.p) == (plain.difference, close(plain.p))
        assert other.se == pytest.approx(plain.se, rel=1e-9, abs=1e-9)
    names = [table[view] for view in VIEWS]
    clustered = contrast_test(table["y"], names, name=case, clusters=table["patient_id"])
    plain = contrast_test(table["y"], names, name=case)
    assert (clustered.chi2, clustered.df) == (close(plain.chi2), plain.df)


def test_all_data_agrees_with_zhou_and_gatsonis(tables):
    table = tables["s10_n708_rho03_partial"]
    expected = REFERENCE["cases"]["s10_n708_rho03_partial"]["ap_vs_lat"]["zhou_gatsonis"]
    found = compare_all_data(table["y"], table["ap"], table["lat"], name="s10")
    assert (found.first.auroc, found.second.auroc) == (close(expected["auc_a"]), close(expected["auc_b"]))
    assert (found.first.variance, found.second.variance) == (close(expected["var_a"]), close(expected["var_b"]))
    assert (found.covariance, found.se) == (close(expected["cov"]), close(expected["se"]))
    assert (found.z, found.p) == (close(expected["z"]), close(expected["p"]))


def test_views_without_a_common_case_are_as_good_as_independent(tables):
    table = tables["s03_n104_rho03"]
    apart = table.assign(ap=table["ap"].where(table.index % 2 == 0), lat=table["lat"].where(table.index % 2 == 1))
    found = compare_all_data(apart["y"], apart["ap"], apart["lat"], name="apart")
    assert found.se == close(math.sqrt(found.first.variance + found.second.variance))


@pytest.mark.parametrize("case", CASES)
def test_the_unpaired_test_agrees_with_proc(tables, case):
    expected = REFERENCE["cases"][case]["ap_vs_lat"]["delong_unpaired"]
    table = tables[case].dropna(subset=["ap", "lat"])
    first, second = (estimate_auroc(table["y"], table[view], name=case) for view in ("ap", "lat"))
    found = compare_unpaired(first, second)
    assert (found.z, found.p) == (close(expected["D"]), close(expected["p"]))
    assert welch_df(first, second) == close(expected["df"])


@pytest.mark.parametrize("case", CASES)
def test_wald_limits_agree_with_the_reference(tables, case):
    table = tables[case]
    found = compare_paired(table["y"], table["ap"], table["lat"], name=case)
    for expected in REFERENCE["cases"][case]["ap_vs_lat"]["noninferiority_and_tost"]:
        if found.status == "identical_ranks":
            assert wald_interval(found, level=0.9) is None
        else:
            limits = wald_interval(found, level=0.9)
            assert [limits.low, limits.high] == close(expected["ci90"])


@pytest.mark.parametrize("case", CASES)
def test_the_difference_of_differences_agrees_with_the_reference(tables, case):
    expected, table = REFERENCE["cases"][case]["subgroup_sex"], tables[case]
    found = {}
    for group in expected["groups"]:
        part = table[table["sex"] == group["sex"]].dropna(subset=["ap", "lat"])
        paired = compare_paired(part["y"], part["ap"], part["lat"], name=case)
        assert (paired.difference, paired.se**2) == (close(group["diff"]), close(group["var"]))
        found[group["sex"]] = paired
    test = compare_groups([one.difference for one in found.values()], [one.se**2 for one in found.values()])
    if expected["z"] == "NaN":
        assert test.p is None
        assert test.reason
    else:
        assert (test.difference, test.se) == (close(expected["dod"]), close(expected["se"]))
        assert (test.z, test.p) == (close(expected["z"]), close(expected["p"]))
        assert test.chi2 == close(expected["z"] ** 2)


def test_three_groups_are_compared_by_the_weighted_chi_square():
    effects, variances = np.array([0.02, -0.05, 0.01]), np.array([0.0004, 0.0009, 0.0001])
    weights = 1 / variances
    pooled = (weights * effects).sum() / weights.sum()
    found = compare_groups(effects, variances)
    assert found.chi2 == close(float((weights * (effects - pooled) ** 2).sum()))
    assert (found.df, found.difference) == (2, None)


@pytest.mark.parametrize("case", CASES)
def test_benjamini_hochberg_agrees_with_r(case):
    expected = REFERENCE["cases"][case]["multi"]
    raw = expected["pairwise_p"]
    if "NA" in raw:  # pROC leaves the test of identical curves undefined and R drops it; ours stays in the family
        (twice,) = {p for p in raw if p != "NA"}
        adjusted = benjamini_hochberg([None if p == "NA" else p for p in raw])
        assert adjusted == tuple(None if p == "NA" else close(twice * 3 / 2) for p in raw)
    else:
        assert list(benjamini_hochberg(raw)) == close(expected["bh"])


@pytest.mark.parametrize("case", RESAMPLED)
def test_the_bootstrap_agrees_with_proc_within_its_noise(tables, case):
    table, expected = tables[case], REFERENCE["cases"][case]
    found = compare_by_bootstrap(table["y"], table["ap"], table["lat"], name=case, rng=rng())
    reference = expected["ap_vs_lat"]["bootstrap_pROC"]["D"]
    if reference == 0:
        assert (found.z, found.p, found.difference) == (0.0, 1.0, 0.0)
    else:
        assert abs(math.log(found.z / reference)) <= 0.10
    if not table["ap"].isna().any():  # the reference has one view's interval on all of its cases
        for view, interval in (("ap", found.first_interval), ("lat", found.second_interval)):
            assert [interval.low, interval.high] == pytest.approx(expected[view]["boot_ci_pROC_percentile"], abs=0.01)


def test_matrix_product_and_weighted_ranks_are_the_same_bootstrap(tables, monkeypatch):
    table = tables["s08_n708_rho08_ties5"]
    arguments = (table["y"], table["ap"], table["lat"])
    product = compare_by_bootstrap(*arguments, name="s08", rng=rng(), resamples=60)
    monkeypatch.setattr("ovcf_bench.stats.bootstrap.LARGEST_MATRIX", 0)
    ranks = compare_by_bootstrap(*arguments, name="s08", rng=rng(), resamples=60)
    assert abs(product.se / ranks.se - 1) < 0.5  # other draws of the same distribution
    assert product.difference == ranks.difference


def test_a_bootstrap_by_patient_is_wider_than_one_that_ignores_them(tables):
    table = tables["c01_clustered_p200"]
    arguments = (table["y"], table["ap"], table["lat"])
    clustered = compare_by_bootstrap(*arguments, name="c01", rng=rng(), clusters=table["patient_id"], resamples=800)
    expected = REFERENCE["clustered"]["c01_clustered_p200"]
    assert clustered.se == pytest.approx(expected["se"], rel=0.1)
    assert abs(math.log(clustered.z / expected["z"])) <= 0.12
    assert clustered.percentile.low < expected["diff"] < clustered.percentile.high


def test_bca_shifts_the_interval_of_a_skewed_estimate(tables):
    table = tables["s03_n104_rho03"]
    found = compare_by_bootstrap(table["y"], table["ap"], table["lat"], name="s03", rng=rng())
    assert found.bca.low < found.percentile.low
    assert found.bca.low < found.difference < found.bca.high


@pytest.mark.parametrize("case", SMALL[:5])
def test_venkatraman_agrees_with_proc(tables, case):
    table, expected = tables[case], REFERENCE["cases"][case]["ap_vs_lat"]["venkatraman"]
    found = compare_curves(table["y"], table["ap"], table["lat"], name=case, rng=rng(), draws=4000)
    assert found.p == pytest.approx(expected["p"], abs=0.05)
    assert found.statistic == expected["E"] or "ties" in case  # E depends on how ties are broken


def test_the_exchange_of_views_counts_every_exchange_of_a_small_study(tables):
    table = tables["s01_n20_rho0"]
    found = exchange_views(table["y"], table["ap"], table["lat"], name="s01", rng=rng())
    a, b = table["ap"].rank().to_numpy(), table["lat"].rank().to_numpy()
    differ = np.flatnonzero(a != b)
    draws = np.random.default_rng(5).integers(2, size=(4000, differ.size)).astype(bool)
    mask = np.zeros((4000, 20), bool)
    mask[:, differ] = draws
    labels = table["y"].to_numpy()
    differences = _aurocs(labels, np.where(mask, b, a)) - _aurocs(labels, np.where(mask, a, b))
    extreme = abs(differences) >= abs(found.statistic) - 1e-12
    assert found.exact
    assert found.p == pytest.approx(np.mean(extreme), abs=0.03)


def _aurocs(labels, scores):
    """The AUROC of each row of scores, by its definition."""
    positive, negative = scores[:, labels == 1, None], scores[:, None, labels == 0]
    return np.mean((positive > negative) + 0.5 * (positive == negative), axis=(1, 2))


def test_the_exchange_test_says_something_where_delong_does_not():
    # Every positive moves by the same number of negatives, so that the difference has no variance.
    y = np.repeat([1, 0], 4)
    first, second = np.r_[np.full(4, 9.0), 1, 2, 3, 4], np.r_[np.full(4, 0.0), 1, 2, 3, 4]
    assert compare_paired(y, first, second, name="moved").p is None
    found = exchange_views(y, first, second, name="moved", rng=rng())
    assert found.exact
    assert found.p < 0.2


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_partial_areas_agree_with_proc(tables, case, view):
    expected, table = REFERENCE["cases"][case][view], tables[case]
    found = partial_auroc(table["y"], table[view], name=case)
    assert (found.area, found.standardised) == (
        close(expected["pauc_spec_1_09"]),
        close(expected["pauc_spec_1_09_mcclish"]),
    )


@pytest.mark.parametrize("case", ["s03_n104_rho03", "s04_n104_rho08_perfect_lat", "s05_n104_identical"])
def test_partial_areas_are_compared_as_by_proc(tables, case):
    table, expected = tables[case], REFERENCE["cases"][case]["ap_vs_lat"]["pauc_spec_bootstrap"]
    found = compare_partial(table["y"], table["ap"], table["lat"], name=case, rng=rng())
    if expected["D"] == 0:
        assert (found.z, found.p) == (0.0, 1.0)
    else:
        assert abs(math.log(found.z / expected["D"])) <= 0.10


def test_readers_agree_with_the_published_analysis_of_van_dyke(tables):
    expected = json.loads((ORACLE / "vandyke.json").read_text())
    table = tables["vandyke"]
    scores = np.stack([[table[f"t{test}_r{reader}"] for reader in range(1, 6)] for test in (1, 2)])
    found = analyse_readers(table["truth"], scores, name="Van Dyke")
    assert np.array(found.aurocs) == close(np.array(expected["auroc"]))
    assert list(found.means) == close(expected["means"])
    pairs = {
        "MST": found.ms_test, "MSR": found.ms_reader, "MSTR": found.ms_interaction,
        "error_variance": found.error_variance, "cov1": found.cov1, "cov2": found.cov2, "cov3": found.cov3,
        "F": found.f, "df1": found.df1, "df2": found.df2, "p": found.p, "difference": found.difference, "se": found.se,
    }  # fmt: skip
    for name, value in pairs.items():
        assert value == close(expected[name]), name
    assert [found.interval.low, found.interval.high] == pytest.approx(expected["ci95"], rel=1e-9, abs=1e-12)


def test_readers_that_do_not_interact_with_the_tests_have_a_p_from_the_limit():
    y = np.repeat([1, 0], 20)
    generator = np.random.default_rng(6)
    first, second = generator.standard_normal((2, 40)) + y
    found = analyse_readers(y, [[first] * 3, [second] * 3], name="alike")
    assert found.df2 is None
    assert 0 < found.p < 1
    assert found.interval.low < found.difference < found.interval.high


def test_the_corrected_t_is_the_papers_formula():
    differences = [[0.02, 0.05, -0.01, 0.03, 0.04]]
    values = np.array(differences[0])
    se = math.sqrt((1 / 5 + (1 / 5) / (4 / 5)) * values.var(ddof=1))
    found = corrected_t(differences)
    assert (found.t, found.df) == (close(values.mean() / se), 4)
    assert found.p == close(2 * student.sf(values.mean() / se, 4))
    naive = values.mean() / math.sqrt(values.var(ddof=1) / 5)
    assert found.t < naive


def test_components_of_variance_are_found_again():
    generator = np.random.default_rng(3)
    of_folds, of_cases = 0.03 * generator.standard_normal(400), 0.02 * generator.standard_normal(400)
    values = of_folds + of_cases + 0.01 * generator.standard_normal((30, 400))
    found = split_variance(values, 0.02**2)
    assert found.sd_cases == close(0.02)
    assert found.sd_folds == pytest.approx(0.03, rel=0.1)
    assert found.sd_repeats == pytest.approx(0.01, rel=0.05)
    assert split_variance(values[:1], 0.02**2).sd_repeats is None
    assert "nothing" in split_variance(values, 1.0).reason

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import yaml
from places import ORACLE
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from ovcf_bench import scores as score_table
from ovcf_bench.errors import StatisticsError
from ovcf_bench.findings import build, from_study, to_json
from ovcf_bench.study import parse
from ovcf_bench.vocabulary import SCORE_COLUMNS, Comparison

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]
MOVER = json.loads((ORACLE / "mover.json").read_text())
AP, LATERAL, THIRD = "ap/net", "lat/net", "third/net"
RESAMPLES = 40  # what resampling gives is tested with its statistics
BOTH = Comparison("ap_vs_lat", AP, LATERAL, "noninferiority", 0.05)


def study(*, views=("ap", "lat"), comparisons=(BOTH,), sets=("internal",), **changes):
    document = {
        "schema": 1,
        "title": "AP and lateral",
        "question": "Which view?",
        "cohorts": {name: {"dataset": "phantom"} for name in ("hospital", *sets)},
        "splits": {"development": {"from": "hospital"}} | {name: {"from": name} for name in sets},
        "models": {"net": {"model": "timm"}},
        "arms": {"views": list(views)},
        "comparisons": [
            {name: value for name, value in asdict(one).items() if value is not None} for one in comparisons
        ],
    } | changes
    if comparisons:
        document["primary"] = {"set": sets[0], "comparison": comparisons[0].id}
    return parse(yaml.safe_dump(document), None)


def rows(case, *, set_name="internal", views=("ap", "lat"), kind="ensemble", fold=0, shuffle=None):
    """Rows of the score table from a reference file; `kind` is ensemble, network or oof."""
    table = pd.read_csv(ORACLE / f"{case}.csv") if isinstance(case, str) else case
    single = kind != "ensemble"
    for view in views:
        order = table.index if shuffle is None else shuffle.permutation(table.index)
        for _, one in table.loc[order].iterrows():
            yield {
                "set": "development" if kind == "oof" else set_name,
                "kind": "oof" if kind == "oof" else "test",
                "target": "label", "arm": f"{view}/net", "view": view, "model": "net",
                "repeat": 0 if single else None, "fold": fold if single else None,
                "ensemble": "none" if single else "mean_logit",
                "patient_id": one["patient_id"], "exam_id": f"e-{one['patient_id']}",
                "image_id": f"{view}-{one['patient_id']}", "site": "A", "label": one["y"],
                "score": one[view], "logit": logit(one[view]),
            }  # fmt: skip


def development(*, views=("ap", "lat"), shift=2.0, n=120):
    """Out-of-fold rows of two folds."""
    rng = np.random.default_rng(11)
    for fold in range(2):
        y = np.repeat([0, 1], n // 4)
        frame = pd.DataFrame({"patient_id": [f"d{fold}-{i}" for i in range(y.size)], "y": y})
        for view in views:
            frame[view] = 1 / (1 + np.exp(-(rng.standard_normal(y.size) + shift * (y - 0.5))))
        yield from rows(frame, views=views, kind="oof", fold=fold)


def find(a_study, all_rows, *, declared=None, failed=(), cohort=None, flow=None):
    table = score_table.build(all_rows)
    cohort = pd.DataFrame({"patient_id": [], "split": [], "label": []}) if cohort is None else cohort
    if declared is None:
        declared = {one.id: True for one in a_study.comparisons}
    return build(
        replace(from_study(a_study), resamples=RESAMPLES),
        table,
        flow=flow or {},
        cohort_table=cohort,
        declared=declared,
        failed=failed,
    )


def close(expected):
    return pytest.approx(expected, rel=1e-9)


@pytest.fixture(scope="module")
def found():
    all_rows = [
        *development(),
        *rows("s07_n708_rho03"),
        *rows("s03_n104_rho03", kind="network", fold=0),
        *rows("s07_n708_rho03", kind="network", fold=1),
    ]
    return find(study(), all_rows)


def test_an_arm_has_the_reference_auroc_and_interval(found):
    expected = REFERENCE["s07_n708_rho03"]["ap"]
    arm = found.sets["internal"].arms[AP]
    assert (arm.auroc, arm.variance) == (close(expected["auc"]), close(expected["delong_var"]))
    assert arm.ci == close(tuple(expected["delong_ci_logit"]))
    assert (arm.n, arm.positives, arm.negatives, arm.missing) == (708, 354, 354, 0)
    assert (arm.status, arm.reason, arm.covers_half) == ("ok", "", False)


def test_a_comparison_has_the_reference_test_and_movers_verdicts(found):
    expected = REFERENCE["s07_n708_rho03"]["ap_vs_lat"]
    (comparison,) = found.sets["internal"].comparisons
    assert comparison.difference == close(expected["diff"])
    assert (comparison.z, comparison.p) == (
        close(expected["delong_paired"]["z"]),
        close(expected["delong_paired"]["p"]),
    )
    assert comparison.p_holm == comparison.p
    assert comparison.noninferiority.ci == close(tuple(MOVER["s07_n708_rho03"]["ci95"]))
    assert comparison.equivalence.ci == close(tuple(MOVER["s07_n708_rho03"]["ci90"]))
    assert (comparison.noninferiority.verdict, comparison.noninferiority.direction) == (
        "non-inferior",
        "inferior",
    )
    assert comparison.conclusion == (
        "ap/net is non-inferior to lat/net at the declared margin of 0.05 (one-sided 97.5 % limit −0.041), "
        "and at the same time inferior: the 95 % interval lies between −0.050 and 0."
    )


def test_the_single_networks_stand_beside_the_ensemble(found):
    folds = found.sets["internal"].arms[AP].folds
    aurocs = [REFERENCE[case]["ap"]["auc"] for case in ("s03_n104_rho03", "s07_n708_rho03")]
    assert [entry.auroc for entry in folds.aurocs] == close(aurocs)
    assert (folds.n, folds.mean) == (2, close(np.mean(aurocs)))
    assert folds.sd == close(np.std(aurocs, ddof=1))
    assert (folds.min, folds.max) == (close(min(aurocs)), close(max(aurocs)))


def test_development_has_fold_aurocs_and_no_test(found):
    arm = found.development[AP]
    assert (arm.n, arm.positives, arm.folds.n) == (120, 60, 2)
    assert not hasattr(arm, "p")


def test_the_threshold_is_fitted_out_of_fold_and_only_judged_on_the_test_set(found):
    point = found.sets["internal"].arms[AP].operating_point
    oof = [row for row in development() if row["arm"] == AP]
    score, label = (np.array([row[name] for row in oof]) for name in ("score", "label"))
    assert point.development.sensitivity.value == np.mean(score[label == 1] >= point.threshold)
    assert point.development.specificity.value == np.mean(score[label == 0] < point.threshold)
    test = pd.read_csv(ORACLE / "s07_n708_rho03.csv")
    called = test["ap"] >= point.threshold
    assert point.achieved.tp == (called & (test["y"] == 1)).sum()
    assert point.achieved.fp == (called & (test["y"] == 0)).sum()
    assert (point.rule, point.fitted_on, point.optimistic) == (
        "Youden index",
        "development (out of fold)",
        False,
    )


def test_the_vote_of_the_folds_uses_each_networks_own_threshold():
    oof, networks = list(development()), []
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
    for fold, power_of in enumerate((1.0, 2.0, 0.5)):
        networks += rows(table.assign(ap=table["ap"] ** power_of), kind="network", fold=fold)
    extra = [one | {"fold": 2, "patient_id": f"x{one['patient_id']}", "exam_id": f"x{one['exam_id']}",
                    "image_id": f"x{one['image_id']}"} for one in oof if one["fold"] == 0]  # fmt: skip
    found = find(study(), [*oof, *extra, *rows(table), *networks])
    vote = found.sets["internal"].arms[AP].operating_point.vote
    calls = []
    for fold, power_of in enumerate((1.0, 2.0, 0.5)):
        own = pd.DataFrame([one for one in [*oof, *extra] if one["arm"] == AP and one["fold"] == fold])
        cuts = np.sort(own["score"])
        youden = [(own["score"][own["label"] == 1] >= cut).mean() - (own["score"][own["label"] == 0] >= cut).mean()
                  for cut in cuts]  # fmt: skip
        best = cuts[np.flatnonzero(np.isclose(youden, max(youden)))[0]]
        calls.append(table["ap"].to_numpy() ** power_of >= best)
    majority, y = np.mean(calls, axis=0) > 0.5, table["y"].to_numpy() == 1
    assert vote.tp == pytest.approx(np.sum(majority & y), abs=1)  # a threshold lies between two scores
    assert vote.fp == pytest.approx(np.sum(majority & ~y), abs=1)
    fixed = find(study(threshold=0.5), [*oof, *extra, *rows(table), *networks])
    assert fixed.sets["internal"].arms[AP].operating_point.vote is None


def test_roc_counts_end_at_all_cases_and_start_at_none(found):
    roc = found.sets["internal"].arms[AP].roc
    assert (roc.threshold[0], roc.tp[0], roc.fp[0]) == (None, 0, 0)
    assert (roc.tp[-1], roc.fp[-1]) == (354, 354)
    thresholds = [cut for cut in roc.threshold if cut is not None]
    assert thresholds == sorted(thresholds, reverse=True)
    assert all(0 <= cut <= 1 for cut in thresholds)


def test_the_answer_names_figures_difference_and_verdict(found):
    first, second, third = (sentence.text for sentence in found.summary)
    assert first.startswith("On internal (708 cases, 354 positive) the AUROC was 0.937 (95 % CI 0.918 to 0.952)")
    assert "−0.021 (95 % CI −0.040 to −0.002, DeLong p = 0.027) for these trained networks" in second
    assert third == found.sets["internal"].comparisons[0].conclusion


def test_the_json_is_complete_and_holds_neither_nan_nor_infinity(found):
    text = to_json(found)
    again = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in findings.json"))
    assert again["schema"] == 1
    assert list(again) == [
        "schema", "study", "primary", "sets", "development", "flow", "table1", "summary", "notes",
        "across_sets", "cross_validated", "audit", "gallery",
    ]  # fmt: skip
    assert again["sets"]["internal"]["arms"][AP]["auroc"] == found.sets["internal"].arms[AP].auroc
    assert again["primary"] == {"set": "internal", "comparison": "ap_vs_lat"}


def test_arms_are_joined_by_case_and_never_by_position(found):
    shuffled = [*development(), *rows("s07_n708_rho03", shuffle=np.random.default_rng(2))]
    again = find(study(), shuffled)
    assert again.sets["internal"].comparisons == found.sets["internal"].comparisons


def test_a_missing_view_is_counted_and_tested_on_complete_pairs():
    expected = REFERENCE["s10_n708_rho03_partial"]
    partial = [row for row in rows("s10_n708_rho03_partial") if not math.isnan(row["score"])]
    internal = find(study(), [*development(), *partial]).sets["internal"]
    assert internal.arms[AP].auroc == close(expected["ap"]["auc"])
    (comparison,) = internal.comparisons
    assert comparison.n == expected["ap_vs_lat"]["n"]
    assert comparison.p == close(expected["ap_vs_lat"]["delong_paired"]["p"])
    assert internal.arms[AP].missing == internal.n - internal.arms[AP].n > 0
    assert comparison.missing == internal.n - comparison.n


def test_empty_scores_mean_the_same_as_absent_rows():
    listed = find(study(), [*development(), *rows("s10_n708_rho03_partial")]).sets["internal"]
    partial = [row for row in rows("s10_n708_rho03_partial") if not math.isnan(row["score"])]
    absent = find(study(), [*development(), *partial]).sets["internal"]
    assert listed.arms[AP].auroc == absent.arms[AP].auroc
    assert listed.comparisons[0].p == absent.comparisons[0].p


def test_two_labels_of_one_case_are_counted_and_never_named():
    all_rows = list(rows("s03_n104_rho03"))
    for row in all_rows[:2]:
        row["label"] = 1 - row["label"]
    with pytest.raises(StatisticsError, match="set 'internal': 2 patients have both labels") as caught:
        find(study(), [*development(), *all_rows])
    assert "P0000" not in str(caught.value)


def test_a_set_of_one_class_is_an_error_that_names_it():
    positives = [row for row in rows("s03_n104_rho03") if row["label"] == 1]
    with pytest.raises(StatisticsError, match="set 'internal': the scored cases hold one class only"):
        find(study(), [*development(), *positives])


def test_an_arm_with_a_failed_unit_has_no_ensemble_and_keeps_its_networks():
    all_rows = [
        *development(),
        *rows("s03_n104_rho03", views=("lat",)),
        *rows("s03_n104_rho03", kind="network", views=("ap",)),
    ]
    failed = [{"arm": AP, "repeat": 0, "fold": 1, "reason": "the loss became NaN"}]
    found = find(study(), all_rows, failed=failed)
    arm = found.sets["internal"].arms[AP]
    assert (arm.auroc, arm.roc, arm.operating_point.achieved) == (None, None, None)
    assert arm.reason == "repeat 1 fold 2 failed (the loss became NaN)"
    assert arm.folds.n == 1
    (comparison,) = found.sets["internal"].comparisons
    assert (comparison.p, comparison.p_holm, comparison.noninferiority.verdict) == (None, None, None)
    assert "the loss became NaN" in comparison.reason
    assert "has no result" in found.summary[0].text
    assert any("nothing was imputed" in note for note in found.notes)
    assert found.sets["internal"].arms[LATERAL].auroc is not None


def test_images_of_one_patient_are_averaged_on_the_logit_scale():
    def twice(one):
        return [one | {"image_id": f"{one['image_id']}{k}", "logit": one["logit"] + k, "score": 0.5} for k in (-1, 1)]

    doubled = [image for one in rows("s03_n104_rho03") for image in twice(one)]
    arm = find(study(), [*development(), *doubled]).sets["internal"].arms[AP]
    assert (arm.n, arm.auroc) == (104, close(REFERENCE["s03_n104_rho03"]["ap"]["auc"]))


def test_at_image_level_repeated_patients_get_clustered_intervals():
    doubled = [
        one | {"image_id": f"{one['image_id']}{k}"} for one in rows("s03_n104_rho03", views=("ap",)) for k in "ab"
    ]
    single = study(views=("ap",), comparisons=(), analysis_level="image")
    found = find(single, [*development(views=("ap",)), *doubled])
    arm = found.sets["internal"].arms[AP]
    expected = REFERENCE["s03_n104_rho03"]["ap"]
    assert (arm.n, arm.auroc) == (208, close(expected["auc"]))
    # Every patient twice with the same score: the information, and so the interval, is that of one case each.
    assert arm.ci == close(tuple(expected["delong_ci_logit"]))
    assert "clustered by patient" in arm.ci_method
    point = arm.operating_point.achieved
    assert "clustered by patient" in point.sensitivity.ci_method
    assert (point.sensitivity.clopper_pearson, point.lr_positive.ci) == (None, None)
    assert point.lr_positive.reason


def test_at_image_level_two_views_are_joined_by_patient():
    found = find(study(analysis_level="image"), [*development(), *rows("s03_n104_rho03")])
    (comparison,) = found.sets["internal"].comparisons
    expected = REFERENCE["s03_n104_rho03"]["ap_vs_lat"]
    assert (comparison.z, comparison.p) == (
        close(expected["delong_paired"]["z"]),
        close(expected["delong_paired"]["p"]),
    )
    assert "clustered by patient" in comparison.method
    assert "joined by patient" in comparison.reason
    assert found.sets["internal"].arms[AP].missing == 0


def test_three_arms_get_holm_over_declared_comparisons_and_an_omnibus_test():
    views = ("ap", "lat", "third")
    pairs = (
        Comparison("ap_lat", AP, LATERAL),
        Comparison("ap_third", AP, THIRD),
        Comparison("lat_third", LATERAL, THIRD),
    )
    expected = REFERENCE["s07_n708_rho03"]["multi"]
    a_study = study(views=views, comparisons=pairs)
    all_rows = [*development(views=views), *rows("s07_n708_rho03", views=views)]
    internal = find(a_study, all_rows).sets["internal"]
    assert [one.p_holm for one in internal.comparisons] == close(expected["holm"])
    assert (internal.omnibus.chi2, internal.omnibus.df) == (close(expected["chisq"]), 2)
    late = find(a_study, all_rows, declared={"ap_lat": True, "ap_third": True})
    p_values = [one.p_holm for one in late.sets["internal"].comparisons]
    assert p_values[0] == close(2 * expected["pairwise_p"][0])
    assert p_values[2] is None
    assert "not pre-declared" in late.sets["internal"].comparisons[2].p_holm_reason
    assert "not declared before" in late.sets["internal"].comparisons[2].conclusion
    assert any("exploratory: lat_third" in note for note in late.notes)


def test_two_arms_need_no_omnibus_test(found):
    omnibus = found.sets["internal"].omnibus
    assert (omnibus.chi2, omnibus.df, omnibus.p) == (None, None, None)
    assert "fewer than three arms" in omnibus.reason


def test_a_large_p_never_becomes_a_statement_of_likeness():
    claim = Comparison("ap_vs_lat", AP, LATERAL)
    found = find(study(comparisons=(claim,)), [*development(), *rows("s06_n708_rho0")])
    (comparison,) = found.sets["internal"].comparisons
    assert comparison.p > 0.3
    assert "A difference is not shown" in comparison.conclusion
    assert "does not show that the two are alike" in comparison.conclusion
    assert comparison.noninferiority.reason.startswith("no margin was declared")
    text = to_json(found)
    assert "comparable" not in text
    assert "no difference" not in text


def test_a_perfect_view_marks_its_p_in_the_answer():
    found = find(study(), [*development(), *rows("s04_n104_rho08_perfect_lat")])
    assert "DeLong p = 0.0052; one AUROC has no variance" in found.summary[1].text
    assert "anti-conservative" in found.summary[1].text
    assert any("separate the classes completely" in note for note in found.notes)


def test_claims_without_a_margin_say_why_there_is_no_verdict():
    claim = replace(BOTH, margin=None)
    found = find(study(comparisons=(claim,)), [*development(), *rows("s06_n708_rho0")])
    assert found.sets["internal"].comparisons[0].conclusion.startswith("There is no verdict: no margin")


@pytest.mark.parametrize(
    ("margin", "words"),
    [(0.05, "are equivalent at the declared margin of 0.05"), (0.02, "is not shown")],
)
def test_an_equivalence_claim_is_judged_by_the_ninety_percent_interval(margin, words):
    claim = replace(BOTH, claim="equivalence", margin=margin)
    found = find(study(comparisons=(claim,)), [*development(), *rows("s06_n708_rho0")])
    assert words in found.sets["internal"].comparisons[0].conclusion


def test_a_high_internal_auroc_with_chance_outside_is_called_a_shortcut():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 52)
    chance = pd.DataFrame({"patient_id": [f"x{i}" for i in range(104)], "y": y})
    chance["ap"], chance["lat"] = rng.random(104), rng.random(104)
    a_study = study(sets=("internal", "external"))
    found = find(
        a_study,
        [*development(shift=5), *rows("s07_n708_rho03"), *rows(chance, set_name="external")],
    )
    assert found.sets["external"].arms[AP].covers_half
    note = found.notes[0]
    assert note.startswith("This is the pattern of a shortcut: ap/net and lat/net reach")
    assert "development and internal" in note
    assert "burned-in marker" in note
    assert found.summary[-1].text == note


def test_chance_everywhere_is_no_shortcut_but_is_said():
    rng = np.random.default_rng(1)
    chance = pd.DataFrame({"patient_id": [f"x{i}" for i in range(104)], "y": np.repeat([0, 1], 52)})
    chance["ap"], chance["lat"] = rng.random(104), rng.random(104)
    found = find(study(), [*development(shift=0), *rows(chance)])
    assert not any("shortcut" in note for note in found.notes)
    assert any("holds 0.5" in note for note in found.notes)


def test_saturated_probabilities_do_not_tie_where_logits_are_known():
    frame = pd.DataFrame({"patient_id": [f"x{i}" for i in range(60)], "y": np.repeat([0, 1], 30)})
    frame["ap"] = frame["lat"] = 0.5
    saturated = [row | {"score": 1.0, "logit": 40.0 + int(row["patient_id"][1:])} for row in rows(frame)]
    found = find(study(), [*development(), *saturated])
    assert found.sets["internal"].arms[AP].auroc == 1


def test_scores_without_logits_are_ranked_as_they_are():
    plain = [row | {"logit": None} for row in [*development(), *rows("s03_n104_rho03")]]
    arm = find(study(), plain).sets["internal"].arms[AP]
    assert arm.auroc == close(REFERENCE["s03_n104_rho03"]["ap"]["auc"])
    assert 0 < arm.operating_point.threshold < 1


def test_without_development_scores_the_threshold_is_null_with_its_reason():
    arm = find(study(), rows("s03_n104_rho03")).sets["internal"].arms[AP]
    assert (arm.operating_point.threshold, arm.operating_point.achieved) == (None, None)
    assert "no out-of-fold" in arm.operating_point.reason
    fixed = find(study(threshold=0.5), rows("s03_n104_rho03")).sets["internal"].arms[AP].operating_point
    expected = REFERENCE["s03_n104_rho03"]["ap"]["at_thr"]
    assert (fixed.threshold, fixed.achieved.tp, fixed.achieved.tn) == (0.5, expected["tp"], expected["tn"])
    assert fixed.achieved.sensitivity.ci == close(tuple(expected["sens"]["wilson"]))
    assert fixed.rule == "fixed at 0.5"


def test_a_checkpoint_chosen_on_its_own_fold_marks_the_threshold_as_optimistic():
    chosen = study(training={"checkpoint": "best_accuracy_on_fold"})
    found = find(chosen, [*development(), *rows("s03_n104_rho03")])
    assert found.sets["internal"].arms[AP].operating_point.optimistic
    assert any("optimistic" in note for note in found.notes)


def test_a_study_without_a_primary_comparison_still_gets_an_answer():
    found = find(study(comparisons=()), [*development(), *rows("s03_n104_rho03")])
    assert found.primary is None
    assert found.summary[0].text == "The study declares no primary comparison."
    assert "for ap/net and" in found.summary[1].text


def test_a_set_without_scores_is_null_with_its_reason():
    found = find(study(sets=("internal", "external")), [*development(), *rows("s03_n104_rho03")])
    external = found.sets["external"]
    assert (external.n, external.arms[AP].auroc) == (0, None)
    assert external.arms[AP].reason


def test_a_run_in_which_every_unit_failed_still_gives_findings():
    failed = [{"arm": arm, "repeat": 0, "fold": 0, "reason": "out of memory"} for arm in (AP, LATERAL)]
    found = find(study(), pd.DataFrame(columns=[*SCORE_COLUMNS]), failed=failed)
    assert found.sets["internal"].arms[AP].reason == "repeat 1 fold 1 failed (out of memory)"
    assert found.development[AP].folds.mean is None
    json.loads(to_json(found))


def cohort():
    return pd.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(8)],
            "cohort": "hospital", "site": "A", "fold": None,
            "split": ["development"] * 6 + ["internal", ""],
            "label": [1, 1, 1, 0, 0, 0, 1, 0],
            "age": [70.5, 80.5, None, 60.5, 70.5, 65.5, 90.5, 1.0],
            "sex": ["F", "F", "M", "M", "F", "M", "F", "F"],
            "grade": [1, 2, 3, 0, 0, 0, 2, 0],
        }
    )  # fmt: skip


def test_table_1_describes_numbers_and_categories_by_split_and_label():
    found = find(study(), [*development(), *rows("s03_n104_rho03")], cohort=cohort())
    age, sex, grade = found.table1
    assert (age.kind, sex.kind, grade.kind) == ("numeric", "categorical", "categorical")
    positives = age.splits["development"].positives
    assert (positives.n, positives.missing, positives.mean, positives.median) == (2, 1, 75.5, 75.5)
    assert positives.sd == pytest.approx(50**0.5)
    # (75.5 - 65.5) / sqrt((50 + 25) / 2)
    assert age.splits["development"].smd == pytest.approx(10 / 37.5**0.5)
    levels = {one.level: (one.n, one.share) for one in sex.splits["development"].positives.levels}
    assert levels == {"F": (2, pytest.approx(2 / 3)), "M": (1, pytest.approx(1 / 3))}
    # shares of M 1/3 and 2/3: (1/3) / sqrt(2/9)
    assert sex.splits["development"].smd == pytest.approx((1 / 3) / (2 / 9) ** 0.5)
    assert [one.level for one in grade.splits["development"].all.levels] == ["0", "1", "2", "3"]


def test_table_1_leaves_out_unused_patients_and_says_why_a_difference_is_missing():
    found = find(study(), [*development(), *rows("s03_n104_rho03")], cohort=cohort())
    internal = found.table1[0].splits["internal"]
    assert (internal.all.n, internal.negatives.n, internal.smd) == (1, 0, None)
    assert internal.reason == "a class has too few values"
    assert found.table1[2].splits["development"].reason.startswith("the classes do not overlap")


def test_table_1_never_lists_texts_that_could_tell_who_a_patient_is():
    table = pd.DataFrame(
        {
            "patient_id": range(30), "split": "internal", "label": [0, 1] * 15,
            "accession": [f"secret{i}" for i in range(30)],
        }
    )  # fmt: skip
    found = find(study(), [*development(), *rows("s03_n104_rho03")], cohort=table)
    assert found.table1[0].kind == "text"
    assert "secret" not in to_json(found)


def test_a_patient_with_several_images_has_their_mean_or_their_highest_score():
    listed = list(rows("s03_n104_rho03"))
    noise = np.random.default_rng(3).normal(0, 1, len(listed))
    again = [
        {**row, "image_id": f"{row['image_id']}-2", "logit": row["logit"] + shift, "score": expit(row["logit"] + shift)}
        for row, shift in zip(listed, noise, strict=True)
    ]
    combine = {"mean": lambda one, two: (one + two) / 2, "max": max}
    for how, combined in combine.items():
        found = find(study(aggregation=how), [*development(), *listed, *again]).sets["internal"].arms["ap/net"]
        pairs = [(a, b) for a, b in zip(listed, again, strict=True) if a["view"] == "ap"]
        truth = [a["label"] for a, _ in pairs]
        expected = roc_auc_score(truth, [combined(a["logit"], b["logit"]) for a, b in pairs])
        assert found.auroc == pytest.approx(expected, rel=1e-12), how


def test_an_arm_that_lacks_scores_on_one_of_two_sets_is_named_with_the_set():
    both = [*development(), *rows("s03_n104_rho03"), *rows("s03_n104_rho03", set_name="external", views=("lat",))]
    found = find(study(sets=("internal", "external")), both)
    (note,) = [note for note in found.notes if "nothing was imputed" in note]
    assert note.startswith(f"On external {AP} has no ensemble")

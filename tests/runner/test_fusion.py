"""Late fusion: its rules on numbers worked out by hand, and its units in a study."""

import json

import numpy as np
import pandas as pd
import pytest
from ovcf_plugins.models.late_fusion import LateFusionParams, fuse, youden
from sklearn.metrics import roc_curve

from ovcf_bench import registry, scores
from ovcf_bench.cli.options import open_study
from ovcf_bench.errors import BenchError, PluginError
from ovcf_bench.images import ImageCache
from ovcf_bench.predict import export_bundle, open_bundle, open_models
from ovcf_bench.runner import Options, Silent, check_study, estimate_seconds, plan_study, run_study
from ovcf_bench.testing import plugin_checks

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
AP = np.array([-2.0, -1.0, 0.5, -0.5, 1.0, 2.0, -0.2, 3.0])
LATERAL = np.array([-3.0, 1.0, -1.0, -2.0, 2.0, 0.0, 4.0, 5.0])
BOTH = np.column_stack([AP, LATERAL])


def fused(rule):
    return fuse(LateFusionParams(of="net", rule=rule), BOTH, LABELS).scores(BOTH)[:, 0]


def test_the_mean_is_the_mean_of_the_logits():
    np.testing.assert_allclose(fused("mean"), (AP + LATERAL) / 2, rtol=1e-6)


def test_the_youden_threshold_is_scikit_learns():
    generator = np.random.default_rng(4)
    labels, values = generator.integers(0, 2, 200), np.round(generator.normal(size=200), 1)
    false, true, thresholds = roc_curve(labels, values, drop_intermediate=False)
    best = thresholds[np.flatnonzero(np.isclose(true - false, (true - false).max()))].min()
    assert youden(values, labels) == pytest.approx(best)


@pytest.mark.parametrize(("rule", "joined"), [("or", np.logical_or), ("and", np.logical_and)])
def test_or_and_and_are_positive_where_either_or_both_views_are(rule, joined):
    called = joined(youden(AP, LABELS) <= AP, youden(LATERAL, LABELS) <= LATERAL)
    np.testing.assert_array_equal(fused(rule) >= 0, called)


def test_the_learned_rule_leans_on_the_view_that_tells_more():
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 2, 400)
    good, poor = labels * 3 + generator.normal(size=400), generator.normal(size=400)
    rule = fuse(LateFusionParams(of="net", rule="learned"), np.column_stack([good, poor]), labels)
    assert rule.weights[0] > 10 * abs(rule.weights[1])


@pytest.mark.parametrize("rule", ["or", "and", "learned"])
def test_a_rule_cannot_be_learned_from_one_class(rule):
    with pytest.raises(BenchError, match="all labels are alike"):
        fuse(LateFusionParams(of="net", rule=rule), BOTH, np.ones(8, dtype=np.uint8))


STUDY = """
schema: 1
title: Both views
cohorts: {home: {dataset: phantom, params: {patients: 90, height: 64, seed: 5}}}
splits: {development: {from: home, positives: 25, negatives: 25}, internal: {from: home}, folds: 2}
models:
  simple: {model: simple_features, params: {rows: 6, columns: 4}}
  mean: {model: late_fusion, params: {of: simple}}
  learned: {model: late_fusion, params: {of: simple, rule: learned}}
arms:
  views: [ap, lateral]
  models: [simple]
  include: [{views: [ap, lateral], model: mean}, {views: [ap, lateral], model: learned}]
training: {image_size: [64, 40], precision: float32}
report: {images: none}
"""


def ready(folder, text=STUDY):
    (folder / "study.yaml").write_text(text)
    (folder / "key").write_text("ab" * 32)
    (folder / "key").chmod(0o600)
    study, plugins = open_study(folder / "study.yaml")
    return study, plugins, Options(runs=folder / "runs", cache=ImageCache(folder / "cache", 10**9), key=folder / "key")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fusion")
    result = run_study(*ready(folder), Silent())
    assert not result.failed
    return result


def logits(table, arm, **wanted):
    part = table[(table["arm"] == arm) & (table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return part.set_index("exam_id")["logit"]


def test_the_mean_of_a_study_is_the_mean_of_its_arms_fold_by_fold(run):
    table = scores.from_csv(run.folder.read_text("scores.csv"))
    for wanted in (
        {"kind": "oof"},
        {"kind": "test", "fold": 0, "ensemble": "none"},
        {"kind": "test", "fold": 1, "ensemble": "none"},
    ):
        ap, lateral = (logits(table, f"{view}/simple", **wanted) for view in ("ap", "lateral"))
        found = logits(table, "ap+lateral/mean", **wanted)
        assert len(found)
        np.testing.assert_allclose(found, (ap + lateral)[found.index] / 2, rtol=1e-5, atol=1e-6)


def test_the_learned_rule_of_a_fold_never_saw_the_labels_of_that_fold(run):
    from sklearn.linear_model import LogisticRegression

    table = scores.from_csv(run.folder.read_text("scores.csv"))
    oof = table[table["kind"] == "oof"]
    both = oof[oof["model"] == "simple"].pivot(index="exam_id", columns="view", values="logit")
    about = oof[oof["arm"] == "ap/simple"].set_index("exam_id").loc[both.index]
    for fold in (0, 1):
        others = (about["fold"] != fold).to_numpy()
        features = both[["ap", "lateral"]].to_numpy()
        mean, sd = features[others].mean(axis=0), features[others].std(axis=0)
        expected = LogisticRegression(C=1.0).fit((features[others] - mean) / sd, about["label"][others])
        wanted = expected.decision_function((features[~others] - mean) / sd)
        found = logits(table, "ap+lateral/learned", kind="oof").loc[both.index[~others]]
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_a_study_that_has_run_has_nothing_to_do_and_a_changed_rule_makes_its_own_units_only(run, tmp_path):
    folder = run.folder.path.parents[1]
    study, plugins, options = ready(folder)
    assert not plan_study(study, plugins, options, Silent()).to_run
    study, plugins, options = ready(folder, STUDY.replace("rule: learned", "rule: or"))
    again = plan_study(study, plugins, options, Silent()).to_run
    assert {unit.arm.model for unit in again} == {"learned"}
    ready(folder)


def test_what_combines_scores_is_planned_again_when_they_change(run):
    folder = run.folder.path.parents[1]
    study, plugins, options = ready(folder, STUDY.replace("rows: 6", "rows: 5"))
    assert len(plan_study(study, plugins, options, Silent()).to_run) == 8
    ready(folder)


def test_an_arm_that_combines_what_is_no_arm_is_refused(tmp_path):
    text = STUDY.replace("{of: simple}", "{of: simpel}")
    with pytest.raises(PluginError, match=r"combines 'ap/simpel', which is no arm[\s\S]*Did you mean 'ap/simple'"):
        plan_study(*ready(tmp_path, text), Silent())
    found = check_study(*ready(tmp_path, text), Silent(), pixels=False)
    assert "combines 'ap/simpel'" in str(found.problems[0]), "check tells it too"


def test_the_time_of_what_the_core_trains_is_estimated_and_of_nothing_else(tmp_path):
    text = STUDY.replace("models:\n", "models:\n  net: {model: timm, params: {architecture: test_resnet}}\n")
    text = text.replace("models: [simple]", "models: [simple, net]")
    study, plugins, options = ready(tmp_path, text)
    plan = plan_study(study, plugins, options, Silent())
    seconds = estimate_seconds(study, plan, plugins, options, Silent())
    assert set(seconds) == {"ap/net", "lateral/net"}
    assert all(each > 0 for each in seconds.values())


def test_a_failed_unit_fails_what_combines_it_with_the_reason(tmp_path):
    broken = (
        "from ovcf_bench.api import ModelPlugin, Params, hookimpl\n"
        "def fit(params, train, tune, context):\n    raise ValueError('no')\n"
        "def load(params, folder, context):\n    return None\n"
        "@hookimpl\ndef register_models(register):\n"
        "    register(ModelPlugin(name='broken', params=Params, summary='', fit=fit, load=load))\n"
    )
    (tmp_path / "broken.py").write_text(broken)
    text = STUDY.replace("simple_features, params: {rows: 6, columns: 4}", "broken") + "plugins: [broken.py]\n"
    result = run_study(*ready(tmp_path, text), Silent())
    reasons = {unit.arm.name: reason for unit, reason in result.failed.items()}
    assert "ValueError: no" in reasons["ap/simple"]
    assert reasons["ap+lateral/mean"] == "a unit whose scores it combines has failed"
    assert json.loads((result.folder.path / "findings.json").read_text())["sets"]


def test_a_fused_arm_does_not_look_as_if_it_had_been_computed_in_another_way(run):
    units = json.loads(run.folder.read_text("provenance.json"))["units"]
    assert len({(unit["device"], unit["precision"]) for unit in units}) == 1


def test_an_arm_that_combines_scores_is_exported_with_the_arms_that_it_joins(run, tmp_path):
    bundle = open_bundle(run.folder.path, "ap+lateral/learned")
    export_bundle(bundle, tmp_path / "out", print)
    again = open_bundle(tmp_path / "out")
    assert [each.arm.name for each in again.members] == ["ap/simple", "lateral/simple"]
    assert "joins the scores of: ap/simple, lateral/simple" in (tmp_path / "out" / "README.md").read_text()
    images = np.random.default_rng(6).integers(0, 65536, (5, 2, 64, 40), dtype=np.uint16)
    before, after = ([model(images) for model in open_models(each, "cpu", 1)] for each in (bundle, again))
    assert len(before) == 2
    np.testing.assert_array_equal(before, after)


def test_a_plugin_that_fuses_has_no_other_form():
    plugin = registry.load().model("late_fusion")
    assert plugin.form is fuse
    assert plugin.build is None


NOTHING = """
import numpy as np
from ovcf_bench.api import ModelPlugin, Params, hookimpl

class Highest:
    def scores(self, logits):
        return logits.max(axis=1, keepdims=True).astype(np.float32)

    def save(self, folder):
        (folder / "highest.json").write_text("{}")

def fuse(params, logits, labels):
    return Highest()

def fuses(params):
    return "simple"

def load(params, folder, context):
    return Highest()

@hookimpl
def register_models(register):
    register(ModelPlugin(name="highest", params=Params, summary="Highest", fuse=fuse, fuses=fuses, load=load))
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    return Highest()\n\ndef fuses",
            "    pass\n\ndef fuses",
            "fuse: returns NoneType, without scores and save",
        ),
        ("        (folder", "        missing(folder", "model 'highest', save: NameError"),
        (", keepdims=True", "", "model 'highest', scores, set 'development': returns"),
    ],
)
def test_a_rule_that_breaks_its_contract_is_named(tmp_path, old, new, said):
    assert old in NOTHING
    (tmp_path / "highest.py").write_text(NOTHING.replace(old, new))
    text = STUDY.replace("late_fusion, params: {of: simple}", "highest") + "plugins: [highest.py]\n"
    result = run_study(*ready(tmp_path, text), Silent())
    assert {said in reason for unit, reason in result.failed.items() if unit.arm.model == "mean"} == {True}


@pytest.mark.parametrize("old", [", load=load", ", fuses=fuses"])
def test_a_rule_that_cannot_be_opened_again_or_names_no_model_is_refused(tmp_path, old):
    (tmp_path / "highest.py").write_text(NOTHING.replace(old, ""))
    with pytest.raises(PluginError, match="Give fuse and load and fuses, and no other"):
        registry.load([], [tmp_path / "highest.py"])


def test_a_rule_of_ones_own_keeps_its_contract(tmp_path):
    (tmp_path / "highest.py").write_text(NOTHING)
    for check in plugin_checks(str(tmp_path / "highest.py")):
        check()

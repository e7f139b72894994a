"""Arms that combine the scores of others, as units of a study: what they learn from, when they run, how they fail."""

import json

import numpy as np
import pandas as pd
import pytest
from fusing_plugin import HIGHEST
from planned import planned

from ovcf_bench import scores
from ovcf_bench.data import Silent
from ovcf_bench.errors import BenchError, PluginError
from ovcf_bench.executors import Job
from ovcf_bench.executors.processes import Outcome
from ovcf_bench.predict import export_bundle, open_bundle, open_models
from ovcf_bench.runner import check_study, measure_seconds, plan_study, run_study


def to_run(project, *changes):
    """The arms that a changed study would train, with their folds."""
    units = plan_study(*project.opened("tiny.yaml", *changes), Silent()).to_run
    return sorted((unit.arm.name, unit.unit.fold) for unit in units)


def logits(table, arm, **wanted):
    part = table[(table["arm"] == arm) & (table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return part.set_index("exam_id")["logit"]


def test_the_mean_of_a_study_is_the_mean_of_its_arms_fold_by_fold(tiny):
    table = scores.from_csv((tiny.run / "scores.csv").read_text())
    for wanted in (
        {"kind": "oof"},
        {"kind": "test", "fold": 0, "ensemble": "none"},
        {"kind": "test", "fold": 1, "ensemble": "none"},
    ):
        ap, lateral = (logits(table, f"{view}/simple", **wanted) for view in ("ap", "lateral"))
        found = logits(table, "ap+lateral/mean", **wanted)
        assert len(found)
        np.testing.assert_allclose(found, (ap + lateral)[found.index] / 2, rtol=1e-5, atol=1e-6)


def test_the_learned_rule_of_a_fold_never_saw_the_labels_of_that_fold(tiny):
    from sklearn.linear_model import LogisticRegression

    table = scores.from_csv((tiny.run / "scores.csv").read_text())
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


def test_a_study_that_has_run_has_nothing_to_do_and_a_changed_rule_makes_its_own_units_only(project):
    assert not to_run(project)
    assert to_run(project, "models.learned.params.rule=or") == [("ap+lateral/learned", 0), ("ap+lateral/learned", 1)]


def test_what_combines_scores_is_planned_again_when_they_change(project):
    changed = ["ap+lateral/learned", "ap+lateral/mean", "ap+lateral/simple", "ap/simple", "lateral/simple"]
    assert to_run(project, "models.simple.params.rows=5") == [(arm, fold) for arm in changed for fold in (0, 1)]


def test_an_arm_that_combines_what_is_no_arm_is_refused(project):
    wrong = project.opened("tiny.yaml", "models.mean.params.of=simpel")
    with pytest.raises(PluginError, match=r"combines 'ap/simpel', which is no arm[\s\S]*Did you mean 'ap/simple'"):
        plan_study(*wrong, Silent())
    found = check_study(*wrong, Silent(), pixels=False)
    assert "combines 'ap/simpel'" in str(found.problems[0]), "check tells it too"


def test_the_time_of_what_the_core_trains_is_estimated_and_of_nothing_else(project):
    study, plugins, options = project.opened()
    plan = plan_study(study, plugins, options, Silent())
    seconds = measure_seconds(study, plan, plugins, options, Silent())
    assert set(seconds) == {"ap/net", "lateral/net"}
    assert all(each > 0 for each in seconds.values())


def test_a_failed_unit_fails_what_combines_it_with_the_reason(project):
    broken = (
        "from ovcf_bench.api import ModelPlugin, Params, hookimpl\n"
        "def fit(params, train, tune, context):\n    raise ValueError('no')\n"
        "def load(params, folder, context):\n    return None\n"
        "@hookimpl\ndef register_models(register):\n"
        "    register(ModelPlugin(name='broken', params=Params, summary='', fit=fit, load=load))\n"
    )
    (project.home / "broken.py").write_text(broken)
    arms = "{views: [ap, lateral], models: [simple], include: [{views: [ap, lateral], model: mean}]}"
    changes = (f"arms={arms}", "models.simple={model: broken}", "plugins=[broken.py]", "comparisons=[]", "primary=null")
    result = run_study(*project.opened("tiny.yaml", *changes), Silent())
    reasons = {unit.arm.name: reason for unit, reason in result.failed.items()}
    assert "ValueError: no" in reasons["ap/simple"]
    assert reasons["ap+lateral/mean"] == "a unit whose scores it combines has failed"
    assert json.loads((result.folder.path / "findings.json").read_text())["sets"]


def test_a_fused_arm_does_not_look_as_if_it_had_been_computed_in_another_way(tiny):
    units = json.loads((tiny.run / "provenance.json").read_text())["units"]
    assert {"ap+lateral/mean", "ap/simple"} < {unit["arm"] for unit in units}
    assert len({(unit["device"], unit["precision"]) for unit in units}) == 1


def test_an_arm_that_combines_scores_is_exported_with_the_arms_that_it_joins(tiny, tmp_path):
    bundle = open_bundle(tiny.run, "ap+lateral/learned")
    export_bundle(bundle, tmp_path / "out", print)
    again = open_bundle(tmp_path / "out")
    assert [each.arm.name for each in again.members] == ["ap/simple", "lateral/simple"]
    assert "joins the scores of: ap/simple, lateral/simple" in (tmp_path / "out" / "README.md").read_text()
    images = np.random.default_rng(6).integers(0, 65536, (5, 2, 64, 40), dtype=np.uint16)
    before, after = ([model(images) for model in open_models(each, "cpu", 1)] for each in (bundle, again))
    assert len(before) == 2
    np.testing.assert_array_equal(before, after)


def highest(project, old="", new=""):
    """The tiny study with a rule of one's own, one of whose lines may be wrong, in place of the mean."""
    assert old in HIGHEST
    (project.home / "highest.py").write_text(HIGHEST.replace(old, new) if old else HIGHEST)
    return project.opened("tiny.yaml", "models.mean={model: highest}", "plugins=[highest.py]")


def test_a_rule_of_ones_own_gives_the_scores_of_its_units(project):
    here = planned(*highest(project))
    assert [unit.arm.name for unit in here.plan.to_run] == 2 * ["ap+lateral/mean"]
    here.run("ap+lateral/mean", 1)
    ap, lateral, found = (
        pd.read_csv(here.maker.store.unit_folder(here.unit(arm, 1).key) / "scores.csv").set_index(["set", "exam_id"])
        for arm in ("ap/simple", "lateral/simple", "ap+lateral/mean")
    )
    assert len(found) == 20 + 42
    wanted = np.maximum(ap["logit"], lateral["logit"])[found.index]
    np.testing.assert_allclose(found["logit"], wanted, rtol=1e-6)


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
def test_a_rule_that_breaks_its_contract_is_named(project, old, new, said):
    here = planned(*highest(project, old, new))
    with pytest.raises(BenchError) as error:
        here.run("ap+lateral/mean")
    assert said in Outcome(Job("", print, None), problems=error.value.problems).reason
    assert not here.maker.store.is_done(here.unit("ap+lateral/mean").key)

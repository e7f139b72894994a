"""A person's ratings as an arm beside networks: held against the study's exams, compared on the same cases."""

import json

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ovcf_bench import scores
from ovcf_bench.data import Silent, prepare
from ovcf_bench.data.existing import read_existing
from ovcf_bench.errors import BenchError
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.runner import plan_study, run_study
from ovcf_bench.runner.execute import models_of

# The networks' units are finished; fewer arms are analysed sooner.
FEW_ARMS = (
    "arms={views: [ap], models: [simple, people]}",
    "comparisons=[{id: simple_vs_people, a: ap/simple, b: ap/people}]",
    "primary=null",
    "report.images=none",
)


def rated(project):
    return pd.read_csv(project.home / "ratings.csv")


def rate(project, table):
    table.to_csv(project.home / "ratings.csv", index=False)


def listed(project):
    """The scores of the arm of readers, as the study takes them from the file."""
    study, plugins, options = project.opened()
    pseudonyms = Pseudonyms(load_key(options.key))
    prepared = prepare(study, plugins, pseudonyms, options, Silent(), training=False)
    return read_existing(study, models_of(study, plugins), prepared, pseudonyms)["ap/people"]


def test_one_person_is_compared_with_a_network_on_the_same_cases(tiny):
    found = json.loads((tiny.run / "findings.json").read_text())["sets"]["internal"]
    table = scores.from_csv((tiny.run / "scores.csv").read_text())
    mine = table[(table["arm"] == "ap/people") & (table["set"] == "internal")]
    assert found["arms"]["ap/people"]["auroc"] == pytest.approx(roc_auc_score(mine["label"], mine["score"]))
    assert sorted(mine["score"].unique()) == sorted(set(rated(tiny)["score"]) & set(mine["score"]))
    (comparison,) = [each for each in found["comparisons"] if each["b"] == "ap/people"]
    assert comparison["n"] == 42
    assert comparison["paired"]
    written = "".join(path.read_text("utf-8") for path in tiny.run.iterdir() if path.suffix != ".html")
    assert not [exam for exam in rated(tiny)["exam_id"].unique() if f'"{exam}"' in written or f",{exam}," in written]


def test_exams_that_nobody_rated_are_missing_and_never_guessed(project):
    rate(project, rated(project).iloc[:-20])
    result = run_study(*project.opened("tiny.yaml", *FEW_ARMS), Silent())
    found = json.loads(result.folder.read_text("findings.json"))["sets"]["internal"]
    assert 0 < found["arms"]["ap/people"]["missing"] == 42 - found["arms"]["ap/people"]["n"]
    assert found["comparisons"][0]["n"] == found["arms"]["ap/people"]["n"]


def test_a_rating_without_the_name_of_its_reader_is_one_readers(project):
    named_nowhere = listed(project)
    rate(project, rated(project).assign(reader=None))
    found = listed(project)
    assert found.readers == ("",)
    assert found.scores[""].notna().sum() == 82, "every exam of the study is rated"
    assert found.digest == named_nowhere.digest


def test_changed_ratings_make_new_findings_and_train_nothing(project):
    before = json.loads((project.run / "findings.json").read_text())["sets"]["internal"]["arms"]["ap/people"]["auroc"]
    rate(project, rated(project).assign(score=lambda table: 6 - table["score"]))
    again = run_study(*project.opened("tiny.yaml", *FEW_ARMS), Silent())
    assert again.trained == 0
    found = json.loads(again.folder.read_text("findings.json"))["sets"]["internal"]["arms"]
    assert found["ap/people"]["auroc"] == pytest.approx(1 - before, rel=1e-12), "the same ratings, turned round"
    assert found["ap/simple"]["n"] == 42


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.rename(columns={"score": "rating"}), "no column 'score'"),
        (lambda table: table.assign(score="high"), "scores are no finite numbers"),
        (lambda table: pd.concat([table, table]), "exams have two scores of one reader"),
        (lambda table: table.assign(exam_id=[None, *table["exam_id"][1:]]), "1 score names no exam"),
        (lambda table: table.assign(exam_id="x" + table.index.astype(str)), "is among the 82 of the study"),
    ],
)
def test_a_file_of_ratings_that_does_not_fit_is_refused_with_the_reason(project, change, said):
    right = rated(project)
    rate(project, change(right))
    with pytest.raises(BenchError) as error:
        listed(project)
    assert said in str(error.value)
    assert not [exam for exam in right["exam_id"].unique() if exam in str(error.value)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("development: {from: home, positives: 20, negatives: 20}, ", "", "nobody is in development"),
        ("path: ratings.csv", "path: absent.csv", "cannot be read"),
    ],
)
def test_a_study_that_cannot_be_is_refused(project, old, new, said):
    text = (project.home / "tiny.yaml").read_text()
    assert old in text
    (project.home / "tiny.yaml").write_text(text.replace(old, new))
    with pytest.raises(BenchError, match=said):
        plan_study(*project.opened(), Silent())

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ovcf_bench.errors import StudyError
from ovcf_bench.study import ParamsModels, load_study, parse


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    width: float = 1.0


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    patients: int = Field(default=10, ge=2)
    positives: int = 5
    site: Literal["A", "B"] = "A"
    box: Box = Box()
    sharp: bool = False

    @model_validator(mode="after")
    def _positives_are_patients(self):
        if self.positives > self.patients:
            raise ValueError(f"{self.positives} positives among {self.patients} patients")
        return self


class Net(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    depth: int = 1


PLUGINS = ParamsModels({"made_up": Data}, {"net": Net})

STUDY = """\
schema: 1
title: A study
seed: 3
cohorts:
  hospital: {dataset: made_up, params: {patients: 20}}
  other: {dataset: made_up}
eligibility:
  - {cohort: hospital, drop: {column: days, above: 7}, reason: Too late}
splits:
  development: {from: hospital, positives: 5, negatives: 5}
  internal: {from: hospital}
  external: {from: other}
models:
  small: {model: net}
  large: {model: net, params: {depth: 9}}
arms:
  views: [ap, lateral]
  models: [small, large]
training: {epochs: 20, image_size: [60, 38]}
primary: {set: internal, comparison: ap_vs_lateral/small}
comparisons:
  - {id: ap_vs_lateral, a: ap, b: lateral, claim: noninferiority, margin: 0.05}
published: {source: A paper, figures: [{set: internal, auroc: {ap: 0.9}}]}
profiles:
  quick: {training: {epochs: 2}}
"""


def changed(*replacements):
    text = STUDY
    for right, wrong in replacements:
        assert right in text
        text = text.replace(right, wrong, 1)
    return text


def problems(text, **options):
    with pytest.raises(StudyError) as caught:
        parse(text, PLUGINS, where="studies/x.yaml", **options)
    return [str(problem) for problem in caught.value.problems]


def test_the_study_of_these_tests_is_sound():
    assert len(parse(STUDY, PLUGINS).arms) == 4


EIGHT = (
    ("title: A study", "titel: A study", 2, "unknown key 'titel' in the study"),
    ("seed: 3", "seed: three", 3, "seed is the text 'three'"),
    ("patients: 20", "patients: 1", 5, "cohorts.hospital.params.patients is 1"),
    ("dataset: made_up}", "dataset: made_op}", 6, "unknown dataset 'made_op'"),
    ("above: 7", "abov: 7", 8, "unknown key 'abov' in eligibility.0.drop"),
    ("from: other", "from: othr", 12, "splits.external.from: unknown cohort 'othr'"),
    ("depth: 9", "deep: 9", 15, "unknown key 'deep' in models.large.params"),
    ("b: lateral", "b: latral", 22, "comparisons.0.b: unknown arm 'latral'"),
)


def test_eight_different_mistakes_give_exactly_eight_located_problems_in_the_order_of_lines():
    found = problems(changed(*((right, wrong) for right, wrong, _, _ in EIGHT)))
    assert len(found) == 8
    for problem, (_, _, line, message) in zip(found, EIGHT, strict=True):
        assert problem.startswith(f"studies/x.yaml, line {line}, column ")
        assert message in problem


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        # where, what was found, what is allowed
        ("seed: 3", "seed: '3'", "line 3, column 7: seed is the text '3'\n    Allowed: a whole number. "
                                 "Write it without quotes."),
        ("seed: 3", "seed: 3.5", "seed is 3.5\n    Allowed: a whole number."),
        ("seed: 3", "seed: [3]", "seed is a list of 1\n    Allowed: a whole number."),
        ("seed: 3", "seed:", "seed is empty\n    Allowed: a whole number."),
        ("schema: 1", "schema: 2", "schema is 2\n    Allowed: 1."),
        ("A study", "''", "title is the text ''\n    Allowed: text that is not empty."),
        ("[60, 38]", "[60]", "training.image_size is a list of 1\n    Allowed: at least 2 entries."),
        ("[60, 38]", "[60, 38, 3]", "training.image_size is a list of 3\n    Allowed: at most 2 entries."),
        ("[60, 38]", "[60, 0]", "line 19, column 41: training.image_size.1 is 0\n    Allowed: at least 1."),
        ("epochs: 20", "ema: 1", "training.ema is 1\n    Allowed: less than 1."),
        ("epochs: 20", "balanced_sampling: off", "Allowed: true or false. Write false."),
        ("patients: 20", "sharp: yes", "Allowed: true or false. Write true."),
        ("patients: 20", "box: {width: wide}", "cohorts.hospital.params.box.width is the text 'wide'"),
        ("patients: 20", "box: {widht: 2}", "Allowed: 'width'. Did you mean 'width'?"),
        ("patients: 20", "positives: 30", "cohorts.hospital.params: 30 positives among 10 patients"),
        ("params: {patients: 20}", "params: [1]", "params must be a mapping"),
        ("  small:", "  sm/all:", "line 14, column 3: models: the name 'sm/all'\n    Allowed: letters, digits"),
        ("[ap, lateral]", "[ap, lat/eral]", "Allowed: the name of a view, without '+' and '/'"),
        ("[ap, lateral]", "[ap, lateral, [ap, ap]]", "line 17, column 24: arms.views.2: an arm reads a view twice"),
        ("[ap, lateral]", "[ap, lateral, []]", "arms.views.2 is a list of 0"),
        ("models: [small, large]", "models: [small, lage]", "arms.models.1: unknown model 'lage'"),
        ("models: [small, large]", "exclude: [{views: pa, model: small}]", "there is no arm 'pa/small'"),
        ("from: hospital}", "from: hospital, posotives: 4}", "Did you mean 'positives'?"),
        ("  internal:", "  fold: 3\n  internal:", "splits.fold is 3\n    Allowed: a mapping. Did you mean 'folds'?"),
        (", positives: 5, negatives: 5", "", "'development' and 'internal' both take all that remain of 'hospital'"),
        ("claim: noninferiority", "claim: noninferiorty", "Did you mean 'noninferiority'?"),
        ("claim: noninferiority", "claim: difference", "a difference needs no margin"),
        ("b: lateral", "b: ap", "'ap' and 'ap' give no pair"),
        ("above: 7", "above: 7, below: 3", "a step drops by one condition, 2 are given"),
        ("cohort: hospital", "cohort: hopsital", "eligibility.0.cohort: unknown cohort 'hopsital'"),
        ("{set: internal, comparison", "{set: intern, comparison", "primary.set: unknown test set 'intern'"),
        ("{set: internal, comparison", "{set: development, comparison", "unknown test set 'development'"),
        ("comparison: ap_vs_lateral/small", "comparison: ap_vs_lateral", "primary.comparison: unknown comparison"),
        ("figures: [{set: internal", "figures: [{set: inside", "published.figures.0.set: unknown test set 'inside'"),
        ("seed: 3", "threshold: {}", "threshold: a rule holds one of two measures fixed"),
        ("seed: 3", "threshold: yuden", "Did you mean 'youden'?"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem_in_plain_words(right, wrong, message):
    found = problems(changed((right, wrong)))
    assert len(found) == 1, found
    assert found[0].startswith(("studies/x.yaml, line ",))
    assert message in found[0]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (("title: A study", ""), "the study lacks the key 'title'"),
        (("schema: 1", "schema: 2"), "schema is 2"),
        (("dataset: made_up}", "data: made_up}"), "unknown key 'data'"),
        (("cohorts:\n", "cohort:\n"), "unknown key 'cohort'"),
        (("id: ap_vs_lateral, ", ""), "comparisons.0 lacks the key 'id'"),
        (("{model: net}", "net"), "models.small is the text 'net'"),
        (("views: [ap, lateral]", "views: [ap, 3]"), "arms.views.1 is 3"),
        (("reason: Too late", "reason: 3"), "eligibility.0.reason is 3"),
    ],
)
def test_references_are_checked_although_another_part_is_wrong(mistake, message):
    others = (
        ("figures: [{set: internal", "figures: [{set: inside"),
        ("models: [small, large]", "models: [small, lage]"),
    )
    found = problems(changed(mistake, *others))
    assert any(message in each for each in found)
    assert any("unknown test set 'inside'" in each for each in found)
    assert any("unknown model 'lage'" in each for each in found)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("claim: noninferiority", "claim: 3"),  # not also: a difference needs no margin
        ("positives: 5, negatives: 5", "positives: many"),  # not also: two splits take the rest
        ("views: [ap, lateral]", "views: 3"),  # not also: unknown arms
        ("  large: {model: net, params: {depth: 9}}", "  large: 3"),  # not also: unknown model 'large'
        ("{from: other}", "other"),  # not also: anything about `external`
        ("  models: [small, large]", "  models: small"),
    ],
)
def test_what_only_follows_from_a_mistake_is_not_told(right, wrong):
    found = problems(changed((right, wrong)))
    assert len(found) == 1, found


def test_a_misspelt_required_key_is_one_problem():
    (found,) = problems(changed(("cohorts:\n", "cohort:\n")))
    assert "unknown key 'cohort' in the study" in found
    assert "Did you mean 'cohorts'?" in found


def test_a_misspelt_split_is_named_beside_the_one_that_is_missing():
    (found,) = problems(changed(("  development:", "  developement:")))
    assert "splits: lacks the key 'development'" in found
    assert "Did you mean 'developement'?" in found


def test_wrong_profile_and_options_come_together_with_the_files_mistakes():
    options = {"profile": "quik", "overrides": ["seed", "trainin.epochs=3", "comparisons.4.margin=0.1"]}
    found = problems(changed(("from: other", "from: othr")), **options)
    assert found[0].startswith("studies/x.yaml, line 12")
    assert {each.partition(":")[0] for each in found[1:]} == {
        "--profile quik", "--set seed", "--set trainin.epochs", "--set comparisons.4.margin",
    }  # fmt: skip


@pytest.mark.parametrize("profiles", ["3", "[quick]", "{quick: 3}", "{quick: null}"])
def test_profiles_must_be_mappings(profiles):
    text = STUDY.partition("profiles:")[0] + f"profiles: {profiles}\n"
    assert any("must be a mapping" in each for each in problems(text, profile="quick"))


def test_problems_of_the_study_come_before_those_of_the_file_that_it_extends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(changed(("seed: 3", "seed: x")))
    Path("own.yaml").write_text("extends: base.yaml\n\n\n\n\ntitle: 4\n")
    with pytest.raises(StudyError) as caught:
        load_study(Path("own.yaml"), PLUGINS)
    assert [each.where for each in caught.value.problems] == [
        "own.yaml, line 6, column 8", "base.yaml, line 3, column 7",
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "reason"), [("gone.yaml", "cannot be read"), ("[a]", "extends must name a file")])
def test_a_study_that_extends_nothing_readable_is_refused(tmp_path, value, reason):
    path = tmp_path / "own.yaml"
    path.write_text(f"extends: {value}\n")
    with pytest.raises(StudyError, match=f"line 1, column 10: .*{reason}"):
        load_study(path, PLUGINS)

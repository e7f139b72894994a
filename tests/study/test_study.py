import functools
import json
from typing import Literal

import jsonschema
import pytest
from examples import few
from hypothesis import given
from hypothesis import strategies as st
from places import STUDIES
from pydantic import BaseModel, ConfigDict

from ovcf_bench.cli.options import open_registry, params_models
from ovcf_bench.errors import StudyError
from ovcf_bench.study import ParamsModels, json_schema, load_study, parse, read_lock
from ovcf_bench.study.document import scalar


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    patients: int = 10
    site: Literal["A", "B"] = "A"
    sizes: tuple[int, ...] = ()


class Net(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    depth: int = 1
    pretrained: bool = False


PLUGINS = ParamsModels({"made_up": Data}, {"net": Net})

STUDY = """\
schema: 1
title: A study
seed: 3
cohorts:
  hospital: {dataset: made_up, params: {patients: 20}}
  other: {dataset: made_up}
splits:
  development: {from: hospital, positives: 5, negatives: 5}
  internal: {from: hospital}
  external: {from: other}
models:
  small: {model: net}
  large: {model: net, params: {depth: 9}}
arms: {views: [ap, lateral]}
training: {epochs: 20}
comparisons:
  - {id: ap_vs_lateral, a: ap, b: lateral, claim: noninferiority, margin: 0.05}
profiles:
  quick:
    models: {large: null}
    training: {epochs: 2, optimizer: {learning_rate: 1e-3}}
"""


def problems(text, **options):
    with pytest.raises(StudyError) as caught:
        parse(text, PLUGINS, where="study.yaml", **options)
    return [str(problem) for problem in caught.value.problems]


def replaced(right, wrong):
    assert right in STUDY
    return STUDY.replace(right, wrong)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # YAML 1.2.2, core schema (section 10.3.2); YAML 1.1 reads most of these otherwise.
        ("1e-3", 0.001), ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("010", 10), ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"), ("1_000", "1_000"), ("true", True), ("null", None), ("~", None), ("", None),
        ("+12", 12), (".5", 0.5), ("1.", 1.0), ("0x1F", "0x1F"),
    ],
)  # fmt: skip
def test_scalars_are_yaml_1_2(text, value):
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_arms_are_views_times_models():
    assert [arm.name for arm in parse(STUDY, PLUGINS).arms] == [
        "ap/small", "lateral/small", "ap/large", "lateral/large",
    ]  # fmt: skip


def test_an_arm_may_name_several_views_and_be_included_or_excluded():
    arms = "arms: {views: [ap], include: [{views: [ap, lateral], model: small}], exclude: [{views: ap, model: large}]}"
    study = parse(
        replaced("arms: {views: [ap, lateral]}", arms).replace("a: ap, b: lateral", "a: ap, b: ap+lateral"), PLUGINS
    )
    assert [(arm.name, arm.views) for arm in study.arms] == [
        ("ap/small", ("ap",)),
        ("ap+lateral/small", ("ap", "lateral")),
    ]
    assert [(each.id, each.b) for each in study.comparisons] == [("ap_vs_lateral", "ap+lateral/small")]


def test_a_pair_of_views_is_compared_for_every_model():
    comparisons = parse(STUDY, PLUGINS).comparisons
    assert [(each.id, each.a, each.b) for each in comparisons] == [
        ("ap_vs_lateral/small", "ap/small", "lateral/small"),
        ("ap_vs_lateral/large", "ap/large", "lateral/large"),
    ]


def test_parameters_become_the_plugins_own_model():
    study = parse(replaced("{patients: 20}", "{patients: 20, sizes: [1, 2]}"), PLUGINS)
    assert study.document.cohorts["hospital"].params == Data(patients=20, sizes=(1, 2))


def test_a_profile_changes_and_removes_and_says_so():
    study = parse(STUDY, PLUGINS, profile="quick")
    assert [arm.name for arm in study.arms] == ["ap/small", "lateral/small"]
    assert study.document.training.optimizer.learning_rate == 0.001
    assert "training.epochs: 20 -> 2" in study.reduced
    assert "models.large: removed" in study.reduced


def test_set_changes_one_value_also_in_a_list():
    study = parse(STUDY, PLUGINS, overrides=["comparisons.0.margin=0.1", "training.image_size=[64, 40]"])
    assert study.document.comparisons[0].margin == 0.1
    assert study.document.training.image_size == (64, 40)
    assert set(study.reduced) == {
        'comparisons: [{"id": "ap_vs_lateral", "a": "ap", "b": "lateral", "claim": "noninferiority", "margin": 0.05}] '
        '-> [{"id": "ap_vs_lateral", "a": "ap", "b": "lateral", "claim": "noninferiority", "margin": 0.1}]',
        "training.image_size: [600, 380] -> [64, 40]",
    }


def test_a_wrong_set_is_located_at_the_option():
    (found,) = problems(STUDY, overrides=["training.epoch=5"])
    assert found.startswith("--set training.epoch: unknown key 'epoch' in training")
    assert "Did you mean 'epochs'?" in found


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("title: A study", "titel: A study", "line 2, column 1: unknown key 'titel' in the study"),
        ("seed: 3", "seed: three", "line 3, column 7: seed is the text 'three'"),
        ("seed: 3", "seed: 3\nseed: 4", "line 4, column 1: duplicate key 'seed'"),
        ("dataset: made_up}", "dataset: madeup}", "line 6, column 20: unknown dataset 'madeup'"),
        ("patients: 20", "patients: many", "line 5, column 51: cohorts.hospital.params.patients is the text 'many'"),
        ("patients: 20", "site: C", "line 5, column 47: cohorts.hospital.params.site is the text 'C'"),
        ("depth: 9", "pretrained: no", "Write false."),
        ("from: other", "from: othr", "Did you mean 'other'?"),
        ("epochs: 20", "epochs: 0", "training.epochs is 0"),
        ("epochs: 20", "epochs: 20, checkpoint: lst", "Did you mean 'last'"),
        ("b: lateral", "b: latral", "line 17, column 35: comparisons.0.b: unknown arm 'latral'"),
        ("claim: noninferiority, ", "", "a difference needs no margin"),
        ("positives: 5, negatives: 5", "", "both take all that remain of 'hospital'"),
        ("arms: {views: [ap, lateral]}", "arms: {views: []}", "arms.views is a list of 0"),
    ],
)
def test_a_mistake_is_told_with_its_place(right, wrong, message):
    assert any(message in each for each in problems(replaced(right, wrong))), problems(replaced(right, wrong))


def test_a_missing_key_is_named():
    assert any("lacks the key 'title'" in each for each in problems(STUDY.replace("title: A study\n", "")))


def test_all_mistakes_come_at_once_and_in_order():
    text = STUDY.replace("seed: 3", "seed: x").replace("model: net}", "model: nett}").replace("b: lateral", "b: latral")
    found = problems(text)
    assert [each.split(",")[1].strip() for each in found] == ["line 3", "line 12", "line 17"]


def test_text_that_is_no_yaml_is_located():
    (found,) = problems("schema: 1\ntitle: [a\nseed: 3\n")
    assert "study.yaml, line 3" in found


def test_extends_lays_a_study_under_another(tmp_path):
    (tmp_path / "base.yaml").write_text(STUDY)
    (tmp_path / "own.yaml").write_text("extends: base.yaml\ntitle: Mine\nmodels: {large: null}\n")
    study = load_study(tmp_path / "own.yaml", PLUGINS, profile=None)
    assert study.document.title == "Mine"
    assert list(study.document.models) == ["small"]
    assert study.name == "own"


def test_a_mistake_in_the_extended_file_names_that_file(tmp_path):
    (tmp_path / "base.yaml").write_text(STUDY.replace("seed: 3", "seed: x"))
    (tmp_path / "own.yaml").write_text("extends: base.yaml\n")
    with pytest.raises(StudyError, match=r"base\.yaml, line 3"):
        load_study(tmp_path / "own.yaml", PLUGINS)


def test_extending_in_a_circle_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(StudyError, match="in a circle"):
        load_study(tmp_path / "a.yaml", PLUGINS)


def test_an_unknown_profile_gets_a_suggestion():
    (found,) = problems(STUDY, profile="quik")
    assert "Did you mean 'quick'?" in found


def test_the_order_of_keys_and_comments_are_no_part_of_a_study():
    lines = STUDY.replace("seed: 3\n", "")
    other = "# a comment\nseed: 3\n" + lines
    assert parse(other, PLUGINS).digest == parse(STUDY, PLUGINS).digest
    assert parse(STUDY.replace("seed: 3", "seed: 4"), PLUGINS).digest != parse(STUDY, PLUGINS).digest


@few
@given(
    seed=st.integers(0, 2**62),
    epochs=st.integers(1, 500),
    rate=st.floats(1e-8, 10),
    folds=st.integers(2, 10),
    title=st.text(min_size=1, max_size=30).filter(str.strip),
    margin=st.floats(0.001, 0.5),
)
def test_the_lock_of_a_study_is_the_study(seed, epochs, rate, folds, title, margin):
    overrides = [f"seed={seed}", f"training.epochs={epochs}", f"training.optimizer.learning_rate={rate!r}",
                 f"splits.folds={folds}", f"comparisons.0.margin={margin!r}", f"title={json.dumps(title)}"]  # fmt: skip
    study = parse(STUDY, PLUGINS, overrides=overrides)
    again = read_lock(study.to_yaml())
    assert again.plain() == study.plain()
    assert again.digest == study.digest


@functools.cache
def installed():
    return params_models(open_registry())


@functools.cache
def validator():
    return jsonschema.validators.validator_for(json_schema(installed()))(json_schema(installed()))


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_study_is_sound_in_every_profile(path):
    from ovcf_bench.study.document import read

    document, _ = read(path.read_text(), path.name)
    validator().validate(document.plain())
    profiles = document.plain().get("profiles", {})
    for profile in (None, "quick", *profiles):
        load_study(path, installed(), profile=profile)
    assert path.read_text().startswith("# Question: ")


def test_the_schema_knows_the_plugins_parameters():
    schema = json_schema(PLUGINS)
    study = {"schema": 1, "title": "t", "cohorts": {"c": {"dataset": "made_up", "params": {"patients": 3}}},
             "splits": {"development": {"from": "c"}}, "models": {"m": {"model": "net"}},
             "arms": {"views": ["ap"]}}  # fmt: skip
    jsonschema.Draft202012Validator(schema).validate(study)
    study["cohorts"]["c"]["params"] = {"patient": 3}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(study)


def test_the_published_protocol_has_ten_units_of_efficientnet_b5_at_600_by_380():
    study = load_study(STUDIES / "paper.yaml", installed())
    assert len(study.arms) * study.document.splits.folds * study.document.repeats == 10
    assert study.document.training.image_size == (600, 380)
    (model,) = study.document.models.values()
    assert model.params.architecture == "efficientnet_b5"
    # Kim 2024: 799 (399/400) for training; 104 (52/52) from a second hospital.
    assert (study.document.splits.development.positives, study.document.splits.development.negatives) == (399, 400)
    assert study.document.cohorts["hospital"].params.patients - 799 == 708

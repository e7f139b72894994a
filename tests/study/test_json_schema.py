import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict

from ovcf_bench.study import ParamsModels, json_schema
from ovcf_bench.study.document import read


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class One(Strict):
    class Columns(Strict):
        view: str

    size: int = 1
    columns: Columns | None = None


class Two(Strict):
    class Columns(Strict):
        side: str

    size: int = 1
    columns: Columns | None = None


PLUGINS = ParamsModels({"one": One, "two": Two}, {"net": One})

STUDY = """\
schema: 1
title: t
cohorts: {c: {dataset: one, params: {size: 3, columns: {view: v}}}}
splits: {development: {from: c}, internal: {from: c, positives: 3, negatives: 3}, folds: 3}
models: {m: {model: net}}
arms: {views: [ap, [ap, lateral]], exclude: [{views: ap, model: m}]}
training: {image_size: [60, 38]}
profiles: {quick: {training: {epochs: 2}, models: {m: null, n: {model: net}}, published: null}}
"""


@pytest.fixture(scope="module")
def validator():
    schema = json_schema(PLUGINS)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def valid(validator, text):
    return validator.is_valid(read(text, "study.yaml")[0].plain())


def test_a_sound_study_is_accepted(validator):
    assert valid(validator, STUDY)


def test_a_study_that_extends_another_may_give_parts_only(validator):
    assert valid(validator, "extends: other.yaml\ncohorts: {c: {params: {size: 3}}}\nmodels: {m: null}\n")
    assert not valid(validator, "title: t\n")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("title: t", "title: t\ntitel: t"),
        ("schema: 1", "schema: 2"),
        ("dataset: one", "dataset: three"),
        ("size: 3", "siz: 3"),
        ("columns: {view: v}", "columns: {side: v}"),
        ("{model: net}", "{model: none}"),
        ("folds: 3", "folds: 1"),
        ("image_size: [60, 38]", "image_size: [60]"),
        ("{epochs: 2}", "{epoch: 2}"),
        ("{epochs: 2}", "{epochs: 0}"),
        ("n: {model: net}", "n: {model: none}"),
        ("quick: {", "quick: {trainin: 3, "),
    ],
)
def test_a_mistake_is_refused(validator, right, wrong):
    assert right in STUDY
    assert not valid(validator, STUDY.replace(right, wrong, 1))


def test_two_plugins_may_call_their_parts_alike(validator):
    study = "dataset: {}, params: {{columns: {{{}: v}}}}".format
    for name, key, right in (
        ("one", "view", True),
        ("two", "side", True),
        ("one", "side", False),
        ("two", "view", False),
    ):
        text = STUDY.replace("dataset: one, params: {size: 3, columns: {view: v}}", study(name, key))
        assert valid(validator, text) is right

import json

import pytest
import yaml
from examples import few
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from ovcf_bench.study import ParamsModels, parse, read_lock


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    patients: int = 10
    note: str = ""
    sizes: tuple[float, ...] = ()


class Net(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    depth: int = 1


PLUGINS = ParamsModels({"made_up": Data}, {"net": Net})

# Text that YAML 1.1, YAML 1.2 or PyYAML's writer treat in a way of their own.
TRAPS = [
    "no", "1e3", "12e03", "0x1F", "010", "1:30", "2024-01-31", "null", "~", "a: b", "# c", "- x", "'", '"', "&a", "*a",
    "<<", "=", "% d", "@", "line\nbreak", "tab\t", "\x85", "\u2028", "\ufeff", "\x7f", "\U0001f9b4", " padded ", "!t",
]  # fmt: skip
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(TRAPS)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,6}", fullmatch=True)
shares = st.floats(0.001, 0.999)


@st.composite
def studies(draw):
    """Return a valid study as plain data."""
    cohorts = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    models = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    views = draw(st.lists(st.sampled_from(["ap", "lateral", "no", "1e3"]), min_size=2, max_size=3, unique=True))
    tests = draw(st.lists(names.filter(lambda name: name not in ("development", "folds", "file")), min_size=1,
                          max_size=3, unique=True))  # fmt: skip
    counted = {"positives": draw(st.integers(1, 99)), "negatives": draw(st.integers(1, 99))}
    steps = [
        {"drop": {"column": draw(words), "equals": draw(words | st.booleans() | shares)}, "reason": draw(words)}
        for _ in range(draw(st.integers(0, 2)))
    ]
    return {
        "schema": 1,
        "title": draw(words),
        "question": draw(words),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "cohorts": {
            name: {"dataset": "made_up", "params": {"note": draw(words), "sizes": draw(st.lists(shares, max_size=2))}}
            for name in cohorts
        },
        "eligibility": steps,
        "covariates": draw(st.lists(words, max_size=2)),
        "splits": {
            "development": {"from": cohorts[0], **counted},
            **{name: {"from": draw(st.sampled_from(cohorts)), **counted} for name in tests},
            "folds": draw(st.integers(2, 10)),
        },
        "models": {name: {"model": "net", "params": {"depth": draw(st.integers(1, 9))}} for name in models},
        "arms": {"views": views},
        "training": {
            "epochs": draw(st.integers(1, 99)),
            "optimizer": {"learning_rate": draw(st.floats(1e-9, 10))},
            "augmentation_by_view": {views[0]: {"flip": draw(shares)}},
        },
        "threshold": draw(st.sampled_from(["youden", 0.5, {"sensitivity": 0.9}])),
        "comparisons": [{"id": "c", "a": views[0], "b": views[1], "claim": "equivalence", "margin": draw(shares)}],
        "expected": draw(words),
    }


def written(value):
    """Return plain data as YAML, every text in double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return yaml.safe_dump(value, default_style='"', width=10_000).strip()
    return json.dumps(value)


def shuffled(value, order):
    """Return the same data with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return value


@few
@given(studies())
def test_the_lock_of_a_study_is_the_study(data):
    study = parse(written(data), PLUGINS)
    again = parse(study.to_yaml(), PLUGINS)
    assert again.document == study.document
    assert (again.arms, again.comparisons, again.splits) == (study.arms, study.comparisons, study.splits)
    assert again.digest == study.digest
    assert again.to_yaml() == study.to_yaml()


@few
@given(studies())
def test_a_lock_is_read_without_its_plugins(data):
    study = parse(written(data), PLUGINS)
    assert read_lock(study.to_yaml()).digest == study.digest


@few
@given(studies(), st.randoms(use_true_random=False))
def test_the_order_of_keys_and_comments_do_not_change_the_digest(data, order):
    text = "# a comment\n" + written(shuffled(data, order)) + " # another\n"
    assert parse(text, PLUGINS).digest == parse(written(data), PLUGINS).digest


@few
@given(studies())
def test_a_default_that_is_written_out_does_not_change_the_digest(data):
    assert parse(written({**data, "ensemble": "mean_logit"}), PLUGINS).digest == parse(written(data), PLUGINS).digest


@few
@given(studies())
def test_the_locks_text_is_the_same_to_a_yaml_1_1_reader(data):
    study = parse(written(data), PLUGINS)
    assert yaml.safe_load(study.to_yaml())["title"] == study.document.title


@pytest.mark.parametrize("trap", TRAPS)
def test_text_that_looks_like_something_else_stays_text(trap):
    data = {"title": trap, "schema": 1, "cohorts": {"h": {"dataset": "made_up", "params": {"note": trap}}},
            "splits": {"development": {"from": "h", "positives": 1}, "internal": {"from": "h"}},
            "models": {"m": {"model": "net"}}, "arms": {"views": ["ap"]}}  # fmt: skip
    again = parse(parse(written(data), PLUGINS).to_yaml(), PLUGINS).document
    assert again.title == again.cohorts["h"].params.note == trap


def test_the_folder_and_the_file_name_are_no_part_of_a_study(tmp_path):
    text = "schema: 1\ntitle: t\ncohorts: {h: {dataset: made_up}}\nmodels: {m: {model: net}}\narms: {views: [ap]}\n"
    text += "splits: {development: {from: h, positives: 1, negatives: 1}, internal: {from: h}}\n"
    here, there = parse(text, PLUGINS), parse(text, PLUGINS, where="other.yaml", folder=tmp_path)
    assert here.digest == there.digest
    assert str(tmp_path) not in there.to_yaml()


def test_a_lock_starts_with_what_it_is_and_repeats_nothing_by_anchors():
    text = "schema: 1\ntitle: t\ncohorts: {h: {dataset: made_up}}\nmodels: {m: &m {model: net}, n: *m}\n"
    text += "splits: {development: {from: h, positives: 1, negatives: 1}, internal: {from: h}}\narms: {views: [ap]}\n"
    lock = parse(text, PLUGINS).to_yaml()
    assert lock.startswith("# Fully resolved study")
    assert "&id" not in lock

import json
import math

import pytest
import yaml
from examples import few
from hypothesis import given
from hypothesis import strategies as st

from ovcf_bench.errors import StudyError
from ovcf_bench.study.document import Node, merge, put, read

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner),
    max_leaves=8,
)
mappings = st.dictionaries(st.text("abc", min_size=1, max_size=2), plain_values, min_size=1)


def document(text):
    root, problems = read(text, "study.yaml")
    assert not problems
    return root


def found(text):
    return [str(problem) for problem in read(text, "study.yaml")[1]]


def refused(text):
    with pytest.raises(StudyError) as caught:
        read(text, "study.yaml")
    return str(caught.value)


def node(value):
    """Return plain data as a document, without places."""
    if isinstance(value, dict):
        return Node({key: node(each) for key, each in value.items()}, "", "")
    if isinstance(value, list):
        return Node([node(each) for each in value], "", "")
    return Node(value, "", "")


def test_every_value_and_key_knows_its_line_and_column():
    root = document("seed: 1\ntraining:\n  image_size: [600,\n    380]\n")
    size = root.child("training").child("image_size")
    assert size.key_where == "study.yaml, line 3, column 3"
    assert size.child(1).where == "study.yaml, line 4, column 5"


def test_quoted_text_is_never_a_number():
    assert document("a: '5'\nb: \"no\"\nc: |-\n  1e3\n").plain() == {"a": "5", "b": "no", "c": "1e3"}


def test_a_number_too_large_for_a_float_stays_text():
    assert document("a: 1e400").plain() == {"a": "1e400"}


def test_an_alias_repeats_its_anchor_and_keeps_the_place_of_the_anchor():
    root = document("a: &same {x: 1}\nb: *same\n")
    assert root.plain() == {"a": {"x": 1}, "b": {"x": 1}}
    assert root.child("b").where == root.child("a").where


def test_an_anchor_that_holds_itself_is_refused():
    assert "an anchor holds itself" in refused("a: &self [*self]\n")


def test_nesting_too_deep_is_refused():
    assert "nested too deeply" in refused("a: " + "[" * 5000 + "]" * 5000)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "- a\n", "text\n"])
def test_a_file_without_keys_is_refused(text):
    assert "the file holds no keys" in refused(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1\nb: 2\n", "study.yaml, line 2, column"),
        ("a: 1\n\tb: 2\n", "study.yaml, line 2, column 1"),
        ("a: 1\n---\nb: 2\n", "study.yaml, line 2, column 1"),
        ("a: 1\nb: x\0\n", "study.yaml, line 2, column 5: not YAML: the character '\\x00'"),
    ],
)
def test_a_syntax_error_is_located(text, place):
    assert refused(text).startswith(place)


def test_a_duplicate_key_names_both_places():
    (problem,) = found("a: 1\nb: {c: 1, c: 2}\n")
    assert problem.startswith("study.yaml, line 2, column 11: duplicate key 'c'")
    assert "line 2, column 5" in problem


@pytest.mark.parametrize("text", ["a: !!int 3\n", "a: !python/object:os.system {}\n"])
def test_a_tag_is_no_part_of_a_study(text):
    (problem,) = found(text)
    assert problem.startswith("study.yaml, line 1, column 4: a tag, !")


def test_half_a_character_is_told():
    (problem,) = found('a: "\\ud800"\n')
    assert problem.startswith("study.yaml, line 1, column 4: half a character")


def test_a_key_must_be_one_word():
    (problem,) = found("[a, b]: 1\n")
    assert problem.startswith("study.yaml, line 1, column 1: a key must be one word")


def test_a_merged_document_keeps_the_place_of_every_value():
    base, _ = read("training: {epochs: 20, batch_size: 12}\n", "base.yaml")
    over, _ = read("\ntraining: {epochs: 2}\n", "own.yaml")
    training = merge(base, over).child("training")
    assert training.child("epochs").where == "own.yaml, line 2, column 20"
    assert training.child("batch_size").where == "base.yaml, line 1, column 36"


def test_merging_replaces_lists_and_null_removes_an_inherited_key():
    base = document("a: {x: 1, y: [1, 2]}\nb: 3\n")
    assert merge(base, document("a: {y: [9]}\nb: null\n")).plain() == {"a": {"x": 1, "y": [9]}}


@few
@given(mappings)
def test_merging_a_document_with_itself_changes_nothing_but_nulls(value):
    def without_nulls(part):
        if isinstance(part, dict):
            return {key: without_nulls(each) for key, each in part.items() if each is not None}
        return part

    assert merge(node(value), node(value)).plain() == without_nulls(value)


@few
@given(mappings)
def test_json_is_read_as_written(value):
    read_back = document(json.dumps(value, ensure_ascii=True)).plain()
    assert read_back == value


@few
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_yaml_writes_comes_back(value):
    (text,) = yaml.safe_dump({"a": value}).splitlines()
    assert math.isclose(document(text).plain()["a"], value, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize(
    ("assignment", "result"),
    [
        ("a.x=5", {"a": {"x": 5, "y": [1, 2]}}),
        ("a.y.1=[3]", {"a": {"x": 1, "y": [1, [3]]}}),
        ("a.z={w: no}", {"a": {"x": 1, "y": [1, 2], "z": {"w": "no"}}}),
        ("a.x=a=b", {"a": {"x": "a=b", "y": [1, 2]}}),
        ("a.x=null", {"a": {"y": [1, 2]}}),
        ("a.x=", {"a": {"y": [1, 2]}}),
        ("b.c=1", {"a": {"x": 1, "y": [1, 2]}, "b": {"c": 1}}),
    ],
)
def test_set_puts_one_value(assignment, result):
    changed = put(document("a: {x: 1, y: [1, 2]}\n"), assignment)
    assert changed.plain() == result


def test_a_set_value_stands_at_its_option():
    changed = put(document("a: 1\n"), "b.c={d: [1]}")
    assert changed.child("b").child("c").child("d").child(0).where == "--set b.c"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("a", "--set a: not of the form KEY.PATH=VALUE"),
        ("=1", "--set =1: not of the form KEY.PATH=VALUE"),
        ("y.2=1", "--set y.2: '2' is no index here\n    Allowed: 0 to 1."),
        ("y.last=1", "--set y.last: 'last' is no index here"),
        ("e.0=1", "--set e.0: '0' is no index here\n    The list is empty."),
        ("x.y=1", "--set x.y: 'y' stands under a single value"),
        ("x=[1", "--set x: not YAML: "),
        ("x={a: 1, a: 2}", "--set x: duplicate key 'a'"),
    ],
)
def test_a_set_that_cannot_be_done_is_refused(assignment, message):
    with pytest.raises(StudyError) as caught:
        put(document("x: 1\ny: [1, 2]\ne: []\n"), assignment)
    assert str(caught.value).startswith(message)

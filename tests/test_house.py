"""The house keeps its measure: what `python -m tests.house` prints, held against limits."""

import importlib.util
import sys

import pytest
from places import ROOT

MOST_MODULES = 230  # of the core
FEWEST_COMMENTS = 3.0  # that speak to a reader, per 100 lines of code


def loaded():
    spec = importlib.util.spec_from_file_location("house", ROOT / "tests" / "house.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["house"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


house = loaded()


@pytest.fixture(scope="module")
def measured():
    return house.measure()


def test_no_module_and_no_room_imports_itself_by_way_of_others(measured):
    assert measured.module_circles == ()
    assert measured.room_circles == ()


def test_functions_are_short(measured):
    assert measured.median_function <= 8
    assert measured.long_functions == ()


def test_no_module_is_over_400_lines(measured):
    assert measured.longest_module <= 400


def test_the_core_has_no_more_modules_than_it_needs(measured):
    assert measured.core_modules <= MOST_MODULES


def test_what_others_may_use_says_what_it_is(measured):
    assert measured.public_documented >= 97, measured.undocumented


def test_everything_has_a_type(measured):
    assert measured.unannotated == ()


def test_comments_stand_where_a_reason_is_needed(measured):
    assert measured.comments >= FEWEST_COMMENTS


def module(text, name="ovcf_bench.room.one"):
    return house.Module(name, ROOT / "one.py", text)


def test_an_import_for_types_alone_closes_a_circle():
    one = module("from ovcf_bench.room import two\n")
    two = module(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .one import One\n", name="ovcf_bench.room.two"
    )
    graph = house.import_graph([one, two])
    assert house.circles(graph) == [["ovcf_bench.room.one", "ovcf_bench.room.two"]]


def test_an_import_within_a_function_counts():
    one = module("def f():\n    import ovcf_bench.room.two\n")
    assert one.imports({"ovcf_bench.room.two"}) == {"ovcf_bench.room.two"}


def test_a_comment_counts_when_it_speaks_to_a_reader():
    text = 'a = "# no"  # because\nb = 1  # noqa: S101\n# fmt: skip\nc = f"#{a}"  # noqa: S101  a reason\n"""# no"""\n'
    assert [line for line, _ in module(text).comments] == [1, 4]
    assert module(text).code_lines == 4


def test_an_argument_without_a_type_is_told():
    one = module("class A:\n    def f(self, a: int, *, b) -> None: ...\n\ndef g(self) -> int: ...\n")
    wrong = [each.name for each in one.functions if not house.annotated(each, each in one.methods)]
    assert sorted(wrong) == ["f", "g"]

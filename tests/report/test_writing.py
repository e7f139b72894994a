"""Checklists and the methods text: complete, honest, and every work that is cited exists."""

import re
from importlib.resources import files

import pytest
from report.conftest import build_run

from ovcf_bench.report.checklists import AUTHOR, CHECKLISTS, HERE, NOT_APPLICABLE, checklist_tables, items
from ovcf_bench.report.methods_text import bibliography, methods_text
from ovcf_bench.report.page import make_page
from ovcf_bench.report.read import read_run

BY_NAME = {each.name: each for each in CHECKLISTS}
# Ids that only some runs have: pictures, covariates, checks, readers, several cohorts.
SOMETIMES = {"gallery-discordant", "gallery-missed", "readers", "data-checks"}


def test_claim_has_the_44_items_of_2024():
    assert [each.number for each in items(BY_NAME["CLAIM 2024"])] == [str(n) for n in range(1, 45)]


def test_tripod_ai_has_27_items_with_their_parts():
    numbers = [each.number for each in items(BY_NAME["TRIPOD+AI"])]
    assert len(numbers) == len(set(numbers)) == 52
    assert {int(re.match(r"\d+", each)[0]) for each in numbers} == set(range(1, 28))
    parts = {"3": "abc", "5": "ab", "6": "abc", "8": "abc", "9": "abc", "12": "abcdefg", "18": "abcdef", "20": "abc"}
    for number, letters in parts.items():
        assert [each for each in numbers if each.rstrip("abcdefg") == number] == [number + letter for letter in letters]


def test_stard_has_30_items_with_their_parts():
    numbers = [each.number for each in items(BY_NAME["STARD 2015"])]
    assert len(numbers) == len(set(numbers)) == 34
    assert {int(re.match(r"\d+", each)[0]) for each in numbers} == set(range(1, 31))
    assert [each for each in numbers if each.endswith("b")] == ["10b", "12b", "13b", "21b"]


def test_every_item_says_what_to_do_when_the_report_does_not_answer_it():
    for checklist in CHECKLISTS:
        for item in items(checklist):
            assert item.otherwise in {AUTHOR, NOT_APPLICABLE}
            assert item.hint
            assert len(item.topic.split()) <= 15


def test_places_of_the_checklists_exist_on_the_page_of_a_study(finished):
    page = make_page(read_run(finished))
    known = {section.id for section in page.sections} | {"answer"}
    known |= {block.id for section in page.sections for block in section.blocks if getattr(block, "id", "")}
    named = {place for checklist in CHECKLISTS for item in items(checklist) for place in item.places}
    assert named - known <= SOMETIMES


def test_an_item_without_its_place_is_the_authors():
    claim = next(checklist_tables({"flow": "Figure 1"}))
    rows = {row.head: row for group in claim.groups for row in group.rows}
    _, status, where = rows["35"].cells
    assert (status.text, where.links) == (HERE, (("Figure 1", "#flow"),))
    assert rows["36"].cells[1].text == AUTHOR
    counts = [sum(row.cells[1].text == each for row in rows.values()) for each in (HERE, AUTHOR, NOT_APPLICABLE)]
    assert f"{counts[0]} are answered in this report, {counts[1]} are the author’s, {counts[2]} do" in claim.caption


def test_the_methods_text_says_what_the_study_says(finished):
    text = " ".join(methods_text(read_run(finished)))
    for said in (
        "to development (cohort hospital) and to the test sets internal (cohort hospital)",
        "divided into 5 folds",
        "timm.EfficientNet, 28,342,833 parameters, weights imagenet",
        "resized to 600 × 380 pixels",
        "Non-inferiority was judged against a margin of 0.05",
        "Declared before the test scores existed: ap_vs_lateral",
        "computed, not acquired",
    ):
        assert said in text


def test_what_was_not_declared_is_not_called_declared(run):
    def late(found):
        for each in found["sets"].values():
            for one in each["comparisons"]:
                one["declared"] = False

    run.change("findings.json", late)
    text = " ".join(methods_text(read_run(run.path)))
    assert "Declared before" not in text
    assert "exploratory" in text


@pytest.mark.parametrize(
    "lost", [(), ("provenance.json",), ("study.lock.yaml",), ("provenance.json", "study.lock.yaml")]
)
def test_every_work_that_is_cited_is_in_the_bibliography(run, lost):
    for record in lost:
        (run.path / record).unlink()
    paragraphs = methods_text(read_run(run.path))
    keys = {key for each in re.findall(r"\[([^\]]+)\]", " ".join(paragraphs)) for key in each.split("; ")}
    entries = re.findall(r"^@\w+\{(\w+),", bibliography(paragraphs), flags=re.M)
    assert keys == set(entries)
    assert len(entries) == len(keys)


def test_a_work_without_entry_is_an_error():
    with pytest.raises(KeyError, match="Nobody1900"):
        bibliography(["As shown before [Nobody1900]."])


def test_no_entry_stands_twice_and_every_one_has_author_title_and_year():
    text = files("ovcf_bench.report").joinpath("references.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{(\w+),", text, flags=re.M)
    assert len(keys) == len(set(keys)) > 30
    for entry in text.split("\n\n"):
        assert all(f"{field}={{" in entry for field in ("author", "title", "year"))
        assert entry.count("{") == entry.count("}")


def test_a_study_with_one_view_and_no_comparison_has_a_text(tmp_path):
    folder = build_run(tmp_path / "one", arms={"views": ["ap"]}, comparisons=[], primary=None)
    text = " ".join(methods_text(read_run(folder)))
    assert "The view ap was read." in text
    assert "compared by" not in text

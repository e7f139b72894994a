"""Every number that the page shows in a table stands in findings.json, to the digits shown."""

import json
import re
from html.parser import HTMLParser

import pytest
from report.conftest import build_run

from ovcf_bench.report import write_report

NUMBER = re.compile(r"(?<![\w.])[+−]?\d[\d,]*(?:\.\d+)?|(?<![\w.])[+−]?\.\d+")
# What stands in other records than the findings: machine, units, published figures, guidelines.
ELSEWHERE = re.compile(r"facts|models|units|published-table|checklist-|data-checks|probes")


class Cells(HTMLParser):
    """The text of every cell by table; heads of rows and columns are words, not results."""

    def __init__(self, html):
        super().__init__()
        self.cells, self.table, self.inside = {}, None, 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "table":
            self.table = attributes.get("id", "confusion")
        if tag == "td":
            self.cells.setdefault(self.table, []).append("")
            self.inside += 1
        if tag == "sup":  # the letter of a footnote
            self.inside -= 1
        if tag == "small":
            self.handle_data(" ")

    def handle_endtag(self, tag):
        self.inside += {"td": -1, "sup": 1}.get(tag, 0)

    def handle_data(self, text):
        if self.inside > 0 and self.table is not None and self.cells.get(self.table):
            self.cells[self.table][-1] += text


def numbers(value):
    """Every number of a record, however deep."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each)


def shown_as(value):
    """All forms that the page gives to a number: digits, sign, per cent, p without a leading zero."""
    for digits in range(4):
        text = f"{abs(value):.{digits}f}"
        zero = float(text) == 0
        yield text
        if not zero:
            yield ("−" if value < 0 else "+") + text
    if isinstance(value, int):
        yield f"{value:,}"
    if 0 <= value <= 1:
        yield f"{value:.3f}".removeprefix("0")
        yield f"{100 * value:.1f}"
        yield f"{100 * value:.0f}"
        yield f"{value:g}"


def not_in(html, record):
    known = {text for value in set(numbers(record)) for text in shown_as(value)}
    known |= {".001", ".999", ".9"}  # "< .001", "> .999", "specificity .9 to 1"
    return {
        (table, cell, number)
        for table, cells in Cells(html).cells.items()
        if not ELSEWHERE.match(table)
        for cell in cells
        for number in NUMBER.findall(cell)
        if number not in known
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    changes = {"prevalences": [0.1, 0.35]}
    return build_run(tmp_path_factory.mktemp("numbers") / "paper", **changes)


def test_every_number_of_the_tables_stands_in_the_findings(everything):
    html = write_report(everything).read_text("utf-8")
    record = json.loads((everything / "findings.json").read_text("utf-8"))
    shares = [
        found["positives"] / found["n"] for found in record["sets"].values()
    ]  # the prevalence of a set is shown, and is a quotient of two recorded counts
    assert sum(len(cells) for cells in Cells(html).cells.values()) > 800
    assert not_in(html, [record, shares]) == set()


def test_a_number_that_was_changed_is_noticed(everything):
    html = write_report(everything).read_text("utf-8")
    record = json.loads((everything / "findings.json").read_text("utf-8"))
    auroc = record["sets"]["internal"]["arms"]["ap/efficientnet_b5"]["auroc"]
    assert f"<strong>{auroc:.3f}</strong>" in html
    wrong = html.replace(f"<strong>{auroc:.3f}</strong>", "<strong>7.123</strong>", 1)
    assert any(number == "7.123" for _, _, number in not_in(wrong, [record, 0.5]))

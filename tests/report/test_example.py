"""The finished example that the README shows: whole, small, and made by the code beside it."""

import base64
import re
import shutil
import zlib

from places import ROOT

from ovcf_bench.report import write_report

EXAMPLE = ROOT / "reports" / "example"


def test_the_example_is_what_the_code_makes_of_its_records(tmp_path):
    for record in EXAMPLE.iterdir():
        if record.name != "report.html":
            shutil.copy(record, tmp_path)
    made = write_report(tmp_path).read_text("utf-8")
    shown = (EXAMPLE / "report.html").read_text("utf-8")
    assert taken_apart(made) == taken_apart(shown), "make it again: ovcf-bench report reports/example"


def taken_apart(html):
    """The page, and what it offers to download: two builds of zlib may pack the same text differently."""
    start, packed, end = re.split(r'(?<=id="files">)([^<]*)', html)
    return start + end, zlib.decompress(base64.b64decode(packed))


def test_the_example_is_under_two_megabytes_with_24_exams():
    html = (EXAMPLE / "report.html").read_text("utf-8")
    assert len(html.encode()) < 2_000_000
    assert html.count('<div class="exam">') == 24
    assert html.count('class="saliency"') == 48

"""Draws the page with its templates and writes it as one file that needs nothing else."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ovcf_bench import records
from ovcf_bench.records import RunFolder
from ovcf_bench.report.blocks import Figure
from ovcf_bench.report.page import Page, make_page
from ovcf_bench.report.read import read_run

_PART_ENDS = re.compile(r"(?<=[/+])(?=\w)")


def write_report(run_folder: Path) -> Path:
    """Write report.html of a run folder from its other records and return its path.

    Unchanged content leaves the file alone. Raises RecordError naming a record that is missing or broken.
    """
    html = render(make_page(read_run(run_folder)))
    RunFolder(run_folder).write_text(records.REPORT, html)
    return run_folder / records.REPORT


def render(page: Page) -> str:
    """Return the page as HTML."""
    return _templates().get_template("page.html").render(page=page, files=_files(page))


def _files(page: Page) -> dict[str, dict[str, str]]:
    """Return what can be downloaded from the page, by block: its values as CSV."""
    return {
        block.id: {"csv": block.data}
        for section in page.sections
        for block in section.blocks
        if isinstance(block, Figure) and block.data
    }


@cache
def _templates() -> Environment:
    """Return the templates; all values are escaped, in HTML as in SVG, since names come from studies and data."""
    templates = Environment(
        loader=PackageLoader("ovcf_bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["breakable"] = breakable
    return templates


def breakable(name: str) -> Markup:
    """Return a name, escaped, that may be broken into lines where its parts meet."""
    return Markup("<wbr>").join(_PART_ENDS.split(name))

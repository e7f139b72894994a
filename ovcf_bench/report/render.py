"""Draws the page with its templates and writes it as one file that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ovcf_bench import records
from ovcf_bench.records import RunFolder
from ovcf_bench.report.files.tables import as_csv, as_latex
from ovcf_bench.report.kit.blocks import Figure
from ovcf_bench.report.kit.table import Table
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
    return templates().get_template("page.html").render(page=page, files=_files(page))


def _files(page: Page) -> str:
    """Return what can be taken along from the page, by block, packed: values as CSV, tables as LaTeX too.

    JSON, deflated, in base 64: a sixth of the text, and nothing in it can be taken for HTML.
    """
    found: dict[str, dict[str, str]] = {}
    for block in (block for section in page.sections for block in section.blocks):
        if isinstance(block, Figure) and block.data:
            found[block.id] = {"csv": block.data}
        elif isinstance(block, Table):
            found[block.id] = {"csv": as_csv(block), "tex": as_latex(block)}
    return base64.b64encode(zlib.compress(json.dumps(found, ensure_ascii=False).encode(), 9)).decode()


@cache
def templates() -> Environment:
    """Return the templates; all values are escaped, in HTML as in SVG, since names come from studies and data."""
    found = Environment(
        loader=PackageLoader("ovcf_bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["breakable"] = breakable
    return found


def breakable(name: str) -> Markup:
    """Return a name, escaped, that may be broken into lines where its parts meet."""
    return Markup("<wbr>").join(_PART_ENDS.split(name))

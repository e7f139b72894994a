"""Draws the page with its templates and writes it as one file that needs nothing else."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ovcf_bench import records
from ovcf_bench.records import RunFolder
from ovcf_bench.report.blocks import Figure, Table
from ovcf_bench.report.page import make_page, read_records


def write_report(run: Path) -> Path:
    """Write report.html of a run folder from its other records, and return its path.

    Unchanged content leaves the file alone. Raises RecordError when a record is missing or unreadable.
    """
    folder = RunFolder(run)
    templates = _templates()
    page = make_page(read_records(folder), functools.partial(_draw, templates))
    html = templates.get_template("page.html").render(page=page, style=_style(templates))
    folder.write_text(records.REPORT, html)
    return run / records.REPORT


def _templates() -> Environment:
    # Every value is escaped, in HTML and in SVG: names come from studies and data.
    templates = Environment(
        loader=PackageLoader("ovcf_bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.tests["table"] = lambda block: isinstance(block, Table)
    templates.tests["figure"] = lambda block: isinstance(block, Figure)
    return templates


def _draw(templates: Environment, name: str, what: Any) -> Markup:
    return Markup(templates.get_template(name).render(it=what))  # noqa: S704  rendered with autoescape


def _style(templates: Environment) -> Markup:
    assert templates.loader is not None
    source, _, _ = templates.loader.get_source(templates, "style.css")
    return Markup(source)  # noqa: S704  our own style sheet

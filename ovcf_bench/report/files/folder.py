"""Writes every table and figure of a page into a folder; figures also as PDF and PNG."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.files import write_atomically
from ovcf_bench.report.files.tables import as_csv, as_latex, as_markdown, write_word
from ovcf_bench.report.kit.blocks import Figure, Listing, Panel
from ovcf_bench.report.kit.plot import Plot, Series
from ovcf_bench.report.kit.table import Table
from ovcf_bench.report.page import Page
from ovcf_bench.report.render import templates

_MARK = ".ovcf-bench-export"  # stands in every folder that this module may write again
_WORD = "tables.docx"
_NEEDED = {"vl_convert": "vl-convert-python", "docx": "python-docx"}


def export_page(page: Page, folder: Path) -> int:
    """Write tables (CSV, LaTeX, Markdown, Word) and figures (SVG, PDF, PNG, CSV of their values); count the files.

    Raises RecordError, before anything is written, when a library is missing or the folder holds something else.
    """
    missing = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        found = f"needs {' and '.join(missing)}, not installed here"
        raise RecordError(Problem("--export", found, 'Install them: pip install "ovcf-bench[figures]"'))
    if folder.exists() and not folder.is_dir():
        raise RecordError(Problem("--export", "names a file", "Allowed: a new or empty folder."))
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).exists():
        found = "names a folder that holds something else"
        raise RecordError(Problem("--export", found, "Allowed: a new or empty folder, or an earlier export."))
    write_atomically(folder / _MARK, "Made by ovcf-bench report --export, and overwritten by it.\n")
    blocks = [block for section in page.sections for block in section.blocks]
    tables = [block for block in blocks if isinstance(block, Table)]
    texts = [(each.file, each.text + "\n") for each in blocks if isinstance(each, Listing) and each.file]
    files = [*_tables(tables), *_figures([block for block in blocks if isinstance(block, Figure)]), *texts]
    for name, content in files:
        write_atomically(folder / name, content)
    write_word(tables, folder / _WORD)
    return len(files) + 1


def _tables(tables: list[Table]) -> Iterator[tuple[str, str]]:
    for number, table in enumerate(tables, 1):
        name = f"tables/{number:02d}-{table.id}"
        yield f"{name}.csv", as_csv(table)
        yield f"{name}.tex", as_latex(table)
        yield f"{name}.md", as_markdown(table)


def _figures(figures: list[Figure]) -> Iterator[tuple[str, str | bytes]]:
    """Yield every panel by itself: journals set panels as they like, and a single one takes a column."""
    for number, figure in enumerate(figures, 1):
        name = f"figures/{number:02d}-{figure.id}"
        if figure.data:
            yield f"{name}.csv", figure.data
        for at, panel in enumerate(figure.panels, 1):
            svg = standalone_svg(panel)
            one = f"{name}-{at}" if len(figure.panels) > 1 else name
            yield f"{one}.svg", svg
            yield f"{one}.pdf", pdf(svg, SINGLE_MM)
            yield f"{one}.png", png(svg, SINGLE_MM)
            yield f"{one}-wide.pdf", pdf(svg, DOUBLE_MM)


SINGLE_MM, DOUBLE_MM = 84.0, 174.0  # widths of one and of two columns
_DPI, _MM = 300, 25.4
_TITLE, _LINE, _LETTER = 28, 18, 6.4  # height of the title, of a line of the legend; mean width of a letter
_SWATCH = 46


def standalone_svg(panel: Panel) -> str:
    """Return the drawing with title, legend and literal colours of the light page, on white."""
    drawn = templates().get_template(panel.template).render(panel=panel)
    found = re.search(r'<svg class="([\w -]+)" viewBox="0 0 (\d+) (\d+)"[^>]*>(.*?)</svg>', drawn, re.S)
    assert found is not None, "every panel is drawn as one svg"
    kind, width, height, inside = found[1], int(found[2]), int(found[3]), found[4]
    legend, below = _legend(panel, width, height)
    whole = _TITLE + height + below
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" width="{width}" height="{whole}" '
        f'viewBox="0 {-_TITLE} {width} {whole}">\n<style>{_style()}</style>\n'
        f'<rect x="0" y="{-_TITLE}" width="{width}" height="{whole}" style="fill:#fff;stroke:none"/>\n'
        f'<text x="2" y="-12" style="font-weight:600">{escape(textwrap.shorten(panel.title, width // 7))}</text>\n'
        f"{inside}{legend}</svg>\n"
    )


def pdf(svg: str, width_mm: float) -> bytes:
    """Return the drawing as PDF of this width; lines and letters stay vectors."""
    import vl_convert

    width, height = _size(svg)
    points = width_mm / _MM * 72  # the converter takes a pixel for a point
    wanted = f'width="{points:.3f}" height="{points * (height / width):.3f}"'
    return bytes(vl_convert.svg_to_pdf(svg.replace(f'width="{width}" height="{height}"', wanted, 1)))


def png(svg: str, width_mm: float) -> bytes:
    """Return the drawing as PNG of this width at 300 dpi."""
    import vl_convert

    pixels = width_mm / _MM * _DPI
    return bytes(vl_convert.svg_to_png(svg, scale=pixels / _size(svg)[0] * 72 / _DPI, ppi=_DPI))


def _size(svg: str) -> tuple[int, int]:
    """Return width and height, which `standalone_svg` writes first."""
    width, height, *_ = re.findall(r' (?:width|height)="(\d+)"', svg)
    return int(width), int(height)


def _legend(panel: Panel, width: int, height: int) -> tuple[str, int]:
    """Return the legend beneath a plot and how high it is."""
    if not isinstance(panel, Plot):
        return "", 0
    parts, y = [], height + _LINE
    for one in panel.series:
        words = f"{one.label} {one.detail}".strip()
        lines = textwrap.wrap(words, int((width - _SWATCH) / _LETTER)) or [""]
        parts.append(f'<g transform="translate(6 {y - 11})">{_swatch(one)}</g>')
        for line in lines:
            parts.append(f'<text x="{_SWATCH}" y="{y}">{escape(line)}</text>')
            y += _LINE
    return "\n".join(parts), y - height


def _swatch(one: Series) -> str:
    style = one.style.classes
    parts = [f'<path class="line {style}" d="M1 7H31"/>'] if one.path else []
    parts += [f'<path class="bar {style}" d="M9 1h14v12h-14z"/>'] if one.bars else []
    if one.cloud:
        shape = " square" if one.square else ""
        parts.append(f'<path class="cloud{shape} {style}" d="M8 7h0M16 7h0M24 7h0"/>')
    parts += [f'<path class="mark {style}" transform="translate(16 7)" d="{one.style.sign}"/>'] if one.marks else []
    return "".join(parts)


@cache
def _style() -> str:
    """Return the rules of drawings with every variable replaced by its value on the light page."""
    loader = templates().loader
    assert loader is not None, "templates are loaded from the package"
    page, rules = (loader.get_source(templates(), name)[0] for name in ("style.css", "drawing.css"))
    values = dict(re.findall(r"--([\w]+): ([^;]+);", page[: page.index("@media")]))
    return re.sub(r"var\(--(\w+)\)", lambda found: values[found[1]].replace('"', "'"), rules).replace("\n", " ")

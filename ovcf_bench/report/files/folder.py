"""Writes every table and figure of a page into a folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.files import write_atomically
from ovcf_bench.report.files.drawings import DOUBLE_MM, SINGLE_MM, pdf, png, standalone_svg
from ovcf_bench.report.files.tables import as_csv, as_latex, as_markdown
from ovcf_bench.report.files.word import write_word
from ovcf_bench.report.kit.blocks import Figure, Listing, Table
from ovcf_bench.report.page import Page

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
    files = [*_tables(tables), *_figures([block for block in blocks if isinstance(block, Figure)]), *_texts(page)]
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


def _texts(page: Page) -> Iterator[tuple[str, str]]:
    """Yield the listings that name a file, such as the bibliography."""
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Listing) and block.file:
                yield block.file, block.text + "\n"

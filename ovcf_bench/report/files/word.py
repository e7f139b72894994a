"""Tables as a Word document: real tables, one after another, on pages as wide as they need."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovcf_bench.report.files.tables import words_of
from ovcf_bench.report.kit.blocks import Cell, Table

if TYPE_CHECKING:
    from docx.document import Document

_WIDE = 7  # columns from which a page lies on its side
_CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)  # the same bytes for the same tables


def write_word(tables: Sequence[Table], path: Path) -> None:
    """Write a document with all tables."""
    import docx

    document = docx.Document()
    document.core_properties.created = document.core_properties.modified = _CREATED
    document.styles["Normal"].font.size = docx.shared.Pt(8)
    for number, table in enumerate(tables):
        if number:
            document.add_section()
        _turn(document, wide=len(table.columns) >= _WIDE)
        _add(document, table)
    document.save(str(path))


def _turn(document: Document, *, wide: bool) -> None:
    section = document.sections[-1]
    width, height = section.page_width, section.page_height
    assert width is not None, "pages of the template have a size"
    assert height is not None, "pages of the template have a size"
    if wide == (width < height):
        section.page_width, section.page_height = height, width


def _add(document: Document, table: Table) -> None:
    caption = document.add_paragraph()
    caption.add_run(f"{table.label}. ").bold = True
    caption.add_run(table.caption)
    heads = 2 if table.spanners else 1
    rows = sum(len(group.rows) + bool(group.head) for group in table.groups)
    made = document.add_table(rows=heads + rows, cols=len(table.columns), style="Light List")
    if table.spanners:
        _spanners(made, table)
    for at, column in enumerate(table.columns):
        made.cell(heads - 1, at).text = column.title
    line = heads
    for group in table.groups:
        if group.head:
            made.cell(line, 0).merge(made.cell(line, len(table.columns) - 1)).text = group.head
            line += 1
        for row in group.rows:
            cells = made.rows[line].cells
            cells[0].text = row.head
            for place, cell in zip(cells[1:], row.cells, strict=True):
                _fill(place, cell)
            line += 1
    for note in (*table.notes, *(f"{letter} {text}." for letter, text in table.footnotes)):
        document.add_paragraph(note)


def _spanners(made: Any, table: Table) -> None:
    at = 0
    for name, span in table.spanners:
        cell = made.cell(0, at)
        if span > 1:
            cell = cell.merge(made.cell(0, at + span - 1))
        cell.text = name
        at += span


def _fill(place: Any, cell: Cell) -> None:
    paragraph = place.paragraphs[0]
    paragraph.add_run(words_of(cell)).bold = cell.strong
    if cell.note:
        paragraph.add_run(cell.note).font.superscript = True
    if cell.detail:
        place.add_paragraph(cell.detail)

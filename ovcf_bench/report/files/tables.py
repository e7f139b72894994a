"""A table of the page for other programs: CSV, LaTeX, Markdown, Word. Values are those that the page shows."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovcf_bench.report.kit.csv import as_field, written
from ovcf_bench.report.kit.table import Cell, Row, Table
from ovcf_bench.wording import NONE

if TYPE_CHECKING:
    from docx.document import Document

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "−": r"$-$", "–": "--",
    "…": r"\dots{}", "·": r"$\cdot$", "χ": r"$\chi$", "κ": r"$\kappa$", "²": r"$^2$", "’": "'", "±": r"$\pm$",
}  # fmt: skip


def as_csv(table: Table) -> str:
    """Return the table as CSV (RFC 4180, LF): spanners before titles, groups and details in columns of their own.

    True minus signs become hyphens, and a value that does not exist an empty field.
    """
    grouped = any(group.head for group in table.groups)
    rows = [row for group in table.groups for row in group.rows]
    detailed = [any(row.cells[at].detail for row in rows) for at in range(len(table.columns) - 1)]
    lines = [[*(["Group"] if grouped else []), *_heads(table, detailed)]]
    for group in table.groups:
        head = [as_field(group.head)] if grouped else []
        lines += [[*head, as_field(row.head), *_fields(row, detailed)] for row in group.rows]
    return written(lines)


def _heads(table: Table, detailed: list[bool]) -> Iterator[str]:
    first, *others = table.columns
    yield first.title
    for column, with_detail in zip(others, detailed, strict=True):
        yield column.whole
        if with_detail:
            yield f"{column.whole} (detail)"


def _fields(row: Row, detailed: list[bool]) -> Iterator[str]:
    for cell, with_detail in zip(row.cells, detailed, strict=True):
        yield _plain(words_of(cell))
        if with_detail:
            yield _plain(cell.detail)


def words_of(cell: Cell) -> str:
    """Return what a cell says, its links as words."""
    return ", ".join(each for each in (cell.text, *(text for text, _ in cell.links)) if each)


def _plain(text: str) -> str:
    """Return a shown value as a field; a number keeps its sign, a text is no formula."""
    plain = "" if text == NONE else text.replace("−", "-").replace("–", "-")
    return plain if re.match(r"[+-]?\.?\d", plain) else as_field(plain)


def as_latex(table: Table) -> str:
    """Return the table as LaTeX that needs the package booktabs alone."""
    width = len(table.columns)
    shape = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [r"\begin{table}", r"\centering", f"\\caption{{{escape(table.caption)}}}", f"\\label{{tab:{table.id}}}"]
    lines += [f"\\begin{{tabular}}{{{shape}}}", r"\toprule", *_spanners(table)]
    lines += [" & ".join(escape(column.title) for column in table.columns) + r" \\"]
    for group in table.groups:
        lines.append(r"\midrule")
        if group.head:
            lines.append(f"\\multicolumn{{{width}}}{{l}}{{\\textit{{{escape(group.head)}}}}} \\\\")
        lines += [" & ".join((escape(row.head), *map(_latex_cell, row.cells))) + r" \\" for row in group.rows]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [f"\n\\smallskip\\footnotesize {text}" for text in map(escape, table.notes)]
    lines += [f"\n\\smallskip\\footnotesize $^{{{letter}}}$ {escape(text)}." for letter, text in table.footnotes]
    return "\n".join([*lines, r"\end{table}", ""])


def _spanners(table: Table) -> list[str]:
    if not table.spanners:
        return []
    heads, rules, at = [], [], 1
    for name, span in table.spanners:
        heads.append(f"\\multicolumn{{{span}}}{{c}}{{{escape(name)}}}")
        rules += [f"\\cmidrule(lr){{{at}-{at + span - 1}}}"] if name else []
        at += span
    return [" & ".join(heads) + r" \\", " ".join(rules)]


def _latex_cell(cell: Cell) -> str:
    text = escape(words_of(cell))
    text = f"\\textbf{{{text}}}" if cell.strong and text else text
    detail = f" ({escape(cell.detail)})" if cell.detail else ""
    return text + (f"$^{{{cell.note}}}$" if cell.note else "") + detail


def escape(text: str) -> str:
    """Return text that LaTeX sets as it is."""
    return "".join(_LATEX.get(letter, letter) for letter in text)


def as_markdown(table: Table) -> str:
    """Return the table with pipes, as forges show it: caption above, notes beneath."""
    heads = [column.whole for column in table.columns]
    lines = [f"**{table.label}.** {_piped(table.caption)}" if table.label else f"**{_piped(table.caption)}**", ""]
    lines += [_line(map(_piped, heads)), _line("--:" if column.numeric else ":--" for column in table.columns)]
    for group in table.groups:
        if group.head:
            lines.append(_line([f"*{_piped(group.head)}*", *[""] * (len(heads) - 1)]))
        lines += [_line((_piped(row.head), *map(_markdown_cell, row.cells))) for row in group.rows]
    lines += [
        "",
        *map(_piped, table.notes),
        *(f"<sup>{letter}</sup> {_piped(text)}." for letter, text in table.footnotes),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(cell: Cell) -> str:
    text = _piped(words_of(cell))
    text = f"**{text}**" if cell.strong and text else text
    return (
        text + (f"<sup>{cell.note}</sup>" if cell.note else "") + (f"<br>{_piped(cell.detail)}" if cell.detail else "")
    )


def _piped(text: str) -> str:
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", text).replace("\n", " ")


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
        _word_spanners(made, table)
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


def _word_spanners(made: Any, table: Table) -> None:
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

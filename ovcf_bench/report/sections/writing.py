"""What helps to write the paper: the methods as text, the works it cites, and reporting guidelines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ovcf_bench.report.checklists import checklist_tables
from ovcf_bench.report.kit.blocks import Figure, GalleryBlock, Listing, Matrices, Paragraph, Section, present
from ovcf_bench.report.kit.table import Table
from ovcf_bench.report.methods_text import bibliography, methods_text
from ovcf_bench.report.read import RunRecords

_DRAFT = "A draft from the resolved study and the findings: what was done and is on record, ready to paste."


def methods(run: RunRecords) -> Section:
    """Return the section; empty when the records tell nothing of methods."""
    paragraphs = methods_text(run)
    cited = bibliography(paragraphs)
    blocks = present(
        Paragraph(_DRAFT),
        Listing("Methods", "\n\n".join(paragraphs), file="methods.txt", id="methods-text", wrapped=True),
        Listing("References (BibTeX)", cited, folded=True, file="references.bib", id="references") if cited else None,
    )
    return Section("methods", "Methods text", blocks if paragraphs else ())


def checklists(sections: Iterable[Section]) -> Section:
    """Return the section: each guideline against what stands in the other, numbered, sections."""
    places = dict(_places(sections))
    return Section("checklists", "Reporting checklists", tuple(checklist_tables(places)))


def _places(sections: Iterable[Section]) -> Iterator[tuple[str, str]]:
    for section in sections:
        yield section.id, section.title
        for block in section.blocks:
            if isinstance(block, Table | Figure):
                yield block.id, block.label
            elif isinstance(block, Matrices | GalleryBlock):
                yield block.id, section.title
            elif isinstance(block, Listing) and block.id:
                yield block.id, block.title

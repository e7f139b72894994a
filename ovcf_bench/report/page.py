"""Puts the page together: title, answer, notices, and the sections in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ovcf_bench.findings.values import Findings
from ovcf_bench.report.kit.blocks import Block, Figure, Items, Section
from ovcf_bench.report.kit.by_set import place_of
from ovcf_bench.report.kit.table import Table
from ovcf_bench.report.notices import Notice, notices
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.sections.comparisons import comparisons
from ovcf_bench.report.sections.disagreement import disagreement
from ovcf_bench.report.sections.discrimination import discrimination
from ovcf_bench.report.sections.operating_points import operating_points
from ovcf_bench.report.sections.participants import participants
from ovcf_bench.report.sections.probabilities import probabilities
from ovcf_bench.report.sections.provenance import provenance
from ovcf_bench.report.sections.published import published
from ovcf_bench.report.sections.robustness import robustness
from ovcf_bench.report.sections.side_by_side import what_changed
from ovcf_bench.report.sections.subgroups import subgroups
from ovcf_bench.report.sections.writing import checklists, methods

_SECTIONS = (
    participants,
    discrimination,
    comparisons,
    disagreement,
    operating_points,
    probabilities,
    subgroups,
    robustness,
    published,
    methods,
    provenance,
)

_NO_SHARED_SET = "No test set could be tested in pairs; the AUROCs of the runs, and the reasons, stand below."
Said = tuple[tuple[str, str], ...]  # pieces of a sentence, each with the place on the page that it links to, or ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page; `version` is that of the program that made the run, `source` says what the page rests on."""

    title: str
    question: str
    answer: tuple[Said, ...]
    notices: tuple[Notice, ...]
    sections: tuple[Section, ...]
    version: str
    kicker: str = "Study report"
    source: str = " from the records beside this file. Every result stands in findings.json at full precision."


def make_page(run: RunRecords) -> Page:
    """Return the page of a run; a section whose record is absent says so in one line."""
    study = run.findings.study
    return Page(
        title=study.title,
        question=study.question,
        answer=(((_NO_SHARED_SET, ""),),) if _untested(run) else tuple(_answer(run.findings)),
        notices=notices(run),
        sections=_complete(run),
        kicker=_kicker(run),
        version=next((each.project_version for each in (run.provenance, run.source) if each is not None), ""),
    )


def _kicker(run: RunRecords) -> str:
    if run.side_by_side is not None:
        return "Runs side by side"
    return "Study report" if run.source is None else "Comparison of scores"


def _untested(run: RunRecords) -> bool:
    """Return whether the run is several side by side that have nothing to be tested in pairs."""
    return run.side_by_side is not None and not run.findings.sets


def _sections(run: RunRecords) -> tuple[Section, ...]:
    changed = () if run.side_by_side is None else (what_changed(run.side_by_side),)
    if _untested(run):
        return (*changed, provenance(run))
    return (*changed, _cautions(run), *(make(run) for make in _SECTIONS))


def _answer(findings: Findings) -> list[Said]:
    """Return the drafted answer, its numbers linked to the rows that they stand in."""
    return [
        tuple((part.text, place_of(findings, part.anchor)) for part in sentence.parts) or ((sentence.text, ""),)
        for sentence in findings.summary
    ]


def _complete(run: RunRecords) -> tuple[Section, ...]:
    """Return all sections that have blocks, numbered; checklists come last, since they tell where the others stand."""
    counts: Counter[str] = Counter()
    sections = _numbered([section for section in _sections(run) if section.blocks], counts)
    if run.lock is None:
        return sections
    return (*sections, *_numbered([checklists((Section("answer", "Answer", ()), *sections))], counts))


def _numbered(sections: Iterable[Section], counts: Counter[str]) -> tuple[Section, ...]:
    """Number tables and figures in the order of the page; `counts` : how many were numbered before, and are now."""

    def numbered(block: Block) -> Block:
        if not isinstance(block, Table | Figure):
            return block
        word = "Table" if isinstance(block, Table) else "Figure"
        counts[word] += 1
        return replace(block, label=f"{word} {counts[word]}")

    return tuple(replace(each, blocks=tuple(map(numbered, each.blocks))) for each in sections)


def _cautions(run: RunRecords) -> Section:
    """Return the cautions that neither the answer nor a notice says already."""
    said = [*(sentence.text for sentence in run.findings.summary), *(notice.text for notice in notices(run))]
    cautions = tuple(("", note) for note in run.findings.notes if not any(note in text for text in said))
    return Section("cautions", "How to read these results", (Items(cautions),) if cautions else ())

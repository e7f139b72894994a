"""The comparisons: tests, verdicts against margins, and the same by other methods."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Block, Figure, Items, Paragraph, Section
from ovcf_bench.report.figures.forest import COLUMNS, ForestGroup, ForestRow, forest, forest_values
from ovcf_bench.report.figures.plot import arm_style
from ovcf_bench.report.figures.values import as_csv
from ovcf_bench.report.format import estimate, number, p_phrase, signed
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.beside import measures_table, readers_table, sensitivity_table
from ovcf_bench.report.tables.comparisons import delong_table, verdict_table

_NOT_ALIKE = (
    "A p-value above .05 does not show that two views are comparable. That takes a margin, declared before the test "
    "scores exist, and an interval that stays within it."
)


def comparisons(run: RunRecords) -> Section:
    """Return the section."""
    findings = run.findings
    delong = delong_table(findings)
    if delong is None:
        nothing = Paragraph("The study declares no comparison, so no test was made.")
        return Section("comparisons", "Comparisons", (nothing,))
    several = len(findings.sets) > 1
    conclusions = tuple(
        (f"On {name}." if several else "", one.conclusion)
        for name, found in findings.sets.items()
        for one in found.comparisons
        if one.conclusion
    )
    tables = (verdict_table(findings), readers_table(findings), sensitivity_table(findings), measures_table(findings))
    blocks: list[Block] = [Paragraph(_NOT_ALIKE), delong]
    blocks += [Paragraph(text) for text in _omnibus(findings)]
    blocks += _forest(findings)
    blocks += [each for each in tables[:1] if each is not None]
    blocks += [Items(conclusions)] if conclusions else []
    blocks += [each for each in tables[1:] if each is not None]
    return Section("comparisons", "Comparisons", tuple(blocks))


def _omnibus(findings: Findings) -> Iterator[str]:
    """Yield the test of all arms at once, where there are more than two."""
    for name, found in findings.sets.items():
        test = found.omnibus
        if test.p is not None:
            yield f"All arms on {name} at once: χ² = {number(test.chi2, 2)}, df = {test.df}, {p_phrase(test.p)}."
        elif len(found.arms) > 2:
            yield f"All arms on {name} at once: no test ({test.reason})."


def _forest(findings: Findings) -> Iterator[Figure]:
    groups = [
        ForestGroup(
            name,
            tuple(
                ForestRow(
                    f"{one.a} − {one.b}",
                    estimate(one.difference, one.ci, sign=True),
                    one.difference,
                    one.ci,
                    arm_style(position),
                )
                for position, one in enumerate(found.comparisons)
            ),
        )
        for name, found in findings.sets.items()
    ]
    every = [one for found in findings.sets.values() for one in found.comparisons]
    margins = {(one.claim, one.margin) for one in every if one.margin}
    guides = [(0.0, "no difference"), *((-margin, f"margin {signed(-margin)}") for _, margin in margins if margin)]
    guides += [(margin, f"margin {signed(margin)}") for claim, margin in margins if claim == "equivalence" and margin]
    drawn = forest("differences-0", "Differences of AUROC", "Difference of AUROC", groups, guides=guides)
    if drawn is not None:
        words = "the line at 0 is no difference"
        words += ", the others are the margins" if margins else ""
        caption = f"Differences of AUROC, first arm minus second, with 95 % intervals; {words}."
        yield Figure("differences", caption, (drawn,), data=as_csv(COLUMNS, forest_values(groups, 0)))

"""The declared comparisons: paired DeLong tests, and verdicts against the margins."""

from __future__ import annotations

from ovcf_bench.findings.records import ComparisonFindings, Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric, unique
from ovcf_bench.report.format import count, interval, listed, number, p_value, signed

_CLAIMS = {"noninferiority": "non-inferiority", "equivalence": "equivalence"}


def delong_table(findings: Findings) -> Table | None:
    """Return every comparison on every set; nothing when the study has none."""
    footnotes = Footnotes()
    every = [one for found in findings.sets.values() for one in found.comparisons]
    if not every:
        return None
    missing = any(one.missing for one in every)
    groups = tuple(
        Group(name, tuple(_test(one, footnotes, missing) for one in found.comparisons))
        for name, found in findings.sets.items()
        if found.comparisons
    )
    pairs = ("Pairs", *(["Incomplete"] if missing else []))
    notes = ["Difference: first arm minus second. Holm: over the comparisons declared in advance, within a set."]
    methods = unique(one.ci_method for one in every)
    if methods:
        notes.append(f"Intervals of the difference: {listed(methods)}.")
    return Table(
        id="delong",
        caption="Paired DeLong tests on complete pairs.",
        columns=(
            Column("Comparison", numeric=False),
            *numeric(*pairs),
            *numeric("First", "Second", "Difference", "95 % interval", spanner="AUROC"),
            *numeric("z", "p", "p (Holm)"),
            Column("Declared in advance", numeric=False),
        ),
        groups=groups,
        notes=tuple(notes),
        footnotes=footnotes.all(),
    )


def _test(one: ComparisonFindings, footnotes: Footnotes, missing: bool) -> Row:
    return Row(
        f"{one.a} − {one.b}",
        (
            Cell(count(one.n)),
            *([Cell(count(one.missing))] if missing else []),
            Cell(number(one.auroc_a)),
            Cell(number(one.auroc_b)),
            Cell(signed(one.difference), note=footnotes.letter(one.reason), strong=True),
            Cell(interval(one.ci, sign=True)),
            Cell(number(one.z, 2)),
            Cell(p_value(one.p)),
            Cell(p_value(one.p_holm), note=footnotes.letter(one.p_holm_reason)),
            Cell("yes" if one.declared else "no"),
        ),
    )


def verdict_table(findings: Findings) -> Table | None:
    """Return the verdicts against margins; nothing when no comparison claims more than a difference."""
    footnotes = Footnotes()
    claims = {name: [one for one in found.comparisons if one.claim in _CLAIMS] for name, found in findings.sets.items()}
    if not any(claims.values()):
        return None
    methods = unique(
        method
        for found in claims.values()
        for one in found
        for method in (one.noninferiority.ci_method, one.equivalence.ci_method)
    )
    return Table(
        id="verdicts",
        caption="Verdicts on the claims, against the margins that the study declares.",
        columns=(
            Column("Comparison", numeric=False),
            Column("Claim", numeric=False),
            *numeric("Margin", "Level", "Limits"),
            Column("Verdict", numeric=False),
        ),
        groups=tuple(
            Group(name, tuple(_verdict(one, footnotes) for one in found)) for name, found in claims.items() if found
        ),
        notes=tuple(f"Limits: {listed(methods)}." for _ in methods[:1]),
        footnotes=footnotes.all(),
    )


def _verdict(one: ComparisonFindings, footnotes: Footnotes) -> Row:
    verdict = one.noninferiority if one.claim == "noninferiority" else one.equivalence
    return Row(
        f"{one.a} − {one.b}",
        (
            Cell(_CLAIMS[one.claim]),
            Cell(number(one.margin)),
            Cell(f"{verdict.level * 100:.0f} %"),
            Cell(interval(verdict.ci, sign=True)),
            Cell(verdict.verdict or "no verdict", note=footnotes.letter(verdict.reason), strong=True),
        ),
    )

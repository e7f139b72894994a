"""The comparisons within subgroups, and between the sets."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import GroupDifference, Interaction
from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric
from ovcf_bench.report.format import NONE, count, interval, number, p_value, signed


def interactions(findings: Findings) -> Iterator[tuple[str, str, str, Interaction]]:
    """Yield (head, first arm, second arm, groups) of every comparison: within each set, then between the sets."""
    several = len(findings.sets) > 1
    for name, found in findings.sets.items():
        for one in found.comparisons:
            head = f"{one.a} − {one.b}" + (f", {name}" if several else "")
            yield from ((head, one.a, one.b, each) for each in one.interactions)
    arms = {one.id: (one.a, one.b) for found in findings.sets.values() for one in found.comparisons}
    for each in findings.across_sets:
        if each.comparison in arms and any(group.difference is not None for group in each.groups):
            a, b = arms[each.comparison]
            yield f"{a} − {b}, between sets", a, b, each


def subgroup_table(findings: Findings) -> Table | None:
    """Return every comparison within subgroups, and between the sets."""
    named = list(interactions(findings))
    if not named:
        return None
    footnotes = Footnotes()
    return Table(
        id="subgroups-table",
        caption="The comparisons within subgroups and sets, with the test that the difference is the same in all.",
        columns=(
            Column("Group", numeric=False),
            *numeric("Cases", "Positive", "First", "Second", "Difference", "95 % interval", "p (same difference)"),
        ),
        groups=tuple(Group(f"{head}, by {each.by}", tuple(_groups(each, footnotes))) for head, _, _, each in named),
        notes=("Subgroups are exploratory. A group with fewer than five cases of a class is not shown.",),
        footnotes=footnotes.all(),
    )


def _groups(found: Interaction, footnotes: Footnotes) -> list[Row]:
    rows = [_group(group, footnotes) for group in found.groups]
    same = "difference of differences" if found.difference is not None else "all groups"
    test = (
        *(Cell(NONE) for _ in range(4)),
        Cell(signed(found.difference), note=footnotes.letter(found.reason)),
        Cell(interval(found.ci, sign=True)),
        Cell(p_value(found.p), strong=True),
    )
    return [*rows, Row(same, test)]


def _group(group: GroupDifference, footnotes: Footnotes) -> Row:
    return Row(
        group.group,
        (
            Cell(count(group.n)),
            Cell(count(group.positives)),
            Cell(number(group.auroc_a), detail=interval(group.ci_a) if group.ci_a else ""),
            Cell(number(group.auroc_b), detail=interval(group.ci_b) if group.ci_b else ""),
            Cell(signed(group.difference), note=footnotes.letter(group.reason)),
            Cell(interval(group.ci, sign=True)),
            Cell(NONE),
        ),
    )

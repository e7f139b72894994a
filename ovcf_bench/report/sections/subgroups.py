"""The comparisons within subgroups and between sets."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import Estimate, Findings, GroupDifference, Interaction
from ovcf_bench.report.kit.blocks import Block, Cell, Column, Figure, Footnotes, Group, Row, Section, Table, numeric
from ovcf_bench.report.kit.csv import as_csv
from ovcf_bench.report.kit.forest import COLUMNS, Forest, ForestGroup, ForestRow, forest, forest_values
from ovcf_bench.report.kit.plot import arm_style
from ovcf_bench.report.read import RunRecords
from ovcf_bench.wording import NONE, count, interval, minus, number, p_value, signed, with_interval


def subgroups(run: RunRecords) -> Section:
    """Return the section; empty when nothing is compared in groups."""
    table = subgroup_table(run.findings)
    blocks: tuple[Block, ...] = (*_forests(run), table) if table else ()
    return Section("subgroups", "Subgroups and sites", blocks)


def _forests(run: RunRecords) -> Iterator[Figure]:
    panels: list[Forest] = []
    rows = []
    by_head: dict[str, list[Interaction]] = {}
    arms: dict[str, tuple[str, str]] = {}
    for head, a, b, found in interactions(run.findings):
        by_head.setdefault(head, []).append(found)
        arms[head] = (a, b)
    for head, of_comparison in by_head.items():
        a, b = arms[head]
        for title, axis, groups, difference in (
            (f"{head}: AUROC", "AUROC", _aurocs(of_comparison, a, b), False),
            (f"{head}: difference", "Difference of AUROC", _differences(of_comparison), True),
        ):
            drawn = forest(
                f"subgroups-forest-{len(panels)}", title, axis, groups,
                guides=[(0.0, "no difference")] if difference else (),
                bounds=None if difference else (0.0, 1.0),
            )  # fmt: skip
            if drawn is not None:
                rows += list(forest_values(groups, len(panels)))
                panels.append(drawn)
    if panels:
        caption = "AUROC of both arms in each subgroup, and their differences, with 95 % intervals."
        yield Figure("subgroups-forest", caption, tuple(panels), data=as_csv(COLUMNS, rows))


def _aurocs(found: list[Interaction], a: str, b: str) -> list[ForestGroup]:
    def arms(one: Estimate) -> Iterator[ForestRow]:
        for at, (arm, value, ci) in enumerate(((a, one.auroc_a, one.ci_a), (b, one.auroc_b, one.ci_b))):
            yield ForestRow(arm, with_interval(value, ci), value, ci, arm_style(at))

    return [
        ForestGroup(f"{each.by}: {group.group} (n = {group.estimate.n})", tuple(arms(group.estimate)))
        for each in found
        for group in each.groups
        if group.estimate.auroc_a is not None
    ]


def _differences(found: list[Interaction]) -> list[ForestGroup]:
    return [
        ForestGroup(
            each.by,
            tuple(
                ForestRow(
                    f"{group.group} (n = {group.estimate.n})",
                    with_interval(group.estimate.difference, group.estimate.ci, sign=True),
                    group.estimate.difference,
                    group.estimate.ci,
                    arm_style(0),
                )
                for group in each.groups
                if group.estimate.difference is not None
            ),
        )
        for each in found
    ]


def interactions(findings: Findings) -> Iterator[tuple[str, str, str, Interaction]]:
    """Yield (head, first arm, second arm, groups) of every comparison: within each set, then between the sets."""
    several = len(findings.sets) > 1
    for name, found in findings.sets.items():
        for one in found.comparisons:
            head = minus(one.a, one.b) + (f", {name}" if several else "")
            yield from ((head, one.a, one.b, each) for each in one.interactions)
    arms = {one.id: (one.a, one.b) for found in findings.sets.values() for one in found.comparisons}
    for each in findings.across_sets:
        if each.comparison in arms and any(group.estimate.difference is not None for group in each.groups):
            a, b = arms[each.comparison]
            yield f"{minus(a, b)}, between sets", a, b, each


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
    found = group.estimate
    return Row(
        group.group,
        (
            Cell(count(found.n)),
            Cell(count(found.positives)),
            Cell(number(found.auroc_a), detail=interval(found.ci_a) if found.ci_a else ""),
            Cell(number(found.auroc_b), detail=interval(found.ci_b) if found.ci_b else ""),
            Cell(signed(found.difference), note=footnotes.letter(found.reason)),
            Cell(interval(found.ci, sign=True)),
            Cell(NONE),
        ),
    )

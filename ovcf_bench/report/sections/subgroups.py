"""The comparisons within subgroups and between sets."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import Estimate, Findings, GroupDifference, Interaction
from ovcf_bench.report.kit.blocks import Figure, Section, present
from ovcf_bench.report.kit.by_set import all_comparisons
from ovcf_bench.report.kit.csv import CsvCell, as_csv
from ovcf_bench.report.kit.forest import COLUMNS, Forest, ForestGroup, ForestRow, forest, forest_row, forest_values
from ovcf_bench.report.kit.plot import arm_style
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, beneath, cells, numeric, textual
from ovcf_bench.report.read import RunRecords
from ovcf_bench.wording import NONE, count, interval, minus, number, p_value, signed


def subgroups(run: RunRecords) -> Section:
    """Return the section; empty when nothing is compared in groups."""
    table = subgroup_table(run.findings)
    blocks = present(_forests(run.findings), table) if table else ()
    return Section("subgroups", "Subgroups and sites", blocks)


def _forests(findings: Findings) -> Figure | None:
    panels: list[Forest] = []
    rows: list[tuple[CsvCell, ...]] = []
    of_arms: dict[tuple[str, str, str], list[Interaction]] = {}
    for head, a, b, found in interactions(findings):
        of_arms.setdefault((head, a, b), []).append(found)
    for (head, a, b), of_comparison in of_arms.items():
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
                rows += forest_values(groups, len(panels))
                panels.append(drawn)
    caption = "AUROC of both arms in each subgroup, and their differences, with 95 % intervals."
    return Figure("subgroups-forest", caption, tuple(panels), data=as_csv(COLUMNS, rows)) if panels else None


def _aurocs(found: list[Interaction], a: str, b: str) -> list[ForestGroup]:
    def arms(one: Estimate) -> Iterator[ForestRow]:
        for at, (arm, value, ci) in enumerate(((a, one.auroc_a, one.ci_a), (b, one.auroc_b, one.ci_b))):
            yield forest_row(arm, value, ci, arm_style(at))

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
                forest_row(f"{group.group} (n = {one.n})", one.difference, one.ci, arm_style(0), sign=True)
                for group in each.groups
                if (one := group.estimate).difference is not None
            ),
        )
        for each in found
    ]


def interactions(findings: Findings) -> Iterator[tuple[str, str, str, Interaction]]:
    """Yield (head, first arm, second arm, groups) of every comparison: within each set, then between the sets."""
    for place, one in all_comparisons(findings):
        yield from ((minus(one.a, one.b) + place, one.a, one.b, each) for each in one.interactions)
    arms = {one.id: (one.a, one.b) for _, one in all_comparisons(findings)}
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
            *textual("Group"),
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
        *cells(*[NONE] * 4),
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
            *cells(count(found.n), count(found.positives)),
            Cell(number(found.auroc_a), detail=beneath(found.ci_a)),
            Cell(number(found.auroc_b), detail=beneath(found.ci_b)),
            Cell(signed(found.difference), note=footnotes.letter(found.reason)),
            *cells(interval(found.ci, sign=True), NONE),
        ),
    )

"""The comparisons within subgroups and between sets."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import Interaction
from ovcf_bench.report.blocks import Block, Figure, Section
from ovcf_bench.report.figures.forest import COLUMNS, Forest, ForestGroup, ForestRow, forest, forest_values
from ovcf_bench.report.figures.plot import arm_style
from ovcf_bench.report.figures.values import as_csv
from ovcf_bench.report.format import estimate
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.subgroups import interactions, subgroup_table


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
    return [
        ForestGroup(
            f"{each.by}: {group.group} (n = {group.n})",
            tuple(
                ForestRow(arm, estimate(value, ci), value, ci, arm_style(at))
                for at, (arm, value, ci) in enumerate(((a, group.auroc_a, group.ci_a), (b, group.auroc_b, group.ci_b)))
            ),
        )
        for each in found
        for group in each.groups
        if group.auroc_a is not None
    ]


def _differences(found: list[Interaction]) -> list[ForestGroup]:
    return [
        ForestGroup(
            each.by,
            tuple(
                ForestRow(
                    f"{group.group} (n = {group.n})",
                    estimate(group.difference, group.ci, sign=True),
                    group.difference,
                    group.ci,
                    arm_style(0),
                )
                for group in each.groups
                if group.difference is not None
            ),
        )
        for each in found
    ]

"""What findings hold by set, as groups of rows and as panels, and where each of them stands on the page.

Ids of rows are made of positions, not of names: names come from study files and may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ovcf_bench.findings.values import Anchor, ArmFindings, ComparisonFindings, Findings, SetFindings
from ovcf_bench.report.kit.blocks import Figure
from ovcf_bench.report.kit.csv import CsvCell, as_csv
from ovcf_bench.report.kit.plot import Plot
from ovcf_bench.report.kit.table import Group, Row


def all_arms(findings: Findings) -> list[ArmFindings]:
    """Return the results of every arm on every set."""
    return [arm for found in findings.sets.values() for arm in found.arms.values()]


def all_comparisons(findings: Findings) -> Iterator[tuple[str, ComparisonFindings]]:
    """Yield every comparison behind what a head adds to its name: ", SET", or "" where there is one set alone."""
    several = len(findings.sets) > 1
    for name, found in findings.sets.items():
        yield from ((f", {name}" if several else "", one) for one in found.comparisons)


def row_id(table: str, set_position: int, position: int) -> str:
    """Return the id of a row: the n-th arm or comparison of a set in a kind of table."""
    return f"row-{table}-{set_position}-{position}"


def place_of(findings: Findings, anchor: Anchor | None) -> str:
    """Return the id of the row that an anchor means, or "" when the page has no such row."""
    if anchor is None or anchor.set not in findings.sets:
        return ""
    found = findings.sets[anchor.set]
    names = list(found.arms) if anchor.table == "auroc" else [one.id for one in found.comparisons]
    if anchor.name not in names:
        return ""
    return row_id(anchor.table, list(findings.sets).index(anchor.set), names.index(anchor.name))


def comparison_groups(
    findings: Findings, table: str, rows: Callable[[ComparisonFindings, str], Iterable[Row]]
) -> tuple[Group, ...]:
    """Return the rows of all comparisons by set, without sets that have none; `rows` takes a comparison and its id."""
    groups = (
        Group(
            name,
            tuple(
                row for position, one in enumerate(found.comparisons) for row in rows(one, row_id(table, at, position))
            ),
        )
        for at, (name, found) in enumerate(findings.sets.items())
    )
    return tuple(group for group in groups if group.rows)


def plots_by_set(findings: Findings, draw: Callable[[str, SetFindings, int], Plot | None]) -> dict[str, Plot]:
    """Return the plots of the sets that have one; `draw` takes name, findings and position of a set."""
    drawn = ((name, draw(name, found, at)) for at, (name, found) in enumerate(findings.sets.items()))
    return {name: plot for name, plot in drawn if plot is not None}


def figure_by_set(
    name: str,
    caption: str,
    findings: Findings,
    drawn: Mapping[str, Plot],
    columns: Sequence[str],
    values: Callable[[SetFindings, int], Iterable[Sequence[CsvCell]]],
) -> Figure | None:
    """Return the figure of one panel per set; nothing without any.

    values : takes the findings of a set and the number of its panel.
    """
    if not drawn:
        return None
    rows = (row for at, each in enumerate(drawn) for row in values(findings.sets[each], at))
    return Figure(name, caption, tuple(drawn.values()), data=as_csv(columns, rows))

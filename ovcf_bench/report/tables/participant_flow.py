"""The participant flow as a table, for readers who do not see the drawing and for checking its sums."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.report.blocks import Cell, Column, Group, Row, Table, cells, numeric
from ovcf_bench.report.format import NONE, count
from ovcf_bench.report.read import Counts, Flow


def flow_table(flow: Flow) -> Table:
    """Return every step of every cohort, then the splits."""
    views = list(dict.fromkeys(view for each in flow.cohorts.values() for view in each.steps[0].after.views))
    groups = [Group(name, tuple(_steps(flow, name, views))) for name in flow.cohorts]
    splits = [Row(f"{name} (from {found.cohort})", _row(None, found, views)) for name, found in flow.splits.items()]
    splits += [
        Row(f"in no split (from {name})", _row(None, found, views))
        for name, found in flow.unused.items()
        if found.patients
    ]
    return Table(
        id="flow-table",
        caption="The participant flow in numbers.",
        columns=(
            Column("Step", numeric=False),
            *numeric("Patients", "Positive", "Negative", spanner="Dropped"),
            *numeric("Patients", "Positive", "Negative", spanner="Left"),
            *numeric(*views, spanner="Images left"),
        ),
        groups=(*groups, Group("Splits", tuple(splits))),
    )


def _steps(flow: Flow, name: str, views: list[str]) -> Iterator[Row]:
    first, *further = flow.cohorts[name].steps
    yield Row(first.reason, _row(None, first.after, views))
    for step in further:
        head = f"{step.reason} ({step.rule})" if step.rule else step.reason
        yield Row(head, _row(step.dropped, step.after, views))


def _row(dropped: Counts | None, left: Counts, views: list[str]) -> tuple[Cell, ...]:
    return (
        *(_classes(dropped) if dropped else cells(NONE, NONE, NONE)),
        *_classes(left),
        *cells(*(count(left.views.get(view, 0)) for view in views)),
    )


def _classes(counts: Counts) -> tuple[Cell, ...]:
    return cells(*(count(each) for each in (counts.patients, counts.positives, counts.negatives)))

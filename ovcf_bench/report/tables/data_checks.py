"""What was looked for in the data before anything was trained, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovcf_bench.report.blocks import Column, Group, Row, Table, cells, numeric
from ovcf_bench.report.format import NONE, number
from ovcf_bench.report.read import DataCheck

_NAMES = {
    "labels": "Labels of each split",
    "views": "Views of each exam",
    "sites": "Patients and sites",
    "remarks": "Odd images",
    "duplicates": "Equal images",
    "near_duplicates": "Images that look alike",
    "balance": "Covariates between classes and sets",
    "shortcuts": "Labels told without looking at bones",
}
_SHORTCUTS = (
    "A probe is a logistic regression on what the column names, cross-validated in development. It is marked when its "
    "AUROC exceeds .6 and its lower limit, adjusted after Holm for all probes, exceeds .5."
)


def checks_tables(checks: Sequence[DataCheck]) -> Iterator[Table]:
    """Yield the table of all checks, and that of the probes."""
    if not checks:
        return
    rows = tuple(
        Row(_NAMES.get(each.check, each.check), cells("ok" if each.level == "ok" else "look", each.summary))
        for each in checks
    )
    columns = (Column("Looked for", numeric=False), Column("Result", numeric=False), Column("Found", numeric=False))
    yield Table("data-checks", "Checks of the data before training.", columns, (Group("", rows),))
    for check in checks:
        if check.check == "shortcuts" and check.rows:
            yield _probes(check)


def _probes(check: DataCheck) -> Table:
    rows = tuple(
        Row(
            str(row["probe"]),
            cells(str(row["view"] or NONE), str(row["n"]), number(row["auroc"]), number(row["lower"])),
        )
        for row in check.rows
    )
    words = (Column("What the probe knows", numeric=False), Column("View", numeric=False))
    columns = (*words, *numeric("n", "AUROC", "Lower limit"))
    return Table("probes", "Shortcut probes.", columns, (Group("", rows),), notes=(_SHORTCUTS,))

"""Where on the page a number of the drafted answer stands.

Ids are made of positions, not of names: names come from study files and may hold anything.
"""

from __future__ import annotations

from ovcf_bench.findings.values import Anchor, Findings


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

"""Holm's adjustment of a family of p-values.

Source: Holm, Scandinavian Journal of Statistics 1979;6:65-70; through statsmodels.
"""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the adjusted p-values, same order.

    A test without a p-value stays None and still counts in the family (as p = 1), so that a failed test
    never makes the others look better.
    """
    if not p_values:
        return ()
    adjusted = multipletests([1.0 if p is None else p for p in p_values], method="holm")[1]
    return tuple(None if raw is None else float(value) for raw, value in zip(p_values, adjusted, strict=True))

"""Adjustment of a family of p-values: Holm's, and Benjamini & Hochberg's for exploration.

Sources: Holm, Scandinavian Journal of Statistics 1979;6:65-70; Benjamini & Hochberg, JRSS B 1995;57:289-300;
through statsmodels.
"""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the p-values adjusted for the family-wise error rate, same order.

    A test without a p-value stays None and still counts in the family (as p = 1), so that a failed test
    never makes the others look better.
    """
    return _adjust(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the p-values adjusted for the false discovery rate, same order; None counts as in `holm`."""
    return _adjust(p_values, "fdr_bh")


def _adjust(p_values: Sequence[float | None], method: str) -> tuple[float | None, ...]:
    if not p_values:
        return ()
    adjusted = multipletests([1.0 if p is None else p for p in p_values], method=method)[1]
    return tuple(None if raw is None else float(value) for raw, value in zip(p_values, adjusted, strict=True))

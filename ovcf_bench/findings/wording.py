"""How numbers and lists are written in drafted sentences; full precision stays in the fields."""

from __future__ import annotations

from collections.abc import Sequence

from ovcf_bench.findings.values import Limits


def auroc_text(value: float, ci: Limits | None) -> str:
    """Return "0.915 (95 % CI 0.893 to 0.935)"."""
    if ci is None:
        return f"{value:.3f} (no interval)"
    return f"{value:.3f} (95 % CI {ci[0]:.3f} to {ci[1]:.3f})"


def signed(value: float) -> str:
    """Return a difference with its sign, three decimals and a true minus: "−0.038"."""
    text = f"{value:+.3f}"
    return "0.000" if text[1:] == "0.000" else text.replace("-", "−")


def p_text(p: float) -> str:
    """Return "p = 0.604", "p = 0.0023" or "p < 0.0001"."""
    if p < 0.0001:
        return "p < 0.0001"
    return f"p = {p:.4f}" if p < 0.01 else f"p = {p:.3f}"


def listed(names: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

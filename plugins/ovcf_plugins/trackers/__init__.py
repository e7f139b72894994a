"""Bundled trackers: they watch units and write what they see. What all of them write stands here."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ovcf_bench.api import UnitEvent

_CURVES = ("loss", "learning_rate", "images_per_second", "tuning_loss", "tuning_auroc")


def name_of(event: UnitEvent) -> str:
    """Return the unit's name, fit for a folder: "ap/net fold 1"; repeats are named when there are several."""
    again = f" repeat {event.repeat + 1}" if event.repeat else ""
    return f"{event.arm} fold {event.fold + 1}{again}"


def points_of(event: UnitEvent) -> Iterator[tuple[str, float]]:
    """Yield what an epoch measured: name and value."""
    for name in _CURVES:
        value = event.values.get(name)
        if isinstance(value, int | float) and math.isfinite(value):
            yield name, float(value)

"""Learning curves for TensorBoard, one run for each unit: set OVCF_BENCH_TENSORBOARD to the folder of its logs.

Needs the extra `tensorboard`. Nothing is written, and nothing imported, while the variable is not set.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ovcf_bench.api import PluginError, Problem, UnitEvent, hookimpl
from ovcf_plugins.trackers.curves import name_of, points_of

FOLDER = "OVCF_BENCH_TENSORBOARD"
_open: dict[str, Any] = {}  # a writer for each unit that is training


@hookimpl
def unit_event(event: UnitEvent) -> None:
    """Write every epoch of a unit; close its file when it ends."""
    folder = os.environ.get(FOLDER)
    if not folder or event.kind in ("cached", "step"):
        return
    name = name_of(event)
    if name not in _open:
        _open[name] = _writer(Path(folder) / name.replace("/", "_").replace(" ", "_"))
    if event.kind == "epoch":
        for curve, value in points_of(event):
            _open[name].add_scalar(curve, value, event.values["epoch"])
    elif event.kind in ("end", "failed"):
        if event.kind == "failed":
            _open[name].add_text("failed", str(event.values.get("reason", "")))
        _open.pop(name).close()


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        advice = 'Install: pip install "ovcf-bench[tensorboard]"'
        raise PluginError(Problem(FOLDER, "TensorBoard is not installed", advice)) from error
    return SummaryWriter(str(folder))

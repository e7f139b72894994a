"""Learning curves for TensorBoard, one run for each unit: set OVCF_BENCH_TENSORBOARD to the folder of its logs.

Needs the extra `tensorboard`. Nothing is written, and nothing imported, while the variable is not set.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ovcf_bench.api import PluginError, Problem, UnitEvent, hookimpl
from ovcf_plugins.trackers import name_of, points_of

FOLDER = "OVCF_BENCH_TENSORBOARD"
_open: dict[str, _EventFile] = {}  # of each unit that is training


@hookimpl
def unit_event(event: UnitEvent) -> None:
    """Write every epoch of a unit; close its file when it ends."""
    folder = os.environ.get(FOLDER)
    if not folder or event.kind == "step":
        return
    name = name_of(event)
    if name not in _open:
        _open[name] = _event_file(Path(folder) / name.replace("/", "_").replace(" ", "_"))
    if event.kind == "epoch":
        _open[name].write_curves(dict(points_of(event)), int(event.values["epoch"]))
    elif event.kind in ("end", "failed"):
        if event.kind == "failed":
            _open[name].write_text("failed", str(event.values.get("reason", "")))
        _open.pop(name).close()


def _event_file(folder: Path) -> _EventFile:
    try:
        return _EventFile(folder)
    except ImportError as error:
        advice = 'Install: pip install "ovcf-bench[tensorboard]"'
        raise PluginError(Problem(FOLDER, "TensorBoard is not installed", advice)) from error


class _EventFile:
    """A file that TensorBoard reads. SummaryWriter names its files after the host, which must not leave the site."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary, self._tensor = event_pb2.Event, summary_pb2.Summary, tensor_pb2.TensorProto
        folder.mkdir(parents=True, exist_ok=True)
        self._records = RecordWriter((folder / f"events.out.tfevents.{time.time_ns()}").open("xb"))
        self._write(file_version="brain.Event:2")

    def write_curves(self, values: dict[str, float], step: int) -> None:
        """Write one point of every curve."""
        points = [self._summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._write(summary=self._summary(value=points), step=step)

    def write_text(self, tag: str, text: str) -> None:
        """Write a text, which the tab Text shows."""
        from tensorboard.plugins.text.metadata import create_summary_metadata

        tensor = self._tensor(dtype="DT_STRING", string_val=[text.encode()])
        metadata = create_summary_metadata(display_name=tag, description="")
        self._write(summary=self._summary(value=[self._summary.Value(tag=tag, tensor=tensor, metadata=metadata)]))

    def close(self) -> None:
        """Close the file; TensorBoard can read it before, too."""
        self._records.close()

    def _write(self, **content: Any) -> None:
        self._records.write(self._event(wall_time=time.time(), **content).SerializeToString())
        self._records.flush()

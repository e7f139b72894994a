"""Writes the loss of every epoch into a CSV file, and what became of every unit."""

import csv
from pathlib import Path

from ovcf_bench.api import hookimpl

LOSSES = Path("losses.csv")  # in the folder that the run was started in


@hookimpl
def unit_event(event):
    if event.kind == "step":
        assert 0 <= event.values["done"] <= 1
        return
    said = {"epoch": "loss", "failed": "reason"}.get(event.kind)
    with LOSSES.open("a", newline="") as file:
        unit = (event.arm, event.repeat + 1, event.fold + 1)
        csv.writer(file).writerow((*unit, event.kind, event.values[said] if said else ""))

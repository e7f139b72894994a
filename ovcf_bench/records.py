"""The records of a run folder: their names, and how they are read and written."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.files import write_atomically

ANALYSIS, SOURCE = "analysis.json", "source.json"  # of a comparison of scores, which has no study
GALLERY = "gallery.json"  # pictures of single exams; absent when they must not leave the site
LIMITS = "limits.json"  # which images a model of this run may be asked about
PLUGINS = "plugins"  # a folder: the plugin files that the study named, as they were when it ran
SITES = "sites.json"  # scores that other sites sent, by the name of their set
SIDE_BY_SIDE = "side_by_side.json"  # of several runs, besides the two above
LOCK, SPLITS, FLOW, CHECKS, COHORT = "study.lock.yaml", "splits.csv", "flow.json", "checks.json", "cohort.csv"
HISTORY, SCORES, FINDINGS, PROVENANCE, REPORT = (
    "history.csv", "scores.csv", "findings.json", "provenance.json", "report.html",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder; every record in it is whole or absent."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name to show, with what cannot be printed (line ends, bytes that are not UTF-8) replaced."""
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in self.path.name)

    def has(self, name: str) -> bool:
        """Whether the record exists."""
        return (self.path / name).is_file()

    def remove(self, name: str) -> None:
        """Remove a record, if it is there."""
        (self.path / name).unlink(missing_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Write a record; unchanged content leaves the file alone."""
        write_atomically(self.path / name, text)

    def write_json(self, name: str, values: Mapping[str, Any] | Sequence[Any]) -> None:
        """Write a record as JSON."""
        self.write_text(name, json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a record as CSV; floats are written so that reading gives the same bits."""
        self.write_text(name, table.to_csv(index=False, lineterminator="\n"))

    def read_text(self, name: str) -> str:
        """Return a record's text; raises RecordError naming the record."""
        try:
            return (self.path / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            advice = "A run folder is made by `ovcf-bench run`; run the study again."
            raise RecordError(Problem(f"run {self.path.name}", f"{name} cannot be read", advice)) from error

    def read_json(self, name: str) -> dict[str, Any]:
        """Return a JSON record; raises RecordError naming the record."""
        try:
            found: dict[str, Any] = json.loads(self.read_text(name))
        except ValueError as error:
            raise RecordError(Problem(f"run {self.path.name}", f"{name} is not JSON ({error})")) from error
        return found

    def read_table(self, name: str) -> pd.DataFrame:
        """Return a CSV record."""
        return pd.read_csv(io.StringIO(self.read_text(name)))

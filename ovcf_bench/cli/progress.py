"""What the terminal shows of a run: how far it is, and what it found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ovcf_bench.data import Watch
from ovcf_bench.hooks.contracts import UnitEvent
from ovcf_bench.wording import NONE, plural, with_interval

if TYPE_CHECKING:
    from ovcf_bench.findings import Findings
    from ovcf_bench.runner import RunResult

_SECONDS_BETWEEN_LINES = 10.0
_TICKS = 1000  # resolution of a unit's bar


@contextmanager
def watching() -> Iterator[Watch]:
    """Yield a watcher for standard error, fit for a terminal or for a log."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield Lines(console)
        return
    bars = Bars(console)
    with bars.shown:
        yield bars


def _epoch(event: UnitEvent) -> str:
    values = event.values
    text = f"epoch {values['epoch']}/{values['epochs']}, loss {values['loss']:.3f}"
    return f"{text}, {values['images_per_second']:.0f} images/s"


class Lines:
    """One plain line for everything that ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._told = self._begun
        self._left = 0

    def say(self, text: str) -> None:
        """Print a sentence with the seconds since the start."""
        self._console.print(f"[{time.monotonic() - self._begun:6.1f} s] {text}", markup=False, soft_wrap=True)

    def stage(self, name: str, total: int) -> None:
        """Print the stage's name and size."""
        self.say(f"{name} ({total})")

    def advance(self, steps: int = 1) -> None:
        """Print nothing."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Print how far it is, every ten seconds at most."""
        if time.monotonic() - self._told > _SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            self.say(f"{what} ({done} of {total})")

    def units(self, names: list[str], cached: int) -> None:
        """Print how many units run."""
        self._left = len(names)
        self.say(f"Training {plural(len(names), 'unit', 'units')} ({cached} finished earlier)")

    def unit(self, event: UnitEvent) -> None:
        """Print every epoch, end and failure."""
        name = event.unit.name
        if event.kind == "epoch":
            self.say(f"{name}: {_epoch(event)}")
        elif event.kind in ("end", "failed"):
            self._left -= 1
            reason = f": {event.values['reason']}" if event.kind == "failed" else ""
            self.say(f"{name}: {event.kind}{reason} ({plural(self._left, 'unit', 'units')} left)")


class Bars:
    """Bars for the stage, for all units, and for every unit that is training."""

    def __init__(self, console: Console) -> None:
        self.shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._stage: TaskID | None = None
        self._all: TaskID | None = None
        self._training: dict[str, TaskID] = {}
        self._done: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Show a sentence above the bars."""
        self._end_stage()
        self.shown.console.print(escape(text), style="dim")

    def stage(self, name: str, total: int) -> None:
        """Show a bar for the stage."""
        self._end_stage()
        self._stage = self.shown.add_task(name, total=total, text="")

    def advance(self, steps: int = 1) -> None:
        """Move the stage's bar."""
        if self._stage is not None:
            self.shown.advance(self._stage, steps)

    def progress(self, what: str, done: int, total: int) -> None:
        """Show a bar for what a dataset does."""
        if self._stage is None or self.shown.tasks[self.shown.task_ids.index(self._stage)].description != what:
            self.stage(what, total)
        assert self._stage is not None
        self.shown.update(self._stage, completed=done, total=total)

    def units(self, names: list[str], cached: int) -> None:
        """Show a bar for all units."""
        self._end_stage()
        text = f"{len(names)} units" + (f", {cached} finished earlier" if cached else "")
        self._all = self.shown.add_task("Training", total=len(names) * _TICKS, text=text)

    def unit(self, event: UnitEvent) -> None:
        """Move the unit's bar; remove it when the unit ends."""
        name = event.unit.name
        if event.kind == "start":
            self._training[name] = self.shown.add_task(escape(name), total=_TICKS, text="")
        elif event.kind == "epoch":
            self._move(name, round(_TICKS * event.values["epoch"] / event.values["epochs"]), _epoch(event))
        elif event.kind == "step":
            self._move(name, round(_TICKS * event.values["done"]), None)
        else:
            self._move(name, _TICKS, None)
            self.shown.remove_task(self._training.pop(name))
            if event.kind == "failed":
                self.shown.console.print(f"[red]failed:[/red] {escape(name)}: {escape(event.values['reason'])}")

    def _move(self, name: str, done: int, text: str | None) -> None:
        self.shown.update(self._training[name], completed=done)
        if text:
            self.shown.update(self._training[name], text=text)
        self._done[name] = done
        if self._all is not None:
            self.shown.update(self._all, completed=sum(self._done.values()))

    def _end_stage(self) -> None:
        if self._stage is not None:
            self.shown.remove_task(self._stage)
            self._stage = None


def print_headline(result: RunResult, report: Path) -> None:
    """Print AUROCs, the answer and the path of the report of a run."""
    from ovcf_bench.findings import FINDINGS

    console = Console(highlight=False)
    if result.up_to_date:
        console.print("Nothing to do: every unit and record is up to date.")
    print_findings(result.folder.read(FINDINGS), console)
    for unit, reason in result.failed.items():
        console.print(f"[red]failed:[/red] {escape(unit.name)}: {escape(reason)}")
    console.print(f"Report: {escape(str(report))}", soft_wrap=True)


def print_findings(findings: Findings, console: Console) -> None:
    """Print the AUROCs and the drafted answer."""
    console.print(_auroc_table(findings))
    for sentence in findings.summary:
        console.print(escape(sentence.text))


def _auroc_table(findings: Findings) -> Table:
    sets = findings.sets
    table = Table("AUROC (95 % interval)", *(f"{escape(name)} (n = {found.n})" for name, found in sets.items()))
    for arm in findings.study.arms:
        found = [each.arms.get(arm.name) for each in sets.values()]
        table.add_row(escape(arm.name), *(with_interval(each.auroc, each.ci) if each else NONE for each in found))
    return table

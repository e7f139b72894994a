"""How the run was made, so that it can be made again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ovcf_bench.findings.values import Findings
from ovcf_bench.records import Epoch, Provenance, Source
from ovcf_bench.report.kit.blocks import Block, Listing, Paragraph, Section
from ovcf_bench.report.kit.csv import CsvCell
from ovcf_bench.report.kit.plot import Axis, Frame, Plot, Series, Style, Tick, nice_ticks, y_axis
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, cells, numeric, textual
from ovcf_bench.report.read import RunRecords
from ovcf_bench.vocabulary import Unit
from ovcf_bench.wording import NONE, count, duration, number


def provenance(run: RunRecords) -> Section:
    """Return the section."""
    said = run.provenance
    blocks: list[Block] = []
    if run.source is not None:
        blocks += [Listing("This command makes the comparison again:", run.source.command), source_table(run.source)]
    elif said is None:
        blocks.append(Paragraph("The records do not say how the scores came about."))
    else:
        blocks += [Listing("This command makes the run again:", said.command), facts_table(said, run.findings)]
        blocks += [models_table(said)] if said.models and said.units else []
        blocks += [units_table(said)] if said.units else []
    if run.lock is not None:
        blocks.append(Listing("The resolved study (study.lock.yaml)", run.lock.rstrip(), folded=True))
    return Section("provenance", "Provenance", tuple(blocks))


_KEY = 12  # characters of a key or hash that are shown; enough to find it in the store
_TOLD = ("class", "parameters", "weights", "architecture")


def facts_table(said: Provenance, findings: Findings) -> Table:
    """Return version, seeds, machine and time."""
    units = "unit" if len(said.units) == 1 else "units"
    facts = {
        "Program": f"ovcf-bench {said.project_version}",
        "Study file": f"{said.study_file} (SHA-256 {said.study_hash[:_KEY]}…)",
        "Profile": said.profile or "none",
        "Seed": str(findings.study.seed),
        "Trainings of every fold": count(findings.study.repeats),
        "Training and preprocessing version": f"{said.training_version} and {said.preprocessing_version}",
        "Device": said.device or NONE,
        "Machine": f"{said.platform}, Python {said.python}",
        "Workers and threads of each": f"{said.workers} and {said.threads}",
        "Time": f"{duration(said.seconds)} for {count(len(said.units))} {units}",
        "Packages": ", ".join(f"{package} {version}" for package, version in said.versions.items()),
    }
    return _facts("How this run was made.", facts)


def source_table(said: Source) -> Table:
    """Return where scores from elsewhere came from."""
    facts = {
        "Program": f"ovcf-bench {said.project_version}",
        "File": f"{said.file} (SHA-256 {said.sha256[:_KEY]}…)",
        "Cases": count(said.rows),
        "Read as": "; ".join(said.read_as) or "told on the command line",
        "Machine": f"{said.platform}, Python {said.python}",
        "Packages": ", ".join(f"{package} {version}" for package, version in said.versions.items()),
    }
    return _facts("Where these scores came from.", facts)


def _facts(caption: str, facts: Mapping[str, str]) -> Table:
    rows = tuple(Row(name, cells(value)) for name, value in facts.items())
    return Table("facts", caption, textual("Fact", "Value"), (Group("", rows),))


def models_table(said: Provenance) -> Table:
    """Return what was really trained: class and number of parameters as built, starting weights."""
    columns = (*textual("Model", "Class as built"), *numeric("Parameters"), *textual("Starting weights"))
    rows = tuple(Row(name, _model(facts)) for name, facts in said.models.items())
    return Table("models", "The networks.", columns, (Group("", rows),))


def _model(facts: Mapping[str, Any]) -> tuple[Cell, ...]:
    architecture = facts.get("architecture")
    other = [f"{name}: {value}" for name, value in facts.items() if name not in _TOLD and value is not None]
    kind = facts.get("class") or NONE
    return (
        Cell(f"{kind} ({architecture})" if architecture else str(kind), detail=", ".join(other)),
        Cell(count(facts.get("parameters"))),
        Cell({"none": "random", None: NONE}.get(facts.get("weights"), str(facts.get("weights")))),
    )


def units_table(said: Provenance) -> Table:
    """Return every unit: its key, how it ended, time and precision."""
    footnotes = Footnotes()
    by_arm: dict[str, list[Row]] = {}
    for each in said.units:
        status = Cell(each.status, note=footnotes.letter(each.reason), strong=each.status == "failed")
        made = cells(duration(each.seconds), each.device or NONE, each.precision or NONE)
        row = Row(each.unit.place, (Cell(each.key[:_KEY]), status, *made))
        by_arm.setdefault(each.unit.arm, []).append(row)
    columns = (*textual("Unit", "Key", "Status"), *numeric("Time"), *textual("Device", "Precision"))
    groups = tuple(Group(arm, tuple(rows)) for arm, rows in by_arm.items())
    return Table("units", "The units of this run.", columns, groups, footnotes=footnotes.all())


_FRAME = Frame(430, 290)
_FEW_EPOCHS = 25  # up to here every epoch gets a dot

COLUMNS = ("epoch", "training loss")


def training_plots(history: Sequence[Epoch]) -> list[Plot]:
    """Return the plots of all arms on common axes."""
    by_arm: dict[str, dict[Unit, list[Epoch]]] = {}
    for row in history:
        by_arm.setdefault(row.unit.arm, {}).setdefault(row.unit, []).append(row)
    if not by_arm:
        return []
    epochs = max(row.epoch for row in history)
    losses = nice_ticks(max(row.loss for row in history))
    return [_plot(arm, networks, position, epochs, losses) for position, (arm, networks) in enumerate(by_arm.items())]


def _plot(
    arm: str, networks: Mapping[Unit, Sequence[Epoch]], position: int, epochs: int, losses: Sequence[float]
) -> Plot:
    series = tuple(_line(unit, rows, epochs, losses[-1]) for unit, rows in networks.items())
    ends = "; ".join(f"{one.label}: {_in_words(rows)}" for one, rows in zip(series, networks.values(), strict=True))
    return Plot(
        id=f"training-{position}",
        title=arm,
        text=f"Training loss of {arm} by epoch. {ends}.",
        frame=_FRAME,
        x=_epochs(epochs),
        y=y_axis("Training loss", _FRAME, losses),
        series=series,
    )


def _epochs(epochs: int) -> Axis:
    """Return the axis; its ends are where `_at` is 0 and 1."""
    ticks = tuple(Tick(_FRAME.x(_at(epoch, epochs)), str(epoch)) for epoch in _shown(epochs))
    return Axis("Epoch", ticks, 0.5, float(epochs)) if epochs > 1 else Axis("Epoch", ticks, 0.5, 1.5)


def training_values(history: Sequence[Epoch]) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of all plots."""
    arms = list(dict.fromkeys(row.unit.arm for row in history))
    for row in history:
        yield arms.index(row.unit.arm), row.unit.place, row.epoch, row.loss


def _line(unit: Unit, rows: Sequence[Epoch], epochs: int, top: float) -> Series:
    points = [(_at(row.epoch, epochs), row.loss / top) for row in rows]
    dots = tuple((_FRAME.x(x), _FRAME.y(y)) for x, y in points) if len(points) <= _FEW_EPOCHS else ()
    return Series(unit.place, Style(unit.fold, unit.repeat), _FRAME.path(points), dots=dots)


def _in_words(rows: Sequence[Epoch]) -> str:
    first, last = rows[0], rows[-1]
    return f"{number(first.loss)} in epoch {first.epoch}, {number(last.loss)} in epoch {last.epoch}"


def _at(epoch: int, epochs: int) -> float:
    """Return where an epoch stands: the first at a small distance from the axis, the last at the end."""
    return (epoch - 0.5) / (epochs - 0.5) if epochs > 1 else 0.5


def _shown(epochs: int) -> list[int]:
    step = max(1, math.ceil(epochs / 10))
    return [epoch for epoch in range(1, epochs + 1) if epoch % step == 0]

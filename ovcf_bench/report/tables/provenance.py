"""Where the numbers come from: facts of the run, networks, units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, cells, numeric
from ovcf_bench.report.format import NONE, count, duration
from ovcf_bench.report.read import Provenance, Source

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
    rows = tuple(Row(name, cells(value)) for name, value in facts.items())
    columns = (Column("Fact", numeric=False), Column("Value", numeric=False))
    return Table("facts", "How this run was made.", columns, (Group("", rows),))


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
    rows = tuple(Row(name, cells(value)) for name, value in facts.items())
    columns = (Column("Fact", numeric=False), Column("Value", numeric=False))
    return Table("facts", "Where these scores came from.", columns, (Group("", rows),))


def models_table(said: Provenance) -> Table:
    """Return what was really trained: class and number of parameters as built, starting weights."""
    columns = (
        Column("Model", numeric=False),
        Column("Class as built", numeric=False),
        *numeric("Parameters"),
        Column("Starting weights", numeric=False),
    )
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
    for unit in said.units:
        name = f"fold {unit.fold + 1}" + (f", repeat {unit.repeat + 1}" if unit.repeat else "")
        status = Cell(unit.status, note=footnotes.letter(unit.reason), strong=unit.status == "failed")
        made = cells(duration(unit.seconds), unit.device or NONE, unit.precision or NONE)
        by_arm.setdefault(unit.arm, []).append(Row(name, (Cell(unit.key[:_KEY]), status, *made)))
    columns = (
        Column("Unit", numeric=False),
        Column("Key", numeric=False),
        Column("Status", numeric=False),
        *numeric("Time"),
        Column("Device", numeric=False),
        Column("Precision", numeric=False),
    )
    groups = tuple(Group(arm, tuple(rows)) for arm, rows in by_arm.items())
    return Table("units", "The units of this run.", columns, groups, footnotes=footnotes.all())

"""The runs of a folder: what each found, and the page that links to their reports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import ovcf_bench
from ovcf_bench import records
from ovcf_bench.errors import BenchError, Problem, RecordError
from ovcf_bench.findings.values import ComparisonFindings, Findings, Limits
from ovcf_bench.records import RunFolder
from ovcf_bench.report.kit.blocks import Section
from ovcf_bench.report.kit.table import Cell, Group, Row, Table, cells, textual
from ovcf_bench.report.page import Page
from ovcf_bench.report.read import RunRecords, read_run
from ovcf_bench.report.render import render
from ovcf_bench.wording import NONE, count, interval, joined, minus, number, with_interval

INDEX = "index.html"
HEADS = ("Title", "Made (UTC)", "Result", "Verdict", "Units failed", "Profile", "Synthetic")
_ADVICE = "Allowed: a folder whose subfolders are runs; `ovcf-bench run STUDY` makes one."


@dataclass(frozen=True, slots=True)
class PrimaryResult:
    """The primary comparison, a minus b on a set; `verdict` is that on its claim, `reason` why there is no value."""

    set: str
    a: str
    b: str
    difference: float | None
    ci: Limits | None
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArmResult:
    """The AUROC of an arm on a set."""

    set: str
    arm: str
    auroc: float | None
    ci: Limits | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run; `broken` says why its records cannot be read, and then only name, made and report are known.

    name : the folder's, with what cannot be printed replaced; made : when findings.json was written, ISO 8601 in UTC;
    report : link to the report, relative to the folder of runs, or None; arms : those of the first set, where no
    primary comparison is declared; units and failed : None for scores that come from no run.
    """

    name: str
    made: str
    report: str | None
    title: str = ""
    primary: PrimaryResult | None = None
    arms: tuple[ArmResult, ...] = ()
    units: int | None = None
    failed: int | None = None
    profile: str | None = None
    synthetic: tuple[str, ...] = ()
    broken: str = ""


def read_runs(folder: Path) -> tuple[RunSummary, ...]:
    """Return the runs of a folder, the newest first. Raises RecordError when it holds none."""
    try:
        found = [each for each in folder.iterdir() if (each / records.FINDINGS).is_file()]
    except OSError as error:
        raise RecordError(Problem(str(folder), f"cannot be listed ({error.strerror})", _ADVICE)) from error
    if not found:
        raise RecordError(Problem(str(folder), "holds no run", _ADVICE))
    return tuple(sorted(map(_summary, sorted(found)), key=lambda run: run.made, reverse=True))


def write_index(folder: Path, runs: Sequence[RunSummary]) -> Path:
    """Write index.html of a folder of runs and return its path; unchanged content leaves the file alone."""
    RunFolder(folder).write_text(INDEX, index_page(runs))
    return folder / INDEX


def index_page(runs: Sequence[RunSummary]) -> str:
    """Return the page that links to the report of each run, as HTML."""
    broken = sum(bool(run.broken) for run in runs)
    said = f"{count(len(runs))} {'run' if len(runs) == 1 else 'runs'}, the newest first."
    sentences = [said, f"{count(broken)} of them cannot be read; the table says why."][: 2 if broken else 1]
    columns = textual("Run", *HEADS)
    table = Table("runs", "The runs of this folder.", columns, (Group("", tuple(map(_row, runs))),), label="Table 1")
    return render(
        Page(
            title="Runs",
            question="",
            answer=tuple(((text, ""),) for text in sentences),
            notices=(),
            sections=(Section("list", "List of runs", (table,)),),
            version=ovcf_bench.__version__,
            kicker="Index",
            source=" from the records of the runs, which stand in the folders beside this file.",
        )
    )


def texts(run: RunSummary) -> tuple[str, ...]:
    """Return what the list says of a run, one text for each of HEADS."""
    made = run.made[:16].replace("T", " ")
    if run.broken:
        return ("broken", made, run.broken, *[NONE] * 4)
    return (
        run.title,
        made,
        _result(run),
        (run.primary.verdict if run.primary else "") or NONE,
        NONE if run.failed is None else f"{count(run.failed)} of {count(run.units)}",
        run.profile or NONE,
        joined(run.synthetic) if run.synthetic else NONE,
    )


def _row(run: RunSummary) -> Row:
    title, *others = texts(run)
    return Row(run.name, (Cell(title, links=(("report", run.report),) if run.report else ()), *cells(*others)))


def _result(run: RunSummary) -> str:
    found = run.primary
    if found is None:
        aurocs = [f"{arm.arm} {number(arm.auroc)} ({interval(arm.ci)})" for arm in run.arms]
        return f"AUROC on {run.arms[0].set}: {', '.join(aurocs)}" if aurocs else NONE
    value = with_interval(found.difference, found.ci, sign=True)
    return f"{minus(found.a, found.b)} on {found.set}: {value}" + (f"; {found.reason}" if found.reason else "")


def _summary(path: Path) -> RunSummary:
    folder = RunFolder(path)
    made = datetime.fromtimestamp((path / records.FINDINGS).stat().st_mtime, UTC).isoformat(timespec="seconds")
    link = f"{quote(os.fsencode(path.name))}/{records.REPORT}" if folder.has(records.REPORT) else None
    try:
        run = read_run(path)
    except BenchError as error:
        return RunSummary(folder.name, made, link, broken=_reason(error, path.name))
    return _told(folder.name, made, link, run)


def _reason(error: BenchError, name: str) -> str:
    """Return the first problem without the name of the run, which stands beside it."""
    first, *more = error.problems
    where = first.where.removeprefix(f"run {name}").removeprefix(", ")
    return ": ".join(filter(None, (where, first.found))) + (f" (and {len(more)} more)" if more else "")


def _told(name: str, made: str, link: str | None, run: RunRecords) -> RunSummary:
    said, primary = run.provenance, _primary(run.findings)
    return RunSummary(
        name=name,
        made=made,
        report=link,
        title=run.findings.study.title,
        primary=primary,
        arms=() if primary else _arms(run.findings),
        units=len(said.units) if said else None,
        failed=sum(unit.status == "failed" for unit in said.units) if said else None,
        profile=said.profile if said else None,
        synthetic=_synthetic(run),
    )


def _synthetic(run: RunRecords) -> tuple[str, ...]:
    if run.side_by_side is not None:
        return tuple(f"run {each.number}" for each in run.side_by_side.runs if each.synthetic)
    return run.provenance.synthetic if run.provenance else ()


def _primary(findings: Findings) -> PrimaryResult | None:
    wanted = findings.primary
    if wanted is None or wanted.set not in findings.sets:
        return None
    one = next((each for each in findings.sets[wanted.set].comparisons if each.id == wanted.comparison), None)
    if one is None:
        return None
    found = one.primary
    return PrimaryResult(wanted.set, one.a, one.b, found.difference, found.ci, _verdict(one, found.ci), found.reason)


def _verdict(one: ComparisonFindings, ci: Limits | None) -> str:
    if one.claim == "equivalence":
        return one.equivalence.verdict or ""
    if one.claim == "difference":
        return _direction(ci)
    also = f", {one.noninferiority.direction}" if one.noninferiority.direction in ("superior", "inferior") else ""
    return f"{one.noninferiority.verdict}{also}" if one.noninferiority.verdict else ""


def _direction(ci: Limits | None) -> str:
    """Return what an interval says about 0; one that holds 0 does not show that two arms are alike."""
    if ci is None:
        return ""
    return "superior" if ci[0] > 0 else "inferior" if ci[1] < 0 else "difference not shown"


def _arms(findings: Findings) -> tuple[ArmResult, ...]:
    """Return the arms of the first set."""
    for name, found in findings.sets.items():
        return tuple(ArmResult(name, arm, result.auroc, result.ci) for arm, result in found.arms.items())
    return ()

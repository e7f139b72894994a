"""From a table of scores to findings, and to a folder with score table, findings and report."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

import ovcf_bench
from ovcf_bench import findings, records, scores
from ovcf_bench.comparing.layout import Layout, Request
from ovcf_bench.errors import DataError, Problem, one_of
from ovcf_bench.findings import Analysis, Findings
from ovcf_bench.findings.values import ArmRecord, Primary
from ovcf_bench.provenance import digest, machine, versions
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.records import RunFolder, Source
from ovcf_bench.vocabulary import DEVELOPMENT, Arm, Comparison
from ovcf_bench.wording import plural


def compare_scores(layout: Layout, request: Request, pseudonyms: Pseudonyms, *, runs: Path, command: str) -> RunFolder:
    """Write score table, analysis and findings to a folder below `runs`, and return it.

    The folder is named by file and content, so that the same comparison lands in the same place.
    """
    table = _score_table(layout, request, pseudonyms)
    analysis = _analysis(layout, request)
    text = scores.to_csv(table)
    identity = digest([hashlib.sha256(text.encode()).hexdigest(), records.to_json(analysis)])
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.file.stem)
    folder = RunFolder(runs / f"{name}-{identity[:8]}")
    folder.remove(records.REPORT)
    folder.write_text(records.SCORES, text)
    folder.write(findings.ANALYSIS, analysis)
    content, rows = request.file.read_bytes(), len(layout.table)
    folder.write(records.SOURCE, source_of(command, request.file.name, content, rows, layout.said))
    findings.rebuild(folder.path)
    return folder


def to_findings(layout: Layout, request: Request, pseudonyms: Pseudonyms) -> Findings:
    """Return the findings without writing anything."""
    return findings.of_scores(_analysis(layout, request), _score_table(layout, request, pseudonyms))


def source_of(command: str, file: str, content: bytes, rows: int, read_as: Iterable[str]) -> Source:
    """Return what a folder of scores tells of its making: from which content of a file, and how that was understood."""
    return Source(
        project_version=ovcf_bench.__version__,
        command=command,
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        rows=rows,
        read_as=tuple(read_as),
        versions=versions(),
        **machine(),
    )


def _analysis(layout: Layout, request: Request) -> Analysis:
    sets = _test_sets(layout, request)
    comparisons = _comparisons(layout, request)
    several = ", ".join(name for name, _ in layout.arms)
    return Analysis(
        title=request.title or f"Comparison of {several}",
        question="",
        seed=0,
        repeats=1,
        ensemble="mean_logit",
        level="exam",
        aggregation="mean",
        missing=request.missing,
        rule=request.threshold,
        fitted_on=request.fit_on or "",
        optimistic="" if request.fit_on else "it was fitted on the set that it is judged on",
        sets=sets,
        arms=tuple(_arm(name, columns) for name, columns in layout.arms),
        comparisons=comparisons,
        primary=Primary(sets[0], comparisons[0].id) if comparisons else None,
        prevalences=request.prevalences,
        subgroups=request.subgroups,
        resamples=request.resamples,
        from_study=False,
    )


def _arm(name: str, columns: tuple[str, ...]) -> ArmRecord:
    readers = tuple(column.removeprefix("score ") for column in columns) if len(columns) > 1 else ()
    return ArmRecord(name, (name,), "", readers)


def _test_sets(layout: Layout, request: Request) -> tuple[str, ...]:
    names = list(dict.fromkeys(layout.table["set"]))
    if request.fit_on is None:
        return tuple(names)
    if request.fit_on not in names or len(names) == 1:
        found = f"{request.fit_on!r} is no set of the table, or the only one"
        raise DataError(Problem("--fit-on", found, one_of(request.fit_on, names) if request.set else "Give --set."))
    patients = layout.table.groupby(layout.table["set"] == request.fit_on)["patient"].agg(set)
    shared = len(patients[True] & patients[False])
    if shared:
        patients_of = plural(shared, f"patient of {request.fit_on!r} is", f"patients of {request.fit_on!r} are")
        found = f"{patients_of} in another set as well"
        raise DataError(Problem("--fit-on", found, "A threshold is fitted on other patients than it is judged on."))
    return tuple(name for name in names if name != request.fit_on)


def _comparisons(layout: Layout, request: Request) -> tuple[Comparison, ...]:
    names = [name for name, _ in layout.arms]
    unknown = [name for pair in request.pairs for name in pair if name not in names]
    if unknown:
        raise DataError(*(Problem("--pair", f"unknown arm {name!r}", one_of(name, names)) for name in unknown))
    pairs = request.pairs or tuple(itertools.combinations(names, 2))
    return tuple(Comparison(f"{a} - {b}", a, b, request.claim, request.margin) for a, b in pairs)


def _score_table(layout: Layout, request: Request, pseudonyms: Pseudonyms) -> pd.DataFrame:
    cases = layout.table
    patients = pseudonyms.all("patient", cases["patient"])
    exams = pseudonyms.all("exam", (f"{name}\0{row}" for row, name in enumerate(cases["set"])))
    common = cases.assign(patient_id=patients, exam_id=exams)
    rows = [part for name, columns in layout.arms for part in _arm_rows(common, name, columns, request)]
    return scores.build(pd.concat(rows, ignore_index=True))


def _arm_rows(cases: pd.DataFrame, arm: str, columns: tuple[str, ...], request: Request) -> Iterator[pd.DataFrame]:
    """Yield an arm's rows: its score on the test sets, that of each reader, and those that thresholds are fitted on."""
    fitting = cases["set"] == request.fit_on if request.fit_on else pd.Series(False, index=cases.index)
    known = cases.assign(set=cases["set"].where(~fitting, DEVELOPMENT), image_id="")
    known = known if "site" in request.subgroups else known.assign(site="")
    elsewhere = Arm(arm, (arm,), model="")
    for number, column in enumerate(columns):
        if len(columns) > 1 or request.fit_on:
            wanted = known if len(columns) > 1 else known[fitting]
            yield scores.network_rows(wanted, elsewhere, 0, number, score=wanted[column], also=request.subgroups)
        if len(columns) == 1:
            tested = known[~fitting]
            yield scores.ensemble_rows(tested, elsewhere, "mean_logit", score=tested[column], also=request.subgroups)

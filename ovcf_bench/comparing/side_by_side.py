"""Finished runs side by side: what changed between them, and paired tests where their patients are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench import findings, records, scores
from ovcf_bench.comparing.analyse import source_of
from ovcf_bench.errors import BenchError, Problem, RecordError
from ovcf_bench.findings import Analysis, Findings
from ovcf_bench.findings.case_scores import ScoreBook, open_book
from ovcf_bench.findings.values import ArmRecord, Primary
from ovcf_bench.provenance import digest
from ovcf_bench.records import RUN_AGAIN, ListedRun, Provenance, RunAuroc, RunFolder, SharedSet, SideBySide, Source
from ovcf_bench.study import Study
from ovcf_bench.study.load import changes
from ovcf_bench.vocabulary import SCORE_COLUMNS, Arm, Comparison
from ovcf_bench.wording import plural

_EXAM = ["patient_id", "exam_id", "label"]
_NO_STUDY = "one of the two runs comes from a study, the other from a table of scores"
# Of provenance.json, or source.json, what may differ between two runs of one program.
_PROGRAM = (
    "versions", "python", "platform", "device", "training_version", "preprocessing_version", "profile", "synthetic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as it was read; `study` and `book` are None for scores that come from no study."""

    number: int
    name: str
    digest: str
    findings: Findings
    made: Provenance | Source
    study: Study | None
    book: ScoreBook | None

    @property
    def arms(self) -> Mapping[str, Arm]:
        """The arms that the study declares, by name."""
        return {arm.name: arm for arm in self.study.arms} if self.study else {}

    def named(self, arm: str) -> str:
        """Return the name of an arm beside those of the other runs."""
        return f"{arm} [run {self.number}]"


def set_side_by_side(runs: Sequence[Path], *, to: Path | None, command: str) -> tuple[RunFolder, SideBySide]:
    """Write the records of two or more runs side by side, and return their folder with what is shared.

    The folder is `to`, or one beside the first run that is named by the runs and their findings. Raises RecordError
    naming every run that cannot be read, or when `to` holds something else; then nothing is written.
    """
    read = _read_all(runs)
    first, *others = read
    folder = _folder(runs[0], read, to)
    shared = tuple(each for other in others for each in _shared_sets(first, other))
    table = _score_table(read, shared)
    analysis = _analysis(read, shared)
    found = findings.of_scores(analysis, table)
    record = SideBySide(tuple(_listed(first, each) for each in read), shared)
    text = scores.to_csv(table)
    for name in (records.REPORT, records.FINDINGS):
        folder.remove(name)
    folder.write(records.SIDE_BY_SIDE, record)
    folder.write_text(records.SCORES, text)
    folder.write(findings.ANALYSIS, analysis)
    file, rows = f"{records.SCORES} of {len(read)} runs", len(table.drop_duplicates(["set", "exam_id"]))
    read_as = (f"run {run.number} is {run.name} (findings {run.digest[:8]})" for run in read)
    folder.write(records.SOURCE, source_of(command, file, text.encode(), rows, read_as))
    folder.write(findings.FINDINGS, found)
    return folder, record


def _read_all(runs: Sequence[Path]) -> list[_Run]:
    read: list[_Run] = []
    problems: list[Problem] = []
    for number, path in enumerate(runs, 1):
        try:
            read.append(_read(number, path.resolve()))
        except BenchError as error:
            told = f"run {path.resolve().name}"
            problems += [
                each if each.where.startswith(told) else replace(each, where=f"{told}, {each.where}")
                for each in error.problems
            ]
    if problems:
        raise RecordError(*problems)
    return read


def _read(number: int, path: Path) -> _Run:
    folder = RunFolder(path)
    if folder.has(records.SIDE_BY_SIDE):
        raise RecordError(Problem(f"run {path.name}", "is several runs side by side", "Give those runs themselves."))
    text = folder.read_text(records.FINDINGS)
    source = folder.find(records.SOURCE)
    made: Provenance | Source = folder.read(records.PROVENANCE) if source is None else source
    study = folder.study() if folder.has(records.LOCK) else None
    return _Run(
        number=number,
        name=folder.name,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        findings=folder.read(findings.FINDINGS),
        made=made,
        study=study,
        book=_open(folder, study) if study else None,
    )


def _open(folder: RunFolder, study: Study) -> ScoreBook:
    document = study.document
    try:
        table = scores.from_csv(folder.read_text(records.SCORES))
    except ValueError as error:  # what pandas and float raise for text that is no such table
        found = "is no score table"
        raise RecordError(Problem(f"run {folder.path.name}, {records.SCORES}", found, RUN_AGAIN)) from error
    return open_book(
        table,
        level=document.analysis_level,
        aggregation=document.aggregation,
        ensemble=document.ensemble,
        arms=tuple(arm.name for arm in study.arms),
    )


def _folder(first: Path, read: Sequence[_Run], to: Path | None) -> RunFolder:
    identity = digest([[run.name, run.digest] for run in read])[:8]
    folder = RunFolder(to or first.resolve().parent / f"side-by-side-{identity}")
    if folder.path.is_dir() and any(folder.path.iterdir()) and not folder.has(records.SIDE_BY_SIDE):
        advice = "Allowed: a new or empty folder, or one that this command made."
        raise RecordError(Problem(f"--to {folder.name}", "holds something else", advice))
    return folder


def _shared_sets(first: _Run, other: _Run) -> Iterator[SharedSet]:
    """Yield the test sets that both runs have, each with the arms that can be tested or why none can."""
    arms = tuple(name for name in first.arms if name in other.arms)
    for name in first.findings.sets:
        if name in other.findings.sets:
            n, reason = _same_exams(first, other, name, arms)
            yield SharedSet(name, other.number, () if reason else arms, n, reason)


def _same_exams(first: _Run, other: _Run, name: str, arms: tuple[str, ...]) -> tuple[int, str]:
    """Return how many exams of a set both runs hold, and why they cannot be tested in pairs, if so."""
    if first.book is None or other.book is None:
        return 0, "scores from elsewhere do not tell their patients apart: give `ovcf-bench compare` one table of both"
    if not arms:
        return 0, "no arm of it has the name of an arm of run 1"
    if first.book.level != other.book.level:
        return 0, f"one case is one {other.book.level}, in run 1 one {first.book.level}"
    here, there = (_exams(book, name, arms) for book in (first.book, other.book))
    both = len(here & there)
    if not here:
        return 0, "run 1 has no score on it"
    if here == there:
        return both, ""
    patients = len({patient for patient, *_ in here} & {patient for patient, *_ in there})
    reason = (
        f"the exams differ: {len(there)} here and {len(here)} in run 1, {both} in both with the same label; "
        f"{plural(patients, 'patient is', 'patients are')} in both"
    )
    return both, reason if patients else f"{reason} (other patients, or pseudonyms of another key)"


def _exams(book: ScoreBook, name: str, arms: tuple[str, ...]) -> set[tuple[Any, ...]]:
    table = book.scores
    rows = table[(table["kind"] == "test") & (table["set"] == name) & table["arm"].isin(arms)]
    return set(rows[_EXAM].itertuples(index=False, name=None))


def _score_table(read: Sequence[_Run], shared: Sequence[SharedSet]) -> pd.DataFrame:
    """Return the ensembles of the arms that are tested, one row for each case, each arm named with its run."""
    wanted = {(number, each.set, arm) for each in shared for arm in each.arms for number in (1, each.run)}
    parts = [_arm_rows(read[number - 1], name, arm) for number, name, arm in sorted(wanted)]
    return scores.build(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*SCORE_COLUMNS]))


def _arm_rows(run: _Run, name: str, arm: str) -> pd.DataFrame:
    assert run.book is not None  # only runs of a study share sets
    found = run.book.ensemble_cases(name, arm)
    table = found.table.rename_axis("exam_id").reset_index()
    logit = table["score"] if found.scale == "logit" else float("nan")
    named = Arm(run.named(arm), run.arms[arm].views, model="")  # the scale of the scores is whatever the run's was
    return scores.ensemble_rows(
        table.assign(set=name, image_id="", site=""),
        named,
        "mean_logit",
        score=found.probabilities(table["score"]),
        logit=logit,
    )


def _analysis(read: Sequence[_Run], shared: Sequence[SharedSet]) -> Analysis:
    """Return the analysis: each arm of a further run minus the arm of that name of the first one."""
    first = read[0]
    pairs = dict.fromkeys((arm, each.run) for each in shared for arm in each.arms)
    arms = dict.fromkeys(each for arm, number in pairs for each in ((arm, 1), (arm, number)))
    tested = [each.set for each in shared if each.arms]
    sets = tuple(name for name in first.findings.sets if name in tested)
    named = [(read[number - 1].named(arm), first.named(arm)) for arm, number in pairs]
    comparisons = tuple(Comparison(f"{a} - {b}", a, b) for a, b in named)
    study = first.findings.study
    return Analysis(
        title=f"Side by side: {', '.join(run.name for run in read)}",
        question="",
        seed=study.seed,
        repeats=1,
        ensemble="mean_logit",
        level="exam",
        aggregation="mean",
        missing="all_data" if study.missing == "all_data" else "complete_pairs",
        rule=None,
        fitted_on="",
        optimistic="",
        sets=sets,
        arms=tuple(_arm(read[number - 1], arm) for arm, number in sorted(arms)),
        comparisons=comparisons,
        primary=Primary(tested[0], comparisons[0].id) if comparisons else None,
        from_study=False,
    )


def _arm(run: _Run, name: str) -> ArmRecord:
    return ArmRecord(run.named(name), run.arms[name].views, run.arms[name].model)


def _listed(first: _Run, run: _Run) -> ListedRun:
    """Return a run as it is recorded, with what differs from the first one."""
    return ListedRun(
        number=run.number,
        name=run.name,
        title=run.findings.study.title,
        synthetic=run.made.synthetic if isinstance(run.made, Provenance) else (),
        study=_study_changes(first, run),
        program=changes(_program(first.made), _program(run.made)),
        aurocs={
            name: {arm: RunAuroc(each.auroc, each.ci, each.n, each.reason) for arm, each in found.arms.items()}
            for name, found in run.findings.sets.items()
        },
    )


def _program(made: Provenance | Source) -> dict[str, Any]:
    """Return what is compared of how a run was made."""
    said = asdict(made)
    return {name: said.get(name, () if name == "synthetic" else None) for name in _PROGRAM}


def _study_changes(first: _Run, run: _Run) -> tuple[str, ...]:
    if first.study is None or run.study is None:
        return (_NO_STUDY,) if first.study is not run.study else ()
    return changes(first.study.plain(), run.study.plain())

"""The eligible exams of a cohort, every step counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ovcf_bench.errors import DataError, Problem, one_of
from ovcf_bench.vocabulary import EXAM_COLUMNS, CohortCounts, Eligibility, EligibilityStep

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def count_cohort(table: pd.DataFrame) -> CohortCounts:
    """Return the counts of an exam table."""
    return _Coded.of(table).counts(np.ones(len(table), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class _Coded:
    """An exam table as numbers, (n,) each: texts are compared once, and not in every step of a million rows."""

    patient: Ints
    exam: Ints
    view: Ints
    positive: Bools
    views: tuple[str, ...]

    @classmethod
    def of(cls, table: pd.DataFrame) -> _Coded:
        patient, exam = (pd.factorize(table[name])[0].astype(np.int64) for name in ("patient_id", "exam_id"))
        view, names = pd.factorize(table["view"], sort=True)
        positive = table["label"].to_numpy() == 1
        return cls(patient, exam, view.astype(np.int64), positive, tuple(str(name) for name in names))

    def counts(self, rows: Bools) -> CohortCounts:
        """Return the counts of the rows that are true."""
        patients = _mark(self.patient, rows)
        positives = int(_mark(self.patient, rows & self.positive).sum())
        images = np.bincount(self.view[rows], minlength=len(self.views))
        return CohortCounts(
            patients=int(patients.sum()),
            exams=int(_mark(self.exam, rows).sum()),
            images=int(rows.sum()),
            positives=positives,
            negatives=int(patients.sum()) - positives,
            views={name: int(n) for name, n in zip(self.views, images, strict=True) if n},
        )


def _mark(codes: Ints, rows: Bools) -> Bools:
    """Return, for each code, whether any of the rows has it."""
    marked = np.zeros(codes.max(initial=-1) + 1, dtype=np.bool_)
    marked[codes[rows]] = True
    return marked


@dataclass(frozen=True, slots=True)
class Cohort:
    """The eligible images of one site, and how they were arrived at. `images` has one row per image."""

    name: str
    images: pd.DataFrame
    steps: tuple[EligibilityStep, ...]


def apply_eligibility(name: str, table: pd.DataFrame, rules: Sequence[Eligibility]) -> Cohort:
    """Return the cohort after the ordered rules that concern it; an exam goes when any of its images meets a rule.

    Raises DataError when a rule names a column that the dataset does not have.
    """
    coded, kept = _Coded.of(table), np.ones(len(table), dtype=np.bool_)
    everyone, nobody = coded.counts(kept), coded.counts(~kept)
    steps = [EligibilityStep("listed by the dataset", "", everyone, nobody, everyone)]
    for rule in rules:
        if rule.cohort not in (None, name):
            continue
        meets = _meets(table, rule, name).to_numpy(dtype=np.bool_) & kept
        leaves = _mark(coded.exam, meets)[coded.exam] & kept
        kept &= ~leaves
        # A patient is dropped with the last exam: those who keep an exam are not counted as dropped.
        gone = leaves & ~_mark(coded.patient, kept)[coded.patient]
        before, after = steps[-1].after, coded.counts(kept)
        dropped = _dropped(coded.counts(gone), coded.counts(leaves), before, after)
        steps.append(EligibilityStep(rule.reason, _in_words(rule), before, dropped, after))
    table = table[kept]
    if table.empty:
        raise DataError(Problem(f"cohort {name!r}", "no exam is left after the eligibility steps"))
    return Cohort(name, table.reset_index(drop=True), tuple(steps))


def _dropped(gone: CohortCounts, rows: CohortCounts, before: CohortCounts, after: CohortCounts) -> CohortCounts:
    # A patient who loses the only positive exam but keeps a negative one changes class without leaving.
    changed = before.positives - after.positives - gone.positives
    positives, negatives = gone.positives + changed, gone.negatives - changed
    return CohortCounts(gone.patients, rows.exams, rows.images, positives, negatives, rows.views)


def _meets(table: pd.DataFrame, rule: Eligibility, cohort: str) -> pd.Series:
    where = f"cohort {cohort!r}, eligibility step {rule.reason!r}"
    if rule.column not in table.columns:
        known = [column for column in table.columns if column not in EXAM_COLUMNS]
        raise DataError(Problem(where, f"unknown column {rule.column!r}", one_of(rule.column, known)))
    column = table[rule.column]
    if rule.condition == "missing":
        return column.isna()
    if rule.condition == "equals":
        return column == rule.value
    if rule.condition == "not_equals":
        # What is not known meets no rule: "missing" is a rule of its own, and is counted as such.
        return (column != rule.value) & column.notna()
    try:
        number = pd.to_numeric(column)
    except (ValueError, TypeError) as error:
        raise DataError(Problem(where, f"column {rule.column!r} holds words", "Allowed: numbers.")) from error
    limit = float(rule.value)  # type: ignore[arg-type]  # the study's parser lets only numbers pass here
    return number.gt(limit) if rule.condition == "above" else number.lt(limit)


def _in_words(rule: Eligibility) -> str:
    if rule.condition == "missing":
        return f"{rule.column} is missing"
    value = f"{rule.value:g}" if isinstance(rule.value, float) else rule.value
    return f"{rule.column} {rule.condition.replace('_', ' ')} {value}"

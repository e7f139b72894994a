"""Labels and scores of one set, checked before anything is computed from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.wording import plural

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

ALIKE = "both rank the cases alike: no difference at all"


def check_scores(scores: npt.ArrayLike, *, name: str) -> Floats:
    """Return `scores` as float64; NaN is allowed and means a missing view.

    Raises StatisticsError naming the set `name` when a score is infinite.
    """
    checked = np.asarray(scores, dtype=np.float64)
    # An infinite logit is a probability of exactly 0 or 1, as files that round hold them.
    infinite = int(np.isinf(checked).sum())
    if infinite:
        found = plural(infinite, "score is infinite", "scores are infinite")
        raise StatisticsError(Problem(name, found, "Scores are finite; a missing view is NaN."))
    return checked


def check_labels(labels: npt.ArrayLike, *, name: str) -> Bools:
    """Return `labels` (0/1 or bool) as bool, True = positive.

    Raises StatisticsError naming the set `name` when a value is neither 0 nor 1.
    """
    # 2 and -1 become True when cast: CheXpert writes -1 for "uncertain".
    raw = np.asarray(labels)
    checked = raw.astype(np.bool_)
    foreign = int((raw != checked).sum())
    if foreign:
        found = plural(foreign, "label is neither 0 nor 1", "labels are neither 0 nor 1")
        raise StatisticsError(Problem(name, found, "Labels are 0 or 1."))
    return checked


def complete_cases(labels: npt.ArrayLike, *scores: npt.ArrayLike, name: str) -> tuple[Bools, tuple[Floats, ...], int]:
    """Return labels and scores of the cases that have every score, and how many cases were left out.

    labels : (n,); each of `scores` : (n,), same case order. Raises StatisticsError naming the set `name`
    when lengths differ, a score is infinite, or the complete cases hold one class only.
    """
    checked = check_labels(labels, name=name)
    columns = tuple(check_scores(column, name=name) for column in scores)
    if any(column.shape != checked.shape for column in columns):
        raise StatisticsError(Problem(name, "labels and scores differ in length", "One score per label."))
    complete = np.ones(checked.shape, dtype=np.bool_)
    for column in columns:
        complete &= ~np.isnan(column)
    missing = int(checked.size - np.count_nonzero(complete))
    if missing:
        checked = checked[complete]
        columns = tuple(column[complete] for column in columns)
    refuse_one_class(checked, name)
    return checked, columns, missing


def number_clusters(clusters: npt.ArrayLike | None, cases: int) -> Ints:
    """Return clusters, named in any way (n,), as numbers from 0; None: each of the n `cases` is its own."""
    if clusters is None:
        return np.arange(cases)
    return np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)


def number_complete(clusters: npt.ArrayLike | None, *scores: npt.ArrayLike) -> Ints:
    """Return `number_clusters` of the cases that have every score; clusters, each of `scores` : (n,)."""
    complete = ~np.isnan([np.asarray(each, dtype=np.float64) for each in scores]).any(axis=0)
    named = None if clusters is None else np.asarray(clusters)[complete]
    return number_clusters(named, int(np.count_nonzero(complete)))


def last_of_ties(ranked: Floats) -> Ints:
    """Return the position of the last case of each run of equal scores; ranked : (n,) sorted scores."""
    return np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)


def check_prevalence(prevalence: float) -> float:
    """Return the prevalence; raises StatisticsError unless it lies between 0 and 1, both excluded."""
    if not 0 < prevalence < 1:
        raise StatisticsError(Problem("prevalence", f"is {prevalence:g}", "Allowed: more than 0 and less than 1."))
    return prevalence


def refuse_one_class(labels: Bools, name: str) -> None:
    """Raise StatisticsError naming the set `name` unless both classes are there."""
    positives = int(np.count_nonzero(labels))
    negatives = int(labels.size - positives)
    if positives == 0 or negatives == 0:
        raise StatisticsError(
            Problem(
                name,
                f"the scored cases hold one class only ({positives} positive, {negatives} negative)",
                "Discrimination needs at least one positive and one negative case.",
            )
        )

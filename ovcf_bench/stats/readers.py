"""Several readers, each reading every case in two or more ways: random readers and random cases.

Sources: Obuchowski & Rockette, Communications in Statistics 1995;24:285-308; degrees of freedom: Hillis, Statistics
in Medicine 2007;26:596-619.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2
from scipy.stats import f as fisher

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.stats.auroc import place
from ovcf_bench.stats.cases import Floats, check_labels, refuse_one_class
from ovcf_bench.stats.contrast import covariance_matrix
from ovcf_bench.stats.intervals import Interval, symmetric_interval

_ROUNDING = 1e-12  # a variance below this share of the others is 0
OBUCHOWSKI_ROCKETTE = "Obuchowski & Rockette 1995, degrees of freedom of Hillis 2007"


@dataclass(frozen=True, slots=True)
class ReaderAnalysis:
    """aurocs : (tests, readers); means : by test; mean squares of tests, readers and their interaction.

    error_variance, cov1 (same reader, other test), cov2 (other reader, same test), cov3 (both other): of DeLong.
    difference, se, interval: first test minus second, for two tests only.
    """

    aurocs: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    ms_test: float
    ms_reader: float
    ms_interaction: float
    error_variance: float
    cov1: float
    cov2: float
    cov3: float
    f: float | None
    df1: int | None
    df2: float | None
    p: float | None
    difference: float | None
    se: float | None
    interval: Interval | None
    reason: str


def analyse_readers(labels: npt.ArrayLike, scores: npt.ArrayLike, *, name: str, level: float = 0.95) -> ReaderAnalysis:
    """Return the analysis of variance of all AUROCs.

    labels : (n,) 0/1; scores : (tests, readers, n), at least 2 x 2, none missing. Raises StatisticsError naming the
    set `name` otherwise. Sources: Obuchowski & Rockette 1995; Hillis 2007, eq. 12-15.
    """
    truth, values = check_labels(labels, name=name), np.asarray(scores, dtype=np.float64)
    if values.ndim != 3 or min(values.shape[:2]) < 2 or not np.isfinite(values).all():
        found = "readers need at least two tests by two readers, every case scored"
        raise StatisticsError(Problem(name, found))
    tests, readers = values.shape[:2]
    refuse_one_class(truth, name)
    placed = [place(truth, values[test, reader]) for test in range(tests) for reader in range(readers)]
    joint = covariance_matrix(placed)
    if joint is None:
        raise StatisticsError(Problem(name, "one class has a single case: no variance"))
    aurocs = np.array([each.auroc for each in placed]).reshape(tests, readers)
    errors = _covariances(joint.reshape(tests, readers, tests, readers))
    by_test, by_reader, overall = aurocs.mean(axis=1), aurocs.mean(axis=0), aurocs.mean()
    ms_test = readers * float(np.sum((by_test - overall) ** 2)) / (tests - 1)
    ms_reader = tests * float(np.sum((by_reader - overall) ** 2)) / (readers - 1)
    rest = aurocs - by_test[:, None] - by_reader[None, :] + overall
    ms_rest = float(np.sum(rest**2)) / ((tests - 1) * (readers - 1))
    blank = ReaderAnalysis(
        tuple(tuple(float(each) for each in row) for row in aurocs),
        tuple(float(each) for each in by_test),
        ms_test, ms_reader, ms_rest, *errors, *(None,) * 7, "",
    )  # fmt: skip
    return _test(blank, tests, readers, level)


def _covariances(joint: Floats) -> tuple[float, float, float, float]:
    """Return the mean variance and the three mean covariances of (tests, readers, tests, readers)."""
    tests, readers = joint.shape[:2]
    same_test = np.eye(tests, dtype=bool)[:, None, :, None]
    same_reader = np.eye(readers, dtype=bool)[None, :, None, :]
    kinds = (same_test & same_reader, ~same_test & same_reader, same_test & ~same_reader, ~same_test & ~same_reader)
    error, cov1, cov2, cov3 = (float(joint[np.broadcast_to(kind, joint.shape)].mean()) for kind in kinds)
    return error, cov1, cov2, cov3


def _test(blank: ReaderAnalysis, tests: int, readers: int, level: float) -> ReaderAnalysis:
    # The estimate may be negative by chance; Hillis 2007 takes 0, else the test would be too sure.
    denominator = blank.ms_interaction + max(readers * (blank.cov2 - blank.cov3), 0.0)
    if denominator <= _ROUNDING * max(blank.error_variance, _ROUNDING):
        return replace(blank, reason="the AUROCs do not vary between readers and tests: no test is defined")
    df1 = tests - 1
    df2: float | None = None
    statistic = blank.ms_test / denominator
    p = float(chi2.sf(statistic * df1, df1))  # the limit without interaction of reader and test
    if blank.ms_interaction > _ROUNDING * denominator:
        df2 = denominator**2 / (blank.ms_interaction**2 / ((tests - 1) * (readers - 1)))
        p = float(fisher.sf(statistic, df1, df2))
    found = replace(blank, f=statistic, df1=df1, df2=df2, p=p)
    # More than two have no single difference; F speaks of all of them.
    if tests != 2:
        return found
    difference = blank.means[0] - blank.means[1]
    se = math.sqrt(2 / readers * denominator)
    interval = symmetric_interval(difference, se, OBUCHOWSKI_ROCKETTE, level, df=math.inf if df2 is None else df2)
    return replace(found, difference=difference, se=se, interval=interval)

"""DeLong's contrast test: are k correlated AUROCs all equal?

Source: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845, eq. 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from ovcf_bench.stats.auroc import Placements, covariance, place
from ovcf_bench.stats.cases import Floats, complete_cases, number_complete
from ovcf_bench.stats.clusters import clustered_covariance, sum_clusters

# Singular values below this share of the largest count as zero in the rank and in the pseudo-inverse.
_RELATIVE_ZERO = 1e-10
_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class ContrastTest:
    """Chi-square test that all AUROCs are equal; `df` is the rank of the contrasts' covariance.

    aurocs : (k,); covariance : (k, k), None where one class has a single case.
    """

    aurocs: tuple[float, ...]
    covariance: Floats | None
    chi2: float | None
    df: int | None
    p: float | None
    reason: str


def contrast_test(
    labels: npt.ArrayLike,
    scores: Sequence[npt.ArrayLike],
    *,
    name: str,
    clusters: npt.ArrayLike | None = None,
) -> ContrastTest:
    """Return the test of the first k - 1 AUROCs against the last, on cases that have all k scores.

    labels : (n,) 0/1; scores : k vectors (n,), same case order, NaN = missing; clusters : (n,) patient of each case,
    when patients have several. The statistic is the same whichever curve is the reference. Raises StatisticsError
    naming the set `name` when one class is absent or a score is infinite. Source: DeLong 1988, eq. 9; pseudo-inverse
    where the contrasts are singular.
    """
    checked, columns, _ = complete_cases(labels, *scores, name=name)
    placed = [place(checked, column) for column in columns]
    aurocs = tuple(placements.auroc for placements in placed)
    if clusters is None:
        joint = covariance_matrix(placed)
    else:
        numbers = number_complete(clusters, *scores)
        sums = [sum_clusters(each, checked, numbers) for each in placed]
        joint = _matrix(sums, clustered_covariance)
    if joint is None:
        what = "case" if clusters is None else "patient"
        return ContrastTest(aurocs, None, None, None, None, f"one class has a single {what}: no variance")
    contrasts = np.hstack([np.eye(len(placed) - 1), -np.ones((len(placed) - 1, 1))])
    spread = contrasts @ joint @ contrasts.T
    distance = contrasts @ np.asarray(aurocs)
    rank = int(np.linalg.matrix_rank(spread, tol=_RELATIVE_ZERO * float(np.trace(joint)), hermitian=True))
    # Arms that rank all cases alike leave no contrast with a variance.
    if rank == 0:
        return ContrastTest(aurocs, joint, None, 0, None, "no contrast has a variance: the test is not defined")
    statistic = float(distance @ _pseudo_inverse(spread, rank) @ distance)
    reason = "" if rank == len(distance) else "some contrasts are singular: tested on those that are not"
    return ContrastTest(aurocs, joint, statistic, rank, float(chi2.sf(statistic, rank)), reason)


def covariance_matrix(placed: Sequence[Placements]) -> Floats | None:
    """Return the (k, k) DeLong covariance of the AUROCs, or None where one class has a single case."""
    return _matrix(placed, covariance)


def _matrix(views: Sequence[_View], covariance_of: Callable[[_View, _View], float | None]) -> Floats | None:
    rows = [[covariance_of(first, second) for second in views] for first in views]
    return None if rows[0][0] is None else np.asarray(rows, dtype=np.float64)


def _pseudo_inverse(matrix: Floats, rank: int) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    kept = vectors[:, -rank:]
    inverse: Floats = (kept / values[-rank:]) @ kept.T
    return inverse

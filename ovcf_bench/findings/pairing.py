"""Two arms of one set joined by case, never by position, and the estimates that the join allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.stats.auroc import AurocEstimate, estimate_auroc
from ovcf_bench.stats.clusters import estimate_clustered
from ovcf_bench.stats.delong import AurocComparison, compare_all_data, compare_paired
from ovcf_bench.stats.unpaired import compare_unpaired


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every case that either arm lists: label, patient_id, score_a, score_b (NaN: missing), by case id."""

    name: str
    table: pd.DataFrame

    @property
    def complete(self) -> pd.DataFrame:
        """The cases that both arms scored."""
        return self.table[self.table["score_a"].notna() & self.table["score_b"].notna()]

    @property
    def missing(self) -> int:
        """How many listed cases lack a score of either arm."""
        return len(self.table) - len(self.complete)

    @property
    def clusters(self) -> pd.Series | None:
        """The patient of each case when one stands behind several scored cases of an arm, else None."""
        # An interval that takes two images of one patient for two patients is too narrow (Obuchowski 1997).
        patients = self.table["patient_id"]
        repeated = any(patients[self.table[column].notna()].duplicated().any() for column in ("score_a", "score_b"))
        return patients if repeated else None

    @property
    def complete_clusters(self) -> pd.Series | None:
        """The patient of each complete case when any arm has several scored cases of one, else None."""
        return None if self.clusters is None else self.clusters[self.complete.index]

    @property
    def patients_with_both(self) -> int:
        """How many patients have a score of both arms, on whichever cases."""
        of = [set(self.table.loc[self.table[column].notna(), "patient_id"]) for column in ("score_a", "score_b")]
        return len(of[0] & of[1])


def pair(first: CaseScores, second: CaseScores) -> Pairs:
    """Return both arms' scores by case."""
    a, b = first.table, second.table
    # Kim 2024's code pairs views by the order of files in two folders; one missing file shifts all that follow.
    table = a.rename(columns={"score": "score_a"}).join(b["score"].rename("score_b"), how="outer")
    for column in ("patient_id", "label"):
        known = table[column].notna()
        table[column] = np.where(known, table[column], b[column].reindex(table.index))
    return Pairs(first.name, table.assign(label=table["label"].astype(bool)))


def probabilities_of(table: pd.DataFrame, first: CaseScores, second: CaseScores) -> pd.DataFrame:
    """Return label (0/1), a and b of joined cases: the scores of both arms as probabilities, or raw, by case id."""
    a, b = first.probabilities(table["score_a"]), second.probabilities(table["score_b"])
    return pd.DataFrame({"label": table["label"].astype(int), "a": a, "b": b})


def on_complete_pairs(pairs: Pairs) -> AurocComparison:
    """Return the paired test; clustered when patients have several cases. Raises StatisticsError for one class."""
    table = pairs.complete
    return compare_paired(
        table["label"], table["score_a"], table["score_b"], name=_of(pairs), clusters=pairs.complete_clusters
    )


def on_all_data(pairs: Pairs, *, by_patient: bool = False) -> AurocComparison:
    """Return the test that uses every score; by_patient: cases of both arms are joined by patient only."""
    table = pairs.table
    clusters = table["patient_id"] if by_patient else pairs.clusters
    return compare_all_data(table["label"], table["score_a"], table["score_b"], name=_of(pairs), clusters=clusters)


def on_different_patients(pairs: Pairs) -> AurocComparison:
    """Return the unpaired test."""
    # Nobody in common: the covariance is 0, and degrees of freedom follow Welch, as in pROC.
    return compare_unpaired(_estimate(pairs, "score_a"), _estimate(pairs, "score_b"))


def _estimate(pairs: Pairs, column: str) -> AurocEstimate:
    scored = pairs.table[pairs.table[column].notna()]
    return estimate_scored(scored, scored[column], name=_of(pairs))


def estimate_scored(cases: pd.DataFrame, scores: pd.Series, *, name: str) -> AurocEstimate:
    """Return the AUROC of scored cases, with the clustered variance when patients have several of them."""
    labels, patients = cases["label"], cases["patient_id"]
    independent = estimate_auroc(labels, scores, name=name)
    if not patients.duplicated().any():
        return independent
    return estimate_clustered(
        labels.to_numpy(dtype=bool), scores.to_numpy(dtype=np.float64), patients.to_numpy(dtype=object)
    )


def _of(pairs: Pairs) -> str:
    return f"set {pairs.name!r}"

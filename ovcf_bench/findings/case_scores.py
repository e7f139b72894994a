"""From rows of the score table to one case per patient, exam or image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.scores import SINGLE
from ovcf_bench.vocabulary import Aggregation, AnalysisLevel, Ensemble
from ovcf_bench.wording import plural

Scale = Literal["logit", "probability", "raw"]


@dataclass(frozen=True, slots=True)
class CaseScores:
    """One arm's scores of one set: `table` is indexed by case id, with patient_id, label (bool), score.

    The score is the mean or maximum over the case's rows on `scale`; NaN means that the view is missing. Raw scores
    are not probabilities.
    """

    name: str
    table: pd.DataFrame
    scale: Scale

    @property
    def scored(self) -> pd.DataFrame:
        """The cases that have a score."""
        return self.table[self.table["score"].notna()]

    @property
    def clustered(self) -> bool:
        """Whether a patient stands behind more than one scored case."""
        return bool(self.scored["patient_id"].duplicated().any())

    def probabilities(self, scores: pd.Series) -> npt.NDArray[np.float64]:
        """Return scores of this table, (n,), as probabilities."""
        values = scores.to_numpy(dtype=np.float64)
        return np.asarray(expit(values)) if self.scale == "logit" else values

    def probability(self, score: float) -> float:
        """Return a score of this table as a probability; a raw score stays as it is."""
        return float(expit(score)) if self.scale == "logit" else score


@dataclass(frozen=True, slots=True)
class ScoreBook:
    """The score table as cases: which rows make the ensemble, the single networks, the development scores.

    scales : by arm, the logit where all its rows have one (probabilities saturate into ties); raw where a score
    lies outside [0, 1].
    """

    scores: pd.DataFrame
    level: AnalysisLevel
    aggregation: Aggregation
    ensemble: Ensemble
    scales: Mapping[str, Scale]

    def ensemble_cases(self, set_name: str, arm: str) -> CaseScores:
        """Return the ensemble's cases of a test set; empty when the arm has no ensemble."""
        return self._cases(self._test_rows(set_name, arm, self.ensemble), set_name, arm)

    def network_cases(self, set_name: str, arm: str) -> Iterator[tuple[int, int, CaseScores]]:
        """Yield (repeat, fold, cases) of the single networks of a test set."""
        yield from self._by_network(self._test_rows(set_name, arm, SINGLE), set_name, arm)

    def development_cases(self, arm: str) -> CaseScores:
        """Return the out-of-fold cases of development, averaged over repeats."""
        return self._cases(self._development_rows(arm), "development", arm)

    def development_networks(self, arm: str) -> Iterator[tuple[int, int, CaseScores]]:
        """Yield (repeat, fold, cases) of the out-of-fold scores."""
        yield from self._by_network(self._development_rows(arm), "development", arm)

    def _test_rows(self, set_name: str, arm: str, ensemble: str) -> pd.DataFrame:
        table = self.scores
        wanted = (table["kind"] == "test") & (table["set"] == set_name) & (table["arm"] == arm)
        return table[wanted & (table["ensemble"] == ensemble)]

    def _development_rows(self, arm: str) -> pd.DataFrame:
        return self.scores[(self.scores["kind"] == "oof") & (self.scores["arm"] == arm)]

    def _by_network(self, rows: pd.DataFrame, set_name: str, arm: str) -> Iterator[tuple[int, int, CaseScores]]:
        for _, group in rows.groupby(["repeat", "fold"], sort=True):
            first = group.iloc[0]
            yield int(first["repeat"]), int(first["fold"]), self._cases(group, set_name, arm)

    def _cases(self, rows: pd.DataFrame, set_name: str, arm: str) -> CaseScores:
        level, scale = self.level, self.scales[arm]
        case_id = rows[f"{level}_id"]
        if level == "image":  # an arm of several views has one row per exam, without an image
            case_id = case_id.where(case_id != "", rows["exam_id"])
        cases = pd.DataFrame(
            {
                "case_id": case_id,
                "patient_id": rows["patient_id"],
                "label": rows["label"],
                "score": rows["logit" if scale == "logit" else "score"],
            }
        ).groupby("case_id", sort=True)
        labels = cases["label"].agg(["min", "max"])
        refuse_two_labels(int((labels["min"] != labels["max"]).sum()), level, set_name)
        table = pd.DataFrame(
            {
                "patient_id": cases["patient_id"].first(),
                "label": labels["max"].astype(bool),
                "score": cases["score"].agg(self.aggregation),
            }
        )
        return CaseScores(set_name, table, scale)


def open_book(
    scores: pd.DataFrame, *, level: AnalysisLevel, aggregation: Aggregation, ensemble: Ensemble, arms: tuple[str, ...]
) -> ScoreBook:
    """Return the score table as cases at the analysis level, for the declared ensemble."""
    # Both ensembles stand in the table; the study declared which is reported, before they were made.
    used = scores[scores["ensemble"].isin((SINGLE, ensemble))]
    # Probabilities near 0 and 1 are equal in float64 where logits are not, and ties cost AUROC.
    saturating = set(used.loc[used["logit"].isna() & used["score"].notna(), "arm"])
    # Readers score 1 to 5, or 0 to 100: such numbers rank cases, and are no probabilities.
    raw = set(used.loc[used["score"].notna() & ~used["score"].between(0, 1), "arm"])
    scales: dict[str, Scale] = {
        arm: "raw" if arm in raw else "probability" if arm in saturating else "logit" for arm in arms
    }
    return ScoreBook(used, level, aggregation, ensemble, scales)


def refuse_two_labels(cases: int, level: str, set_name: str) -> None:
    """Raise StatisticsError when `cases` of a set have two different labels; no identifier is told."""
    if cases:
        found = f"{plural(cases, f'{level} has', f'{level}s have')} both labels in the score table"
        allowed = f"At analysis level {level!r} every {level} has one label, the same in all arms."
        raise StatisticsError(Problem(f"set {set_name!r}", found, allowed))

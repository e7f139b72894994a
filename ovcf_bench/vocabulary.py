"""The words of the project: column names, versions, and the frozen types that pass between rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Raised whenever scores may change although a unit's settings did not; part of every unit's key.
TRAINING_VERSION = 1
# Raised whenever decoding or resizing may change pixels; part of the image cache's and of every unit's key.
PREPROCESSING_VERSION = 1

DEVELOPMENT = "development"

EXAM_COLUMNS = ("patient_id", "exam_id", "image_id", "view", "label", "site", "source")

# Further columns of an exam table that the core understands (api.Dataset); a covariate must not be called so.
RESERVED_COLUMNS = ("unusable", "place", "evidence", "remark", "views")
TAG_PREFIX = "tag_"

EXPORTED = "manifest.csv"  # in the folder of an exported cohort: one row for each image file

SCORE_COLUMNS = (
    "set", "kind", "target", "arm", "view", "model", "repeat", "fold", "ensemble",
    "patient_id", "exam_id", "image_id", "site", "label", "score", "logit",
)  # fmt: skip

HISTORY_COLUMNS = (
    "arm", "repeat", "fold", "epoch", "loss", "learning_rate", "tuning_loss", "tuning_auroc",
    "images_per_second",
)  # fmt: skip

ScoreKind = Literal["oof", "test"]
Ensemble = Literal["mean_logit", "mean_probability"]
AnalysisLevel = Literal["image", "exam", "patient"]
Aggregation = Literal["mean", "max"]
Claim = Literal["difference", "noninferiority", "equivalence"]
Missing = Literal["complete_pairs", "all_data"]


@dataclass(frozen=True, slots=True)
class Arm:
    """What is compared: one or several views read by one model."""

    name: str  # "ap/efficientnet_b5", "ap+lateral/efficientnet_b5"
    views: tuple[str, ...]
    model: str

    @property
    def view(self) -> str:
        """The views as one word, as the score table writes them: "ap", "ap+lateral"."""
        return "+".join(self.views)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One declared test: arm `a` minus arm `b`, with its claim. `id` is unique in the study."""

    id: str
    a: str
    b: str
    claim: Claim = "difference"
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """One ordered step: exams of `cohort` (None: of all) whose `column` meets the condition are dropped."""

    reason: str
    column: str
    condition: Literal["above", "below", "equals", "not_equals", "missing"]
    value: float | str | bool | None = None
    cohort: str | None = None


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How many patients of a cohort go into a split; both None means all that remain."""

    name: str
    cohort: str
    positives: int | None = None
    negatives: int | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that is run, cached and resumed: the training of an arm on one fold, from 0, of a repeat."""

    arm: str
    repeat: int
    fold: int

    @property
    def name(self) -> str:
        """As a user reads it: "ap/efficientnet_b5, fold 3"."""
        return f"{self.arm}, {self.place}"

    @property
    def place(self) -> str:
        """Its place in the arm, from 1: "fold 3"; repeats are named after the first."""
        return f"fold {self.fold + 1}" + (f", repeat {self.repeat + 1}" if self.repeat else "")


@dataclass(frozen=True, slots=True)
class CohortCounts:
    """Patients, exams and images; patients also by label, images also by view.

    A patient counts as positive when any exam is.
    """

    patients: int
    exams: int
    images: int
    positives: int
    negatives: int
    views: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EligibilityStep:
    """One eligibility step: who was there before, who was dropped and why, who stayed."""

    reason: str
    rule: str
    before: CohortCounts
    dropped: CohortCounts
    after: CohortCounts

    def __post_init__(self) -> None:
        for what in ("patients", "exams", "images", "positives", "negatives"):
            before, dropped, after = (getattr(counts, what) for counts in (self.before, self.dropped, self.after))
            assert before == dropped + after, f"{self.reason}: {what} do not add up"
        for view, before in self.before.views.items():
            assert before == self.dropped.views.get(view, 0) + self.after.views.get(view, 0), view

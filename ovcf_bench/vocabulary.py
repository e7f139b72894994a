"""The words of the project: column names, versions, and the frozen types that pass between rooms."""

from __future__ import annotations

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
class ShownImage:
    """One image of a contact sheet: whose class it has, its pictures (caption, PNG) and its histogram of 32 bins."""

    split: str
    label: int
    view: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, bytes], ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Random images of every class and view, and pairs of images that look alike (words, two PNG)."""

    images: tuple[ShownImage, ...]
    alike: tuple[tuple[str, bytes, bytes], ...]

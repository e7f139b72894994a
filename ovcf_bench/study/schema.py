"""The study file as frozen types (schema 1): what may be written, and what it defaults to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ovcf_bench.vocabulary import Aggregation, AnalysisLevel, Claim, Ensemble, Missing

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=100)]
View = Annotated[
    str, Field(pattern=r"^[^+/]+$", description="A view as the data name it.")
]  # "ap+lateral/net" is an arm
Views = View | Annotated[tuple[View, ...], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
CheckPolicy = Literal["error", "warn", "off"]


class StudyPart(BaseModel):
    """Base of every part of a study: unknown keys are errors, nothing is coerced, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CohortSection(StudyPart):
    """Exams of one site, from one dataset plugin."""

    dataset: str = Field(description="Name of a dataset plugin (`ovcf-bench plugins list`).")
    params: Any = Field(default_factory=dict, description="Parameters of the plugin (`ovcf-bench plugins show NAME`).")


class Drop(StudyPart):
    """Which exams a step drops: a column and exactly one condition. A missing value meets only `missing`.

    Besides the dataset's columns there is `views`, what an exam has: {column: views, not_equals: ap+lateral}.
    """

    column: str
    above: float | None = None
    below: float | None = None
    equals: str | float | bool | None = None
    not_equals: str | float | bool | None = None
    missing: Literal[True] | None = None


class EligibilitySection(StudyPart):
    """One ordered eligibility step; it is counted and drawn in the participant flow."""

    drop: Drop
    reason: str = Field(min_length=1)
    cohort: Name | None = Field(default=None, description="Only this cohort; default: every cohort.")


class SplitSection(StudyPart):
    """Patients of a cohort that go into this split; without counts, all that remain."""

    from_: Name = Field(alias="from")
    positives: Positive | None = None
    negatives: Positive | None = None


class SplitsSection(StudyPart):
    """One assignment per study, by patient, shared by all arms; every further name is a test set."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, SplitSection]

    development: SplitSection | None = Field(
        default=None, description="Who is trained on, in folds; only a study of scores that exist can do without."
    )
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    file: str | None = Field(default=None, description="A frozen splits.csv to reuse, relative to the study file.")

    @property
    def tests(self) -> Mapping[str, SplitSection]:
        """The test sets by name, in the order of the file."""
        return self.__pydantic_extra__


class ModelSection(StudyPart):
    """A model plugin with its parameters."""

    model: str = Field(description="Name of a model plugin (`ovcf-bench plugins list`).")
    params: Any = Field(default_factory=dict, description="Parameters of the plugin (`ovcf-bench plugins show NAME`).")


class ArmSection(StudyPart):
    """One combination of views and model to include or exclude."""

    views: Views
    model: Name


class ArmsSection(StudyPart):
    """What is compared: every view (or list of views) with every model, plus `include`, minus `exclude`."""

    views: tuple[Views, ...] = Field(min_length=1)
    models: tuple[Name, ...] | None = Field(default=None, description="Default: every model of the study.")
    include: tuple[ArmSection, ...] = ()
    exclude: tuple[ArmSection, ...] = ()


class OptimizerSection(StudyPart):
    """The optimiser; weight decay is not applied to biases and norms."""

    name: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Share = 0.9  # sgd only


class ScheduleSection(StudyPart):
    """The learning rate over time; it is stepped once per batch."""

    name: Literal["constant", "warmup_cosine", "one_cycle", "warmup_restarts"] = "warmup_cosine"
    warmup_epochs: Annotated[float, Field(ge=0)] = 1.0
    warmup_factor: Annotated[float, Field(gt=0)] = 0.1  # learning rate at the start, as a share of the full one
    peak_at: Share = 0.25  # one_cycle: share of the steps before the peak
    restart_epochs: Positive = 10  # warmup_restarts: length of a cosine cycle


class RandAugmentSection(StudyPart):
    """RandAugment (Cubuk 2020): `operations` random operations per image at `magnitude` of 30."""

    operations: Positive = 2
    magnitude: Annotated[int, Field(ge=0, le=30)] = 9


class AugmentationSection(StudyPart):
    """Random changes of training images; amplitudes are drawn uniformly for each image."""

    flip: Share = Field(default=0.0, description="Probability of a horizontal flip.")
    vertical_flip: Share = 0.0
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(default=0.0, description="Up to +- this many degrees.")
    shift: Share = Field(default=0.0, description="Up to +- this share of height and width.")
    scale: Share = Field(default=0.0, description="Up to +- this share of the size.")
    brightness: Annotated[float, Field(ge=0)] = Field(default=0.0, description="Up to +-, after normalisation.")
    contrast: Share = Field(default=0.0, description="Up to +- this share.")
    randaugment: RandAugmentSection | None = None


class TrainingSection(StudyPart):
    """How every network of the study is trained."""

    image_size: tuple[Positive, Positive] = Field(default=(600, 380), description="[height, width] in pixels.")
    fit: Literal["letterbox", "stretch"] = "letterbox"
    normalisation: Literal["image", "fixed"] = Field(
        default="image", description="image: each image to mean 0, SD 0.5; fixed: (x - 0.5) / 0.5."
    )
    epochs: Positive = 20
    batch_size: Positive = 12
    optimizer: OptimizerSection = OptimizerSection()
    schedule: ScheduleSection = ScheduleSection()
    balanced_sampling: bool = Field(default=False, description="Both labels equally often in an epoch.")
    augmentation: AugmentationSection = AugmentationSection()
    augmentation_by_view: Mapping[str, AugmentationSection] = Field(
        default_factory=dict,
        description="Replaces `augmentation` for a view (`ap`, `lateral`, `ap+lateral`).",
    )
    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    ema: Inside | None = Field(default=None, description="Decay of averaged weights.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="auto: chosen once by a short measurement, then kept."
    )
    checkpoint: Literal["last", "best_auroc", "best_loss", "best_accuracy_on_fold"] = Field(
        default="last",
        description="best_auroc and best_loss look at an inner tuning part of the training fold; "
        "best_accuracy_on_fold looks at the held-out fold, and the report marks it as optimistic.",
    )
    tuning_share: Inside = Field(
        default=0.1, description="Share of training patients used by best_auroc and best_loss."
    )


class ThresholdSection(StudyPart):
    """A threshold at a fixed sensitivity or specificity of the out-of-fold scores."""

    sensitivity: Inside | None = None
    specificity: Inside | None = None


class PrimarySection(StudyPart):
    """The one analysis that answers the question."""

    set: Name
    comparison: str = Field(description="Id of a comparison; with several models ID/MODEL.")


class ComparisonSection(StudyPart):
    """A declared test of `a` minus `b`: two arms, or two views (then one test for each model)."""

    id: Name
    a: str
    b: str
    claim: Claim = "difference"
    margin: Inside | None = None


class PublishedFigure(StudyPart):
    """Published figures of one test set, to stand beside ours."""

    set: Name | None = Field(default=None, description="Test set of this study; none when the source does not say.")
    auroc: Mapping[str, Share] = Field(default_factory=dict, description="AUROC by view.")
    positives: Positive | None = None
    negatives: Positive | None = None
    p: Share | None = None


class PublishedSection(StudyPart):
    """Figures of the published study that this one follows."""

    source: str
    doi: str = ""
    figures: tuple[PublishedFigure, ...] = ()


class ChecksSection(StudyPart):
    """What each check of the data does when it finds something: stop the study, warn, or nothing at all.

    Equal pixels and patients on both sides of a border always stop it.
    """

    labels: CheckPolicy = Field(default="warn", description="Few patients of one class.")
    views: CheckPolicy = Field(default="warn", description="Exams that lack a view.")
    sites: CheckPolicy = Field(default="warn", description="Patients under several sites.")
    remarks: CheckPolicy = Field(default="warn", description="What the datasets remark about their images.")
    duplicates: CheckPolicy = Field(default="warn", description="Equal pixels inside a split.")
    near_duplicates: CheckPolicy = Field(default="warn", description="Images of two patients that look alike.")
    balance: CheckPolicy = Field(default="warn", description="Covariates that differ between classes or sites.")
    shortcuts: CheckPolicy = Field(default="warn", description="Labels that can be told without looking at bones.")
    describes_label: tuple[str, ...] = Field(
        default=(),
        description="Covariates that describe the label itself (a grade), left out of balance and shortcuts.",
    )

    @property
    def policies(self) -> Mapping[str, CheckPolicy]:
        """The policy of every check by its name."""
        return self.model_dump(exclude={"describes_label"})


class ReportSection(StudyPart):
    """What the report shows beside the numbers; nothing of it changes a result."""

    images: Literal["gallery", "none"] = Field(
        default="gallery", description="Pictures of single exams; none when pixels must not leave the site."
    )
    exams: Annotated[int, Field(ge=0, le=100)] = Field(
        default=24,
        description="How many exams are shown: half of them seen rightly by one arm only, half missed by both.",
    )
    saliency: bool = Field(default=True, description="Where the networks looked (Grad-CAM), over each picture.")


class StudyDocument(StudyPart):
    """A whole study file after `extends`, `--profile` and `--set`."""

    schema_: Literal[1] = Field(alias="schema")
    title: str = Field(min_length=1)
    question: str = ""
    plugins: tuple[str, ...] = Field(
        default=(), description="Python files with plugins of this study alone, relative to the study file."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    repeats: Positive = Field(default=1, description="Trainings of every fold, each with seeds of its own.")
    cohorts: Mapping[Name, CohortSection] = Field(min_length=1)
    eligibility: tuple[EligibilitySection, ...] = ()
    covariates: tuple[str, ...] = Field(
        default=(), description="Columns of the data that may be written beside the scores (for Table 1)."
    )
    splits: SplitsSection
    models: Mapping[Name, ModelSection] = Field(min_length=1)
    arms: ArmsSection
    training: TrainingSection = TrainingSection()
    ensemble: Ensemble = "mean_logit"
    threshold: Literal["youden"] | Share | ThresholdSection = "youden"
    analysis_level: AnalysisLevel = "patient"
    aggregation: Aggregation = Field(
        default="mean", description="Score of an exam or patient with several images of an arm's view."
    )
    missing: Missing = Field(
        default="complete_pairs", description="Which estimate is primary where an arm has no score of some cases."
    )
    prevalences: tuple[Inside, ...] = Field(
        default=(), description="Prevalences at which PPV, NPV, calibration and net benefit are given as well."
    )
    subgroups: tuple[str, ...] = Field(
        default=(), description="Covariates within whose values the comparisons are repeated."
    )
    on_bad_image: Literal["error", "exclude"] = Field(
        default="error", description="An image that cannot be read: stop, or leave it out and count it in the flow."
    )
    checks: ChecksSection = ChecksSection()
    report: ReportSection = ReportSection()
    primary: PrimarySection | None = None
    comparisons: tuple[ComparisonSection, ...] = ()
    published: PublishedSection | None = None
    expected: str = Field(default="", description="What the study is expected to show, in words.")

"""All findings of a study or of a table of scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ovcf_bench.findings.values.arms import ArmFindings, DevelopmentFindings
from ovcf_bench.findings.values.basics import Primary, Sentence, StudyRecord
from ovcf_bench.findings.values.cohort import CovariateSummary, PublishedAudit
from ovcf_bench.findings.values.comparisons import ComparisonFindings, CrossValidated, Interaction, Omnibus
from ovcf_bench.records import Flow

SCHEMA = 2  # of findings.json


@dataclass(frozen=True, slots=True)
class ShownExam:
    """An exam that the gallery shows: `kind` is discordant or missed; probabilities, or raw scores, of both arms.

    exam : its pseudonym; right_a, right_b : whether the arm called it rightly.
    """

    kind: str
    exam: str
    label: int
    score_a: float
    score_b: float
    right_a: bool
    right_b: bool


@dataclass(frozen=True, slots=True)
class Gallery:
    """The exams most worth looking at, of one comparison on one set."""

    set: str
    comparison: str
    a: str
    b: str
    exams: tuple[ShownExam, ...]


@dataclass(frozen=True, slots=True)
class SetFindings:
    """One test set; n counts cases at the analysis level that any arm scored."""

    kind: str
    n: int
    positives: int
    negatives: int
    patients: int
    arms: Mapping[str, ArmFindings]
    comparisons: tuple[ComparisonFindings, ...]
    omnibus: Omnibus


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the report prints; `flow` is the participant flow as recorded."""

    schema: int
    study: StudyRecord
    primary: Primary | None
    sets: Mapping[str, SetFindings]
    development: Mapping[str, DevelopmentFindings]
    flow: Flow | None
    table1: tuple[CovariateSummary, ...]
    summary: tuple[Sentence, ...]
    notes: tuple[str, ...]
    across_sets: tuple[Interaction, ...] = ()
    cross_validated: tuple[CrossValidated, ...] = ()
    audit: tuple[PublishedAudit, ...] = ()
    gallery: Gallery | None = None

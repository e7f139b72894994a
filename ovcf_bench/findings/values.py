"""Every number of the report as typed values; field names are the names in findings.json.

A value that does not exist is None, and the `reason` beside it says why. `ci` is (lower, upper) at 95 %
unless the field says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ovcf_bench.findings.secondary import (
    Agreement,
    CrossValidated,
    CurveFindings,
    Detectable,
    Estimate,
    Gallery,
    Interaction,
    Limits,
    MeasureDifference,
    NetBenefitDifference,
    PredictiveValues,
    Probabilities,
    PublishedAudit,
    Readers,
    Sensitivity,
    Valued,
)
from ovcf_bench.stats.intervals import Interval


def limits(interval: Interval | None) -> Limits | None:
    """Return an interval as (lower, upper), or None."""
    return None if interval is None else (interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """An arm as declared; `readers` are the human readers whose scores it holds, if any."""

    name: str
    views: tuple[str, ...]
    model: str
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What the study file declares about the analysis."""

    title: str
    question: str
    seed: int
    repeats: int
    ensemble: str
    analysis_level: str
    aggregation: str
    missing: str
    threshold: str
    fitted_on: str
    conditional_on: str
    sets: tuple[str, ...]
    arms: tuple[ArmRecord, ...]
    expected: str


@dataclass(frozen=True, slots=True)
class Primary:
    """The one analysis that answers the question."""

    set: str
    comparison: str


@dataclass(frozen=True, slots=True)
class FoldAuroc:
    """The AUROC of one single network; None, with the reason, when its cases hold one class."""

    repeat: int
    fold: int
    auroc: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class FoldSpread:
    """AUROCs of the single networks; sd has n - 1 in its denominator and needs two of them."""

    n: int
    mean: float | None
    sd: float | None
    min: float | None
    max: float | None
    aurocs: tuple[FoldAuroc, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class RocPoints:
    """Counts at each distinct threshold (probability, descending); the first, None, calls nothing positive."""

    threshold: tuple[float | None, ...]
    tp: tuple[int, ...]
    fp: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """An accuracy measure with its interval; `count` of `n` where it is a proportion."""

    value: float | None
    ci: Limits | None
    ci_method: str | None
    clopper_pearson: Limits | None
    count: int | None
    n: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold does on one set."""

    tp: int
    fp: int
    fn: int
    tn: int
    sensitivity: Measure
    specificity: Measure
    ppv: Measure
    npv: Measure
    accuracy: Measure
    f1: Measure
    lr_positive: Valued
    lr_negative: Valued
    at_prevalence: tuple[PredictiveValues, ...]


@dataclass(frozen=True, slots=True)
class OperatingPointRecord:
    """A frozen threshold (as a probability, or a raw score) with what it did in development and on the test set.

    vote : what the majority of the networks does, each at the threshold of its own fold.
    """

    rule: str
    threshold: float | None
    fitted_on: str
    optimistic: bool
    development: Point | None
    achieved: Point | None
    vote: Point | None
    reason: str


@dataclass(frozen=True, slots=True)
class ArmFindings:
    """The ensemble of one arm on one test set; `covers_half`: its interval holds 0.5."""

    n: int
    positives: int
    negatives: int
    missing: int
    auroc: float | None
    variance: float | None
    ci: Limits | None
    ci_method: str | None
    covers_half: bool | None
    status: str
    reason: str
    roc: RocPoints | None
    curve: CurveFindings
    folds: FoldSpread
    operating_point: OperatingPointRecord
    calibration: Probabilities


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict against the margin; `ci` is 95 % for non-inferiority and 90 % for equivalence (MOVER).

    direction : what the 95 % interval says about 0 (non-inferiority only).
    """

    ci: Limits | None
    level: float
    ci_method: str | None
    verdict: str | None
    direction: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ComparisonFindings:
    """One test of a minus b; `conclusion` words the verdict on the declared claim.

    n to p describe complete pairs (or, when no case has both, what `method` says). Where a view is missing,
    `all_data` is the estimate of Zhou & Gatsonis, and `primary_estimate` says which of the two was declared:
    adjusted p, verdicts and conclusion follow that one. p_bh is Benjamini & Hochberg's over the comparisons of the set
    that were not pre-declared.
    """

    id: str
    a: str
    b: str
    n: int
    positives: int
    negatives: int
    missing: int
    paired: bool
    method: str | None
    auroc_a: float | None
    ci_a: Limits | None
    auroc_b: float | None
    ci_b: Limits | None
    difference: float | None
    se: float | None
    ci: Limits | None
    ci_method: str | None
    z: float | None
    p: float | None
    p_holm: float | None
    p_holm_reason: str
    p_bh: float | None
    declared: bool
    claim: str
    margin: float | None
    noninferiority: Verdict
    equivalence: Verdict
    conclusion: str
    status: str
    reason: str
    primary_estimate: str = "complete_pairs"
    all_data: Estimate | None = None
    readers: Readers | None = None
    detectable: Detectable | None = None
    sensitivity: tuple[Sensitivity, ...] = ()
    measures: tuple[MeasureDifference, ...] = ()
    net_benefit: NetBenefitDifference | None = None
    agreement: Agreement | None = None
    interactions: tuple[Interaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Omnibus:
    """DeLong's contrast test of all arms of a set (more than two)."""

    chi2: float | None
    df: int | None
    p: float | None
    n: int | None
    reason: str


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
class DevelopmentFindings:
    """Out-of-fold AUROC of each fold. No test: the scores come from different networks."""

    n: int
    positives: int
    negatives: int
    folds: FoldSpread


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How many of a group have this value; share of those with a value."""

    level: str
    n: int
    share: float | None


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A covariate in one group: moments and quartiles when numeric, `levels` when categorical."""

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    q1: float | None
    q3: float | None
    levels: tuple[LevelCount, ...]


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """A covariate in one split, by label; smd: standardised mean difference between the classes."""

    all: GroupSummary
    positives: GroupSummary
    negatives: GroupSummary
    smd: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class CovariateSummary:
    """One row block of Table 1; kind: numeric, categorical, or text (too many values to list)."""

    name: str
    kind: str
    splits: Mapping[str, SplitSummary]
    reason: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where numbers of a sentence stand: the kind of table, the set, and the arm or comparison."""

    table: Literal["auroc", "comparison", "verdict", "detectable"]
    set: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; a number knows its row."""

    text: str
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the drafted answer; `parts` are the same text in pieces."""

    text: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the report prints; `flow` is the participant flow as recorded."""

    schema: int
    study: StudyRecord
    primary: Primary | None
    sets: Mapping[str, SetFindings]
    development: Mapping[str, DevelopmentFindings]
    flow: Mapping[str, Any]
    table1: tuple[CovariateSummary, ...]
    summary: tuple[Sentence, ...]
    notes: tuple[str, ...]
    across_sets: tuple[Interaction, ...] = ()
    cross_validated: tuple[CrossValidated, ...] = ()
    audit: tuple[PublishedAudit, ...] = ()
    gallery: Gallery | None = None

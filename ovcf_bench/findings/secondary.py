"""Typed values of the analyses that stand beside AUROC and its test; field names as in findings.json.

As in `values`: a value that does not exist is None, and the `reason` beside it says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Valued:
    """A figure with its 95 % interval."""

    value: float | None
    ci: Limits | None
    ci_method: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """One test of a minus b; `missing` counts the cases that lack a score of either arm."""

    method: str
    n: int
    positives: int
    negatives: int
    missing: int
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
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Another method's view of the same comparison: `value` of what `quantity` names, with interval or p or both."""

    method: str
    quantity: str
    value: float | None
    ci: Limits | None
    p: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class MeasureDifference:
    """An accuracy measure of both arms at their frozen thresholds: their difference, or ratio for PPV and NPV.

    value : a - b, or a / b where `quantity` is "ratio"; p : by `p_method`; p_other : by `p_other_method`.
    """

    measure: str
    quantity: str
    a: float | None
    b: float | None
    value: float | None
    ci: Limits | None
    ci_method: str | None
    p: float | None
    p_method: str | None
    p_other: float | None
    p_other_method: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RocBand:
    """Pointwise 95 % limits of sensitivity where 1 - specificity is `at`."""

    at: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    method: str


@dataclass(frozen=True, slots=True)
class CurveFindings:
    """What the ROC curve says beside its area; `partial` : standardised area at specificity .9 to 1 (McClish 1989).

    band, average_precision : None, or without a value, with the reason; average precision holds at the prevalence of
    the set.
    """

    band: RocBand | None
    average_precision: Valued
    partial: Valued
    reason: str


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Cases of neighbouring probabilities: their mean probability, and how many are positive."""

    predicted: float
    observed: float
    ci: Limits
    positives: int
    n: int


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Outcome against probability: smoothed (lowess), and in tenths of the cases with Wilson intervals.

    histogram : how many (negatives, positives) have a probability in each twentieth of 0 to 1.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    bins: tuple[CalibrationBin, ...]
    histogram: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well probabilities fit outcomes, at the prevalence of the set (`prevalence` None) or at a declared one."""

    prevalence: float | None
    slope: Valued
    intercept: Valued
    brier: Valued
    ece: Valued
    ici: Valued


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """PPV and NPV at a declared prevalence."""

    prevalence: float
    ppv: Valued
    npv: Valued


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """Net benefit by threshold probability; treating nobody has 0 everywhere."""

    prevalence: float | None
    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    treat_all: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NetBenefitDifference:
    """Net benefit of a minus b by threshold probability, with its 95 % limits (None: no variance there)."""

    thresholds: tuple[float, ...]
    difference: tuple[float, ...]
    ci: tuple[Limits | None, ...]
    ci_method: str
    reason: str


@dataclass(frozen=True, slots=True)
class Probabilities:
    """What one arm's scores are worth as probabilities on one set; empty, with the reason, when they are none."""

    figures: tuple[Calibration, ...]
    net_benefit: tuple[NetBenefit, ...]
    spiegelhalter_z: float | None
    spiegelhalter_p: float | None
    reason: str
    curve: CalibrationCurve | None = None


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """A comparison within one group."""

    group: str
    n: int
    positives: int
    negatives: int
    auroc_a: float | None
    ci_a: Limits | None
    auroc_b: float | None
    ci_b: Limits | None
    difference: float | None
    se: float | None
    ci: Limits | None
    reason: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """Cases of one class by which of both arms called them rightly, each at its threshold."""

    both: int
    only_a: int
    only_b: int
    neither: int


@dataclass(frozen=True, slots=True)
class Fused:
    """What a rule would make of both scores; exploratory, and fitted on nothing.

    auroc : of rules that give a score; sensitivity, specificity : of rules that give a call.
    """

    rule: str
    auroc: Valued
    sensitivity: Valued
    specificity: Valued


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike both arms see the same cases.

    labels, scores_a, scores_b : of complete pairs as probabilities (or raw scores), sorted, without any identifier;
    empty beyond 20,000 cases; kappa : Cohen's, of the calls; correlation_* : Spearman's, of the scores within a
    class.
    """

    threshold_a: float | None
    threshold_b: float | None
    positives: Decisions | None
    negatives: Decisions | None
    kappa: Valued
    correlation_positives: Valued
    correlation_negatives: Valued
    fused: tuple[Fused, ...]
    labels: tuple[int, ...]
    scores_a: tuple[float, ...]
    scores_b: tuple[float, ...]
    reason: str


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
class Interaction:
    """Whether a comparison differs between groups: difference of differences for two, Wald's chi-square for more.

    difference, ci : first group minus second, for two groups.
    """

    by: str
    comparison: str
    groups: tuple[GroupDifference, ...]
    difference: float | None
    ci: Limits | None
    z: float | None
    chi2: float | None
    df: int | None
    p: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Readers:
    """Obuchowski-Rockette analysis of several human readers (random readers and cases)."""

    readers: int
    aurocs: Mapping[str, tuple[float, ...]]
    f: float | None
    df1: float | None
    df2: float | None
    p: float | None
    difference: float | None
    se: float | None
    ci: Limits | None
    reason: str


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Out-of-fold difference of a minus b over folds (and repeats): never a test of the test sets.

    p : corrected resampled t (Nadeau & Bengio 2003); sd_cases, sd_folds, sd_repeats : spread that the cases of a
    fold, the folds, and repeated trainings add.
    """

    comparison: str
    n: int
    mean: float | None
    ci: Limits | None
    t: float | None
    df: int | None
    p: float | None
    sd_cases: float | None
    sd_folds: float | None
    sd_repeats: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest true difference that the test would find with 80 % power at this set's size and spread."""

    power: float
    difference: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class PublishedAudit:
    """Whether published AUROCs, sizes and p fit together; `by_correlation`: (r, lowest p, highest p).

    p_low, p_high : the range of p over all correlations.
    """

    set: str
    views: tuple[str, str]
    aurocs: tuple[float, float]
    positives: int
    negatives: int
    p: float | None
    p_bound: float | None
    p_low: float
    p_high: float
    by_correlation: tuple[tuple[float, float, float], ...]
    verdict: str | None
    sentence: str
    reason: str

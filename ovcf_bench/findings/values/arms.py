"""One arm on one set: discrimination, the frozen threshold, probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from ovcf_bench.findings.values.basics import Limits, Valued


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
class PredictiveValues:
    """PPV and NPV at a declared prevalence."""

    prevalence: float
    ppv: Valued
    npv: Valued


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
class NetBenefit:
    """Net benefit by threshold probability; treating nobody has 0 everywhere."""

    prevalence: float | None
    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    treat_all: tuple[float, ...]


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
class DevelopmentFindings:
    """Out-of-fold AUROC of each fold. No test: the scores come from different networks."""

    n: int
    positives: int
    negatives: int
    folds: FoldSpread

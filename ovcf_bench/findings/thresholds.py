"""The decision threshold of an arm: fitted out of fold, frozen, then judged on each test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.discrimination import SEVERAL_CASES
from ovcf_bench.findings.records import Measure, OperatingPointRecord, Point, limits
from ovcf_bench.stats.operating_point import ThresholdRule, fit_threshold, operate
from ovcf_bench.stats.proportions import Proportion
from ovcf_bench.study.schema import StudyDocument, ThresholdSection

OUT_OF_FOLD = "development (out of fold)"
STUDY_FILE = "nothing: the study file fixes it"
NO_DEVELOPMENT = "the score table has no out-of-fold development scores of this arm to fit a threshold on"
RESAMPLING_SEED = 1987  # of F1's bootstrap: the same draws for every arm and set, whatever the study's seed
NO_DEVELOPMENT_POINT = "no out-of-fold development scores of this arm to show beside it"


@dataclass(frozen=True, slots=True)
class FrozenThreshold:
    """A threshold on the scale of the arm's scores; None, with the reason, when it could not be fitted."""

    rule: str
    value: float | None
    probability: float | None
    fitted_on: str
    optimistic: bool
    development: Point | None
    reason: str


def threshold_rule(document: StudyDocument) -> ThresholdRule:
    """Return the rule that the study file declares."""
    declared = document.threshold
    if declared == "youden":
        return ThresholdRule("youden")
    if isinstance(declared, ThresholdSection):
        if declared.sensitivity is not None:
            return ThresholdRule("sensitivity", declared.sensitivity)
        return ThresholdRule("specificity", declared.specificity)
    return ThresholdRule("fixed", float(declared))


def describe_rule(rule: ThresholdRule) -> str:
    """Return the rule in words."""
    if rule.kind == "youden":
        return "Youden index"
    return f"fixed at {rule.value:g}" if rule.kind == "fixed" else f"{rule.kind} of at least {rule.value:g}"


def freeze_threshold(cases: CaseScores, rule: ThresholdRule, *, optimistic: bool, absence: str = "") -> FrozenThreshold:
    """Return the arm's threshold from its out-of-fold development `cases`.

    optimistic : whether the networks were chosen on the folds that the threshold is fitted on; absence : why
    the arm gets no threshold, if so. Raises StatisticsError when development holds one class only.
    """
    words, fixed = describe_rule(rule), rule.kind == "fixed"
    fitted_on = STUDY_FILE if fixed else OUT_OF_FOLD
    table = cases.scored
    if table.empty and not fixed:
        absence = absence or NO_DEVELOPMENT
    if absence:
        return FrozenThreshold(words, None, None, fitted_on, False, None, absence)
    value = _fixed(rule, cases) if fixed else _fitted(rule, cases)
    return FrozenThreshold(
        rule=words,
        value=value,
        probability=rule.value if fixed else cases.probability(value),
        fitted_on=fitted_on,
        optimistic=optimistic and not fixed,
        development=None if table.empty else judge_point(cases, value),
        reason=NO_DEVELOPMENT_POINT if table.empty else "",
    )


def _fixed(rule: ThresholdRule, cases: CaseScores) -> float:
    probability = float(rule.value or 0.0)
    return float(logit(probability)) if cases.scale == "logit" else probability


def _fitted(rule: ThresholdRule, cases: CaseScores) -> float:
    table = cases.scored
    return fit_threshold(table["label"], table["score"], rule, name=f"set {cases.name!r}")


def apply_threshold(frozen: FrozenThreshold, cases: CaseScores | None, absence: str) -> OperatingPointRecord:
    """Return the frozen threshold with what it achieves on `cases`; None of them: `absence` says why."""
    achieved = None
    if cases is not None and frozen.value is not None:
        achieved = judge_point(cases, frozen.value)
    return OperatingPointRecord(
        rule=frozen.rule,
        threshold=frozen.probability,
        fitted_on=frozen.fitted_on,
        optimistic=frozen.optimistic,
        development=frozen.development,
        achieved=achieved,
        reason=absence if cases is None else frozen.reason,
    )


def judge_point(cases: CaseScores, threshold: float) -> Point:
    """Return counts and accuracy measures of `cases` at `threshold`."""
    table = cases.scored
    rng = np.random.default_rng(RESAMPLING_SEED)
    point = operate(table["label"], table["score"], threshold, name=f"set {cases.name!r}", rng=rng)
    counts, clustered = point.counts, cases.clustered
    return Point(
        tp=counts.tp,
        fp=counts.fp,
        fn=counts.fn,
        tn=counts.tn,
        sensitivity=_measure(point.sensitivity, clustered=clustered),
        specificity=_measure(point.specificity, clustered=clustered),
        ppv=_measure(point.ppv, clustered=clustered),
        npv=_measure(point.npv, clustered=clustered),
        accuracy=_measure(point.accuracy, clustered=clustered),
        f1=Measure(
            value=point.f1,
            ci=None if clustered else limits(point.f1_interval),
            ci_method=None if clustered else point.f1_interval.method,
            clopper_pearson=None,
            count=None,
            n=None,
            reason=SEVERAL_CASES if clustered else "",
        ),
    )


def _measure(proportion: Proportion, *, clustered: bool) -> Measure:
    wilson = None if clustered else proportion.wilson
    return Measure(
        value=proportion.value,
        ci=limits(wilson),
        ci_method=wilson.method if wilson else None,
        clopper_pearson=None if clustered else limits(proportion.clopper_pearson),
        count=proportion.count,
        n=proportion.n,
        reason=proportion.reason or (SEVERAL_CASES if clustered else ""),
    )

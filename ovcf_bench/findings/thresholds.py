"""The decision threshold of an arm: fitted out of fold, frozen, then judged on each test set.

The vote of the folds stands beside: single networks and their ensemble differ in spread, so that a threshold fitted
on the one may act otherwise on the other; each network at the threshold of its own fold does not have that problem.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from ovcf_bench.findings.analysis import OUT_OF_FOLD, Analysis
from ovcf_bench.findings.case_scores import CaseScores, ScoreBook
from ovcf_bench.findings.measures import RATIOS
from ovcf_bench.findings.values import Measure, OperatingPointRecord, Point, PredictiveValues, Valued, limits, valued
from ovcf_bench.stats.intervals import Proportion
from ovcf_bench.stats.likelihood_ratios import likelihood_ratios, predictive_values_at
from ovcf_bench.stats.operating_point import Confusion, ThresholdRule, fit_threshold, operate
from ovcf_bench.stats.ratios import clustered_ratio

BEFOREHAND = "chosen beforehand"
NO_DEVELOPMENT = "the score table has no out-of-fold development scores of this arm to fit a threshold on"
NO_RULE = "no threshold was asked for: give one, or a set to fit it on"
RESAMPLING_SEED = 1987  # of F1's bootstrap: the same draws for every arm and set, whatever the study's seed
NOT_CLUSTERED = "no interval for several cases per patient"
NO_DEVELOPMENT_POINT = "no out-of-fold development scores of this arm to show beside it"


@dataclass(frozen=True, slots=True)
class FrozenThreshold:
    """A threshold on the scale of the arm's scores; None, with the reason in its record, when it could not be fitted.

    record : what is known before it is applied: nothing is achieved yet, nobody has voted.
    """

    value: float | None
    record: OperatingPointRecord


def describe_rule(rule: ThresholdRule) -> str:
    """Return the rule in words."""
    if rule.kind == "youden":
        return "Youden index"
    return f"fixed at {rule.value:g}" if rule.kind == "fixed" else f"{rule.kind} of at least {rule.value:g}"


def freeze_threshold(cases: CaseScores, analysis: Analysis, *, absence: str = "", on: str = "") -> FrozenThreshold:
    """Return the arm's threshold from `cases`, those it is to be fitted on.

    absence : why the arm gets no threshold, if so; on : the set itself, where no other one was named. Raises
    StatisticsError when the cases hold one class only.
    """
    rule = analysis.rule
    if rule is None:
        return _no_threshold("none", analysis.fitted_on, NO_RULE)
    words, fixed = describe_rule(rule), rule.kind == "fixed"
    fitted_on = BEFOREHAND if fixed else analysis.fitted_on or f"{on} itself"
    table = cases.scored
    if table.empty and not fixed:
        absence = absence or NO_DEVELOPMENT
    if absence:
        return _no_threshold(words, fitted_on, absence)
    value = _fixed(rule, cases) if fixed else _fitted(rule, cases)
    record = OperatingPointRecord(
        rule=words,
        threshold=rule.value if fixed else cases.probability(value),
        fitted_on=fitted_on,
        # A threshold of .5 learnt from nobody cannot flatter.
        optimistic=bool(analysis.optimistic) and not fixed,
        # Fitted on the set itself, development and test would be one row twice.
        development=None if table.empty or on else judge_point(cases, value),
        achieved=None,
        vote=None,
        reason=NO_DEVELOPMENT_POINT if table.empty else "",
    )
    return FrozenThreshold(value, record)


def _no_threshold(rule: str, fitted_on: str, reason: str) -> FrozenThreshold:
    return FrozenThreshold(None, OperatingPointRecord(rule, None, fitted_on, False, None, None, None, reason))


def _fixed(rule: ThresholdRule, cases: CaseScores) -> float:
    probability = float(rule.value or 0.0)
    # The scores are ranked as logits; .5 on them would be .62 as a probability.
    return float(logit(probability)) if cases.scale == "logit" else probability


def _fitted(rule: ThresholdRule, cases: CaseScores) -> float:
    table = cases.scored
    return fit_threshold(table["label"], table["score"], rule, name=f"set {cases.name!r}")


def apply_threshold(
    frozen: FrozenThreshold,
    cases: CaseScores | None,
    absence: str,
    prevalences: tuple[float, ...],
    by_vote: Point | None,
) -> OperatingPointRecord:
    """Return the frozen threshold with what it achieves on `cases`; None of them: `absence` says why.

    by_vote : what the folds achieve at thresholds of their own.
    """
    if cases is None:
        return replace(frozen.record, reason=absence)
    achieved = None if frozen.value is None else judge_point(cases, frozen.value, prevalences)
    return replace(frozen.record, achieved=achieved, vote=by_vote)


def judge_point(cases: CaseScores, threshold: float, prevalences: tuple[float, ...] = ()) -> Point:
    """Return counts and accuracy measures of `cases` at `threshold`."""
    table = cases.scored
    rng = np.random.default_rng(RESAMPLING_SEED)
    point = operate(table["label"], table["score"], threshold, name=f"set {cases.name!r}", rng=rng)
    shares = {name: _measure(getattr(point, name)) for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy")}
    interval = point.f1_interval
    shares["f1"] = Measure(point.f1, limits(interval), interval.method, None, None, None, "")
    ratios = [valued(each.value, each.interval, each.reason) for each in likelihood_ratios(point.counts)]
    at = tuple(_at(point.counts, each) for each in prevalences)
    if cases.clustered:
        shares = _by_patient(table, threshold, shares)
        # Simel's log method and Mercaldo's logits take cases for independent.
        ratios = [_without_interval(each) for each in ratios]
        at = tuple(replace(each, ppv=_without_interval(each.ppv), npv=_without_interval(each.npv)) for each in at)
    named: dict[str, Any] = asdict(point.counts) | shares
    return Point(**named, lr_positive=ratios[0], lr_negative=ratios[1], at_prevalence=at)


def _measure(found: Proportion) -> Measure:
    return Measure(
        value=found.value,
        ci=limits(found.wilson),
        ci_method=found.wilson.method if found.wilson else None,
        clopper_pearson=limits(found.clopper_pearson),
        count=found.count,
        n=found.n,
        reason=found.reason,
    )


def _by_patient(table: pd.DataFrame, threshold: float, shares: dict[str, Measure]) -> dict[str, Measure]:
    """Return the same measures with the interval of the ratio estimator in place of Wilson's."""
    label = table["label"].to_numpy(dtype=bool)
    called = table["score"].to_numpy() >= threshold
    parts = {name.lower(): ratio(label, called) for name, ratio in RATIOS.items()}
    parts["f1"] = 2.0 * (called & label), 1.0 * called + label
    found = {}
    for name, share in shares.items():
        ratio = clustered_ratio(*parts[name], table["patient_id"].to_numpy(dtype=object))
        method = ratio.interval.method if ratio.interval else None
        reason = share.reason or ratio.reason
        found[name] = replace(share, ci=limits(ratio.interval), ci_method=method, clopper_pearson=None, reason=reason)
    return found


def _at(counts: Confusion, prevalence: float) -> PredictiveValues:
    found = predictive_values_at(counts, prevalence)
    return PredictiveValues(prevalence, *(valued(each.value, each.interval, each.reason) for each in found))


def _without_interval(found: Valued) -> Valued:
    return replace(found, ci=None, ci_method=None, reason=found.reason or NOT_CLUSTERED)


_MAJORITY = float(np.nextafter(0.5, 1))  # more than half; a tie is no majority


def vote(book: ScoreBook, analysis: Analysis, set_name: str, arm: str) -> Point | None:
    """Return what the vote achieves; None when thresholds are not fitted out of fold, or a fold holds one class."""
    rule = analysis.rule
    if rule is None or rule.kind == "fixed" or analysis.fitted_on != OUT_OF_FOLD:
        return None
    thresholds = {}
    # Out-of-fold scores come from single networks, the ensemble's have less spread: a vote needs no common threshold.
    for repeat, fold, cases in book.development_networks(arm):
        if cases.scored["label"].nunique() < 2:
            return None
        thresholds[repeat, fold] = _fitted(rule, cases)
    calls, table = [], None
    for repeat, fold, cases in book.network_cases(set_name, arm):
        if (repeat, fold) not in thresholds:
            return None
        table = cases.table
        calls.append((table["score"] >= thresholds[repeat, fold]).where(table["score"].notna()))
    if table is None or len(calls) < 2 or table["label"].nunique() < 2:
        return None
    share = pd.concat(calls, axis=1).astype("float64").mean(axis=1)
    return judge_point(CaseScores(set_name, table.assign(score=share), "probability"), _MAJORITY)

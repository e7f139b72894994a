"""The declared comparisons of one set: tested, judged against their margins, adjusted for their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from ovcf_bench.findings.answer import conclude
from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.pairing import on_all_data, on_complete_pairs, on_different_patients, pair
from ovcf_bench.findings.values import ComparisonFindings, Detectable, Estimate, Omnibus, Verdict, limits
from ovcf_bench.stats.contrast import contrast_test
from ovcf_bench.stats.delong import AurocComparison
from ovcf_bench.stats.equivalence import MarginVerdict, judge_equivalence, judge_noninferiority
from ovcf_bench.stats.intervals import auroc_interval
from ovcf_bench.stats.multiplicity import benjamini_hochberg, holm
from ovcf_bench.stats.power import detectable_from_se
from ovcf_bench.vocabulary import Comparison, Missing

NOT_DECLARED = "not pre-declared: outside the Holm family"
NO_P = "the test has no p-value"
SAME_PATIENT = "no case has both scores: cases are joined by patient"
DIFFERENT_PATIENTS = "no patient has both scores: the arms are compared as different patients"
ONE_CLASS = "the complete pairs hold one class only"
# A one-sided 97.5 % limit is an end of a 95 % interval; two one-sided tests at 5 % make 90 % (Liu 2006).
NONINFERIORITY_LEVEL, EQUIVALENCE_LEVEL = 0.95, 0.90
POWER = 0.8  # what protocols of diagnostic studies plan with


@dataclass(frozen=True, slots=True)
class ArmsOfSet:
    """The ensembles of one set by arm; `absent` says why an arm has none."""

    name: str
    cases: Mapping[str, CaseScores]
    absent: Mapping[str, str]


def adjust(raw: list[ComparisonFindings]) -> tuple[ComparisonFindings, ...]:
    """Return all comparisons of one set with adjusted p-values and their conclusions.

    Holm over the pre-declared ones, Benjamini & Hochberg over the others, which are exploratory.
    """
    # What was added once scores existed must not make declared tests stricter, or looser.
    adjusted: dict[str, float | None] = {}
    for declared, adjust_all in ((True, holm), (False, benjamini_hochberg)):
        family = [finding for finding in raw if finding.declared is declared]
        adjusted |= zip((one.id for one in family), adjust_all([one.primary.p for one in family]), strict=True)
    return tuple(_completed(finding, adjusted[finding.id]) for finding in raw)


def _completed(finding: ComparisonFindings, adjusted: float | None) -> ComparisonFindings:
    if finding.declared:
        finding = replace(finding, p_holm=adjusted, p_holm_reason="" if adjusted is not None else NO_P)
    else:
        finding = replace(finding, p_bh=adjusted, p_holm_reason=NOT_DECLARED)
    return replace(finding, conclusion=conclude(finding))


def compare_arms(arms: ArmsOfSet, comparison: Comparison, missing: Missing, declared: bool) -> ComparisonFindings:
    """Return the test of one comparison; `adjust` completes it.

    missing : which estimate is primary; declared : whether it was recorded before the test scores existed.
    """
    absent = [f"{arm}: {arms.absent[arm]}" for arm in (comparison.a, comparison.b) if arm in arms.absent]
    if absent:
        return without_result(comparison, declared, Estimate(0, 0, 0, "absent", "; ".join(absent)))
    pairs = pair(arms.cases[comparison.a], arms.cases[comparison.b])
    complete = pairs.complete
    if complete["label"].nunique() == 1:
        return without_result(comparison, declared, no_estimate(complete, "one_class", ONE_CLASS))
    # At image level the two views of a patient are two cases: joined by patient, they are paired all the same.
    if complete.empty:
        joined = pairs.patients_with_both > 0
        test = on_all_data(pairs, by_patient=True) if joined else on_different_patients(pairs)
        reason = test.reason or (SAME_PATIENT if joined else DIFFERENT_PATIENTS)
        estimate = replace(estimate_of(test, pairs.table), reason=reason)
        found = without_result(comparison, declared, estimate)
        return _with_verdicts(replace(found, paired=reason != DIFFERENT_PATIENTS), test)
    test = on_complete_pairs(pairs)
    found = without_result(comparison, declared, estimate_of(test, complete, pairs.missing))
    if pairs.missing:
        all_data = on_all_data(pairs)
        found = replace(found, all_data=estimate_of(all_data, pairs.table, pairs.missing), primary_estimate=missing)
        # Which estimate is primary was fixed before the scores existed: chosen afterwards, it would be the better one.
        test = all_data if missing == "all_data" else test
    return _with_verdicts(found, test)


def estimate_of(test: AurocComparison, table: pd.DataFrame, missing: int = 0) -> Estimate:
    """Return a test as it is recorded; table : its cases, with their labels."""
    return replace(
        no_estimate(table, test.status, test.reason),
        missing=missing,
        method=test.method,
        auroc_a=test.first.auroc,
        ci_a=limits(auroc_interval(test.first)),
        auroc_b=test.second.auroc,
        ci_b=limits(auroc_interval(test.second)),
        difference=test.difference,
        se=test.se,
        ci=limits(test.interval),
        ci_method=test.interval.method if test.interval else None,
        z=test.z,
        p=test.p,
    )


def no_estimate(table: pd.DataFrame, status: str, reason: str) -> Estimate:
    """Return the counts of cases on which no test is made, and why."""
    positives = int(table["label"].sum())
    return Estimate(len(table), positives, len(table) - positives, status, reason)


def _with_verdicts(found: ComparisonFindings, test: AurocComparison) -> ComparisonFindings:
    """Return the finding with what hangs on its primary test: both verdicts, and what it could have found."""
    return replace(
        found,
        noninferiority=verdict_of(judge_noninferiority(test, found.margin), NONINFERIORITY_LEVEL),
        equivalence=verdict_of(judge_equivalence(test, found.margin), EQUIVALENCE_LEVEL),
        detectable=detectable(test.se),
    )


def verdict_of(found: MarginVerdict, level: float) -> Verdict:
    """Return a verdict on limits of this level as it is recorded."""
    method = found.interval.method if found.interval else None
    return Verdict(limits(found.interval), level, method, found.verdict, found.direction, found.reason)


def detectable(se: float | None) -> Detectable:
    """Return the true difference that a test of this standard error finds with 80 % power."""
    # A standard error of 0 would promise to find any difference.
    if not se:
        return Detectable(POWER, None, "the difference has no standard error")
    return Detectable(POWER, detectable_from_se(se, power=POWER), "")


def without_result(comparison: Comparison, declared: bool, estimate: Estimate) -> ComparisonFindings:
    """Return a comparison without verdicts, for the reason that its estimate gives."""
    none = MarginVerdict(None, None, None, estimate.reason)
    return ComparisonFindings(
        id=comparison.id,
        a=comparison.a,
        b=comparison.b,
        claim=comparison.claim,
        margin=comparison.margin,
        declared=declared,
        estimate=estimate,
        noninferiority=verdict_of(none, NONINFERIORITY_LEVEL),
        equivalence=verdict_of(none, EQUIVALENCE_LEVEL),
    )


def compare_all_arms(arms: ArmsOfSet) -> Omnibus:
    """Return the contrast test of all arms of the set, on the cases that every arm scored."""
    # Of two arms the contrast is DeLong's test again, and would stand there as a second result.
    if len(arms.cases) + len(arms.absent) < 3:
        return Omnibus(None, None, None, None, "fewer than three arms: the paired test says it all")
    if arms.absent:
        return Omnibus(None, None, None, None, f"not every arm has scores: {', '.join(arms.absent)}")
    tables = [cases.scored for cases in arms.cases.values()]
    # One covariance matrix needs the same cases in all arms (DeLong 1988, eq. 9).
    joined = pd.concat([table["score"] for table in tables], axis=1, join="inner", keys=range(len(tables)))
    first = tables[0].loc[joined.index]
    if first["label"].nunique() < 2:
        return Omnibus(None, None, None, len(joined), "the cases scored by every arm do not hold both classes")
    clusters = first["patient_id"] if first["patient_id"].duplicated().any() else None
    columns = [joined[arm] for arm in range(len(tables))]
    test = contrast_test(first["label"], columns, name=f"set {arms.name!r}", clusters=clusters)
    return Omnibus(test.chi2, test.df, test.p, len(joined), test.reason)

"""The declared comparisons of one set: joined by case, tested, judged against their margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.conclusions import conclude
from ovcf_bench.findings.discrimination import SEVERAL_CASES
from ovcf_bench.findings.records import ComparisonFindings, Omnibus, Verdict, limits
from ovcf_bench.stats.contrast import contrast_test
from ovcf_bench.stats.delong import PairedComparison, compare_paired
from ovcf_bench.stats.equivalence import judge_equivalence, judge_noninferiority
from ovcf_bench.stats.intervals import auroc_interval
from ovcf_bench.stats.multiplicity import holm
from ovcf_bench.vocabulary import Comparison

NOT_DECLARED = "not pre-declared: outside the Holm family"
NO_P = "the test has no p-value"


@dataclass(frozen=True, slots=True)
class ArmsOfSet:
    """The ensembles of one set by arm; `absent` says why an arm has none."""

    name: str
    cases: Mapping[str, CaseScores]
    absent: Mapping[str, str]


def compare_arms(
    arms: ArmsOfSet, comparisons: Sequence[Comparison], declared: Mapping[str, bool]
) -> tuple[ComparisonFindings, ...]:
    """Return every comparison of one set, with Holm's adjustment over the pre-declared ones.

    declared : by comparison id, whether it was recorded before the test scores existed.
    """
    raw = [_compare(arms, comparison, declared.get(comparison.id, False)) for comparison in comparisons]
    family = [finding for finding in raw if finding.declared]
    adjusted = dict(zip((one.id for one in family), holm([one.p for one in family]), strict=True))
    return tuple(_with_holm(finding, adjusted) for finding in raw)


def _with_holm(finding: ComparisonFindings, adjusted: Mapping[str, float | None]) -> ComparisonFindings:
    p_holm = adjusted.get(finding.id)
    reason = "" if p_holm is not None else NO_P if finding.declared else NOT_DECLARED
    finding = replace(finding, p_holm=p_holm, p_holm_reason=reason)
    return replace(finding, conclusion=conclude(finding))


def _compare(arms: ArmsOfSet, comparison: Comparison, declared: bool) -> ComparisonFindings:
    absent = [f"{arm}: {arms.absent[arm]}" for arm in (comparison.a, comparison.b) if arm in arms.absent]
    if absent:
        return _no_result(comparison, declared, _Pairs.none(), "absent", "; ".join(absent))
    pairs = _pair(arms.cases[comparison.a], arms.cases[comparison.b])
    if pairs.n == 0:
        reason = "no case was scored by both arms; views are paired at exam or patient level"
        return _no_result(comparison, declared, pairs, "no_pairs", reason)
    if 0 in (pairs.positives, pairs.negatives):
        return _no_result(comparison, declared, pairs, "one_class", "the complete pairs hold one class only")
    table = pairs.table
    paired = compare_paired(table["label"], table["score_a"], table["score_b"], name=f"set {arms.name!r}")
    if pairs.clustered:
        finding = _no_result(comparison, declared, pairs, "clustered", SEVERAL_CASES)
        return replace(
            finding,
            auroc_a=paired.first.auroc,
            auroc_b=paired.second.auroc,
            difference=paired.difference,
        )
    return _result(comparison, declared, pairs, paired)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Complete pairs of two arms: label, patient_id, score_a, score_b by case; and how many lack one."""

    table: pd.DataFrame
    missing: int

    @classmethod
    def none(cls) -> _Pairs:
        return cls(pd.DataFrame({"label": pd.Series(dtype=bool), "patient_id": pd.Series(dtype=object)}), 0)

    @property
    def n(self) -> int:
        return len(self.table)

    @property
    def positives(self) -> int:
        return int(self.table["label"].sum())

    @property
    def negatives(self) -> int:
        return self.n - self.positives

    @property
    def clustered(self) -> bool:
        return bool(self.table["patient_id"].duplicated().any())


def _pair(first: CaseScores, second: CaseScores) -> _Pairs:
    """Return the pairs by case id, never by position."""
    a, b = first.scored, second.scored
    table = a.rename(columns={"score": "score_a"}).join(b["score"].rename("score_b"), how="inner")
    return _Pairs(table, len(first.table.index.union(second.table.index)) - len(table))


def _result(comparison: Comparison, declared: bool, pairs: _Pairs, paired: PairedComparison) -> ComparisonFindings:
    noninferiority = judge_noninferiority(paired, comparison.margin)
    equivalence = judge_equivalence(paired, comparison.margin)
    return replace(
        _no_result(comparison, declared, pairs, paired.status, paired.reason),
        auroc_a=paired.first.auroc,
        ci_a=limits(auroc_interval(paired.first)),
        auroc_b=paired.second.auroc,
        ci_b=limits(auroc_interval(paired.second)),
        difference=paired.difference,
        se=paired.se,
        ci=limits(paired.interval),
        ci_method=paired.interval.method if paired.interval else None,
        z=paired.z,
        p=paired.p,
        noninferiority=Verdict(
            ci=limits(noninferiority.interval),
            level=0.95,
            ci_method=noninferiority.interval.method if noninferiority.interval else None,
            verdict=noninferiority.verdict,
            direction=noninferiority.direction,
            reason=noninferiority.reason,
        ),
        equivalence=Verdict(
            ci=limits(equivalence.interval),
            level=0.90,
            ci_method=equivalence.interval.method if equivalence.interval else None,
            verdict=equivalence.verdict,
            direction=None,
            reason=equivalence.reason,
        ),
    )


def _no_result(comparison: Comparison, declared: bool, pairs: _Pairs, status: str, reason: str) -> ComparisonFindings:
    """Return the comparison with its counts and no statistic; `_result` fills the statistics in."""
    return ComparisonFindings(
        id=comparison.id,
        a=comparison.a,
        b=comparison.b,
        n=pairs.n,
        positives=pairs.positives,
        negatives=pairs.negatives,
        missing=pairs.missing,
        paired=True,
        auroc_a=None,
        ci_a=None,
        auroc_b=None,
        ci_b=None,
        difference=None,
        se=None,
        ci=None,
        ci_method=None,
        z=None,
        p=None,
        p_holm=None,
        p_holm_reason="",
        declared=declared,
        claim=comparison.claim,
        margin=comparison.margin,
        noninferiority=Verdict(None, 0.95, None, None, None, reason),
        equivalence=Verdict(None, 0.90, None, None, None, reason),
        conclusion="",
        status=status,
        reason=reason,
    )


def compare_all_arms(arms: ArmsOfSet) -> Omnibus:
    """Return DeLong's contrast test of all arms of the set, on the cases that every arm scored."""
    if len(arms.cases) + len(arms.absent) < 3:
        return Omnibus(None, None, None, None, "fewer than three arms: the paired test says it all")
    if arms.absent:
        return Omnibus(None, None, None, None, f"not every arm has scores: {', '.join(arms.absent)}")
    tables = [cases.scored for cases in arms.cases.values()]
    joined = pd.concat([table["score"] for table in tables], axis=1, join="inner", keys=range(len(tables)))
    first = tables[0].loc[joined.index]
    if first["label"].nunique() < 2:
        return Omnibus(None, None, None, len(joined), "the cases scored by every arm do not hold both classes")
    if first["patient_id"].duplicated().any():
        return Omnibus(None, None, None, len(joined), SEVERAL_CASES)
    columns = [joined[arm] for arm in range(len(tables))]
    test = contrast_test(first["label"], columns, name=f"set {arms.name!r}")
    return Omnibus(test.chi2, test.df, test.p, len(joined), test.reason)

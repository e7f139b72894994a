"""Two arms on one set: the test, its verdicts, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ovcf_bench.findings.values.basics import Limits, Valued
from ovcf_bench.records import FLAT, gathering


@dataclass(frozen=True, slots=True)
class Estimate:
    """One test of a minus b; `missing` counts the cases that lack a score of either arm."""

    n: int
    positives: int
    negatives: int
    status: str
    reason: str
    missing: int = 0
    method: str | None = None
    auroc_a: float | None = None
    ci_a: Limits | None = None
    auroc_b: float | None = None
    ci_b: Limits | None = None
    difference: float | None = None
    se: float | None = None
    ci: Limits | None = None
    ci_method: str | None = None
    z: float | None = None
    p: float | None = None


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
class Detectable:
    """The smallest true difference that the test would find with 80 % power at this set's size and spread."""

    power: float
    difference: float | None
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
class NetBenefitDifference:
    """Net benefit of a minus b by threshold probability, with its 95 % limits (None: no variance there)."""

    thresholds: tuple[float, ...]
    difference: tuple[float, ...]
    ci: tuple[Limits | None, ...]
    ci_method: str
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
class GroupDifference:
    """A comparison within one group."""

    group: str
    estimate: Estimate


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
    """What the analysis of several readers (Obuchowski-Rockette, readers and cases random) says beside its test."""

    readers: int
    aurocs: Mapping[str, tuple[float, ...]]
    f: float | None
    df1: float | None
    df2: float | None
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
class ComparisonFindings:
    """One test of a minus b; `conclusion` words the verdict on the declared claim.

    estimate : of complete pairs (or, when no case has both, of what its method says); findings.json holds its fields
    beside those of the comparison. Where a view is missing, `all_data` is the estimate of Zhou & Gatsonis, and
    `primary_estimate` says which of the two was declared: adjusted p, verdicts and conclusion follow that one. p_bh is
    Benjamini & Hochberg's over the comparisons of the set that were not pre-declared.
    """

    id: str
    a: str
    b: str
    claim: str
    margin: float | None
    declared: bool
    estimate: Estimate = field(metadata=FLAT)
    noninferiority: Verdict
    equivalence: Verdict
    paired: bool = True
    p_holm: float | None = None
    p_holm_reason: str = ""
    p_bh: float | None = None
    conclusion: str = ""
    primary_estimate: str = "complete_pairs"
    all_data: Estimate | None = None
    readers: Readers | None = None
    detectable: Detectable | None = None
    sensitivity: tuple[Sensitivity, ...] = ()
    measures: tuple[MeasureDifference, ...] = ()
    net_benefit: NetBenefitDifference | None = None
    agreement: Agreement | None = None
    interactions: tuple[Interaction, ...] = ()

    _gathered = gathering(estimate=Estimate)

    @property
    def primary(self) -> Estimate:
        """The estimate that was declared primary."""
        return self.all_data if self.primary_estimate == "all_data" and self.all_data is not None else self.estimate


@dataclass(frozen=True, slots=True)
class Omnibus:
    """DeLong's contrast test of all arms of a set (more than two)."""

    chi2: float | None
    df: int | None
    p: float | None
    n: int | None
    reason: str

"""What is to be computed from a score table: the declarations of a study, or the options of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovcf_bench.findings.values import ArmRecord, Primary
from ovcf_bench.stats.operating_point import ThresholdRule
from ovcf_bench.vocabulary import DEVELOPMENT, Aggregation, AnalysisLevel, Comparison, Ensemble, Missing

if TYPE_CHECKING:
    from ovcf_bench.study import Study
    from ovcf_bench.study.schema import StudyDocument

OUT_OF_FOLD = "development (out of fold)"
THESE_NETWORKS = "these trained networks"
CHOSEN_ON_FOLD = "the networks were chosen on the folds that the threshold is fitted on"


@dataclass(frozen=True, slots=True)
class PublishedPair:
    """Published AUROCs of two views on one test set of known size, with the published p of their difference."""

    set: str
    auroc: Mapping[str, float]
    positives: int
    negatives: int
    p: float | None


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """A set that another site scored.

    unusual : by view, its images unlike those of development, None: not known; verified : whether its file was held
    against a hash that the site told.
    """

    name: str
    images: int
    unusual: Mapping[str, int | None]
    verified: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole analysis; nothing else decides what is computed.

    rule : how thresholds are chosen, None: not at all; fitted_on : where, in words; "" means on each set itself;
    optimistic : why a fitted threshold flatters, "" when it does not; prevalences : at which figures that depend
    on prevalence are given besides that of the set; subgroups : covariates of the score table; describes_disease :
    those that only tell positives from each other; seed and resamples : of bootstrap and permutation; shown_exams : how
    many exams the gallery names;
    from_study : whether a study file declares it; what a command line says is never declared in advance. trained :
    whether networks were trained for it, or all scores existed; sites : the sets that were scored elsewhere.
    """

    title: str
    question: str
    seed: int
    repeats: int
    ensemble: Ensemble
    level: AnalysisLevel
    aggregation: Aggregation
    missing: Missing
    rule: ThresholdRule | None
    fitted_on: str
    optimistic: str
    sets: tuple[str, ...]
    arms: tuple[ArmRecord, ...]
    comparisons: tuple[Comparison, ...]
    primary: Primary | None = None
    prevalences: tuple[float, ...] = ()
    subgroups: tuple[str, ...] = ()
    describes_disease: tuple[str, ...] = ()
    published: tuple[PublishedPair, ...] = ()
    expected: str = ""
    resamples: int = 2000  # limits of percentile and BCa intervals need over a thousand (Efron 1987)
    shown_exams: int = 0
    from_study: bool = True  # a command line can be typed again once scores are known: nothing in it is declared
    trained: bool = True
    sites: tuple[SiteRecord, ...] = ()

    @property
    def conditional_on(self) -> str:
        """What every interval and test takes as given."""
        if any(arm.readers for arm in self.arms):
            return "readers and cases like these"
        return THESE_NETWORKS if self.from_study and self.trained else "these scores"

    @property
    def splits(self) -> tuple[str, ...]:
        """Development and the test sets, in the order of the report."""
        return (DEVELOPMENT, *self.sets)


def from_study(
    study: Study, readers: Mapping[str, Sequence[str]] | None = None, sites: tuple[SiteRecord, ...] = ()
) -> Analysis:
    """Return the analysis that a study file declares.

    readers : of arms with scores of several people, by arm; sites : further test sets, scored elsewhere.
    """
    document = study.document
    primary, people = document.primary, readers or {}
    return Analysis(
        title=document.title,
        question=document.question,
        seed=document.seed,
        repeats=document.repeats,
        ensemble=document.ensemble,
        level=document.analysis_level,
        aggregation=document.aggregation,
        missing=document.missing,
        rule=_threshold_rule(document),
        fitted_on=OUT_OF_FOLD,
        # Kim 2024's code keeps the epoch of highest accuracy on the fold that it then reports.
        optimistic=CHOSEN_ON_FOLD if document.training.checkpoint == "best_accuracy_on_fold" else "",
        sets=(*document.splits.tests, *(site.name for site in sites)),
        sites=sites,
        arms=tuple(ArmRecord(arm.name, arm.views, arm.model, tuple(people.get(arm.name, ()))) for arm in study.arms),
        comparisons=study.comparisons,
        primary=Primary(primary.set, primary.comparison) if primary else None,
        prevalences=document.prevalences,
        subgroups=document.subgroups,
        describes_disease=document.checks.describes_label,
        published=_published_pairs(document),
        expected=document.expected,
        shown_exams=document.report.exams,
        trained=document.splits.development is not None,
    )


def _threshold_rule(document: StudyDocument) -> ThresholdRule:
    declared = document.threshold
    if declared == "youden":
        return ThresholdRule("youden")
    if isinstance(declared, int | float):
        return ThresholdRule("fixed", float(declared))
    if declared.sensitivity is not None:
        return ThresholdRule("sensitivity", declared.sensitivity)
    return ThresholdRule("specificity", declared.specificity)


def _published_pairs(document: StudyDocument) -> tuple[PublishedPair, ...]:
    """Return every published pair of AUROCs; a p without a set of its own is held against each of them."""
    figures = document.published.figures if document.published else ()
    # Kim 2024 prints one p (.604) and does not say of which test set.
    loose = [figure.p for figure in figures if figure.set is None and not figure.auroc and figure.p is not None]
    pairs = []
    for figure in figures:
        # The bound on a standard error needs the class sizes, and a difference needs two AUROCs.
        if len(figure.auroc) != 2 or figure.positives is None or figure.negatives is None:
            continue
        candidates: list[float | None] = [figure.p] if figure.p is not None else [*loose] or [None]
        name = figure.set or "set not stated"
        sizes = figure.positives, figure.negatives
        pairs += [PublishedPair(name, dict(figure.auroc), *sizes, p) for p in candidates]
    return tuple(pairs)

"""From the study and the score table to the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ovcf_bench.findings.analysis import Analysis, PublishedPair
from ovcf_bench.findings.answer import draft_answer
from ovcf_bench.findings.case_scores import ScoreBook, open_book, refuse_two_labels
from ovcf_bench.findings.cautions import cautions, shortcut_cautions
from ovcf_bench.findings.comparisons import ArmsOfSet, compare_all_arms
from ovcf_bench.findings.discrimination import beside_the_area, roc_points, spread_of_networks
from ovcf_bench.findings.gallery import choose_exams
from ovcf_bench.findings.networks import compare_folds
from ovcf_bench.findings.pairing import estimate_scored
from ovcf_bench.findings.probabilities import judge_probabilities
from ovcf_bench.findings.readers import MEAN_OF_READERS
from ovcf_bench.findings.set_comparisons import compare_set
from ovcf_bench.findings.subgroups import across_sets
from ovcf_bench.findings.table1 import describe_cohort
from ovcf_bench.findings.thresholds import FrozenThreshold, apply_threshold, describe_rule, freeze_threshold, vote
from ovcf_bench.findings.values import (
    SCHEMA,
    ArmFindings,
    ArmRecord,
    DevelopmentFindings,
    Findings,
    PublishedAudit,
    Sentence,
    SetFindings,
    StudyRecord,
    limits,
)
from ovcf_bench.records import Flow, UnitOutcome
from ovcf_bench.stats.audit import audit_pair
from ovcf_bench.stats.intervals import auroc_interval


def _audit(pair: PublishedPair) -> PublishedAudit:
    (first, one), (second, other) = pair.auroc.items()
    found = audit_pair(one, other, pair.positives, pair.negatives, pair.p)
    return PublishedAudit(
        set=pair.set,
        views=(first, second),
        aurocs=(one, other),
        positives=pair.positives,
        negatives=pair.negatives,
        p=pair.p,
        p_bound=found.p_bound,
        p_low=min(low for _, low, _ in found.by_correlation),
        p_high=max(high for _, _, high in found.by_correlation),
        by_correlation=found.by_correlation,
        verdict=found.verdict,
        sentence=found.sentence,
        reason=found.reason,
    )


NO_SCORE = "no case has a score of it"
NO_ENSEMBLE = "the score table has no ensemble of it"


def build(
    analysis: Analysis,
    scores: pd.DataFrame,
    *,
    flow: Flow | None,
    cohort_table: pd.DataFrame,
    declared: Mapping[str, bool],
    failed: Sequence[UnitOutcome],
) -> Findings:
    """Return everything the report prints.

    scores : the score table; flow : the participant flow as recorded; cohort_table : one row per patient
    with split, label and covariates; declared : by comparison id, whether it was recorded before its test
    scores existed; failed : the units that ended without scores. An arm with a failed unit has no
    ensemble; its finished networks remain. Raises StatisticsError naming the set that holds one class only,
    infinite scores, or cases with two labels.
    """
    names = tuple(arm.name for arm in analysis.arms)
    book = open_book(
        scores, level=analysis.level, aggregation=analysis.aggregation, ensemble=analysis.ensemble, arms=names
    )
    failures = _failures(failed)
    thresholds = _freeze_thresholds(analysis, book, failures)
    sets = {
        name: _build_set(analysis, book, _arms_of_set(analysis, book, name, failures), thresholds, declared)
        for name in analysis.sets
    }
    development = {name: _build_development(book, name) for name in names}
    return Findings(
        schema=SCHEMA,
        study=_describe(analysis),
        primary=analysis.primary,
        sets=sets,
        development=development,
        flow=flow,
        table1=describe_cohort(cohort_table, analysis.splits),
        summary=(
            *draft_answer(analysis, sets),
            *(Sentence(text) for text in shortcut_cautions(sets, development)),
        ),
        notes=cautions(analysis, sets, development),
        across_sets=across_sets(sets, tuple(one.id for one in analysis.comparisons)),
        cross_validated=compare_folds(analysis, book),
        audit=tuple(_audit(pair) for pair in analysis.published),
        gallery=choose_exams(analysis, book, thresholds, failures),
    )


def _failures(failed: Sequence[UnitOutcome]) -> dict[str, str]:
    """Return by arm which of its units failed and why."""
    reasons: dict[str, list[str]] = {}
    for each in failed:
        where = f"repeat {each.unit.repeat + 1} fold {each.unit.fold + 1} failed ({each.reason})"
        reasons.setdefault(each.unit.arm, []).append(where)
    return {arm: "; ".join(units) for arm, units in reasons.items()}


def _freeze_thresholds(analysis: Analysis, book: ScoreBook, failures: Mapping[str, str]) -> dict[str, FrozenThreshold]:
    """Return the thresholds fitted in development; none when each set fits its own."""
    if not analysis.fitted_on:
        return {}
    return {
        arm.name: freeze_threshold(book.development_cases(arm.name), analysis, absence=failures.get(arm.name, ""))
        for arm in analysis.arms
    }


def _build_set(
    analysis: Analysis,
    book: ScoreBook,
    arms: ArmsOfSet,
    thresholds: Mapping[str, FrozenThreshold],
    declared: Mapping[str, bool],
) -> SetFindings:
    known = _all_cases(book, arms)
    here = {
        arm.name: thresholds.get(arm.name)
        or freeze_threshold(
            book.ensemble_cases(arms.name, arm.name), analysis, absence=arms.absent.get(arm.name, ""), on=arms.name
        )
        for arm in analysis.arms
    }
    return SetFindings(
        kind="test",
        n=len(known),
        positives=int(known["label"].sum()),
        negatives=int((~known["label"]).sum()),
        patients=int(known["patient_id"].nunique()),
        arms={arm.name: _build_arm(analysis, book, arms, arm, known, here[arm.name]) for arm in analysis.arms},
        comparisons=compare_set(analysis, book, arms, here, declared),
        omnibus=compare_all_arms(arms),
    )


def _arms_of_set(analysis: Analysis, book: ScoreBook, name: str, failures: Mapping[str, str]) -> ArmsOfSet:
    """Return the ensembles of a set by arm, and why the other arms have none."""
    ensembles, absent = {}, {}
    for arm in analysis.arms:
        cases = book.ensemble_cases(name, arm.name)
        if arm.readers:
            absent[arm.name] = MEAN_OF_READERS
        # An ensemble of four folds instead of five would be another model than the one that was declared.
        elif arm.name in failures:
            absent[arm.name] = failures[arm.name]
        elif cases.scored.empty:
            absent[arm.name] = NO_ENSEMBLE if analysis.from_study else NO_SCORE
        else:
            ensembles[arm.name] = cases
    return ArmsOfSet(name, ensembles, absent)


def _all_cases(book: ScoreBook, arms: ArmsOfSet) -> pd.DataFrame:
    """Return patient_id and label of every case that any arm lists.

    Raises StatisticsError when the arms disagree about a label.
    """
    tables = [cases.table for cases in arms.cases.values()]
    for arm in arms.absent:
        tables += [cases.table for _, _, cases in book.network_cases(arms.name, arm)]
    if not tables:
        return pd.DataFrame({"patient_id": pd.Series(dtype=object), "label": pd.Series(dtype=bool)})
    listed = pd.concat(tables)[["patient_id", "label"]]
    distinct = listed.groupby(level=0)["label"].nunique()
    refuse_two_labels(int((distinct > 1).sum()), book.level, arms.name)
    return listed[~listed.index.duplicated()]


def _build_arm(
    analysis: Analysis,
    book: ScoreBook,
    arms: ArmsOfSet,
    arm: ArmRecord,
    known: pd.DataFrame,
    threshold: FrozenThreshold,
) -> ArmFindings:
    ensemble, absence = arms.cases.get(arm.name), arms.absent.get(arm.name, "")
    folds = spread_of_networks(book.network_cases(arms.name, arm.name))
    scored = known.iloc[:0] if ensemble is None else ensemble.scored
    found = estimate_scored(scored, scored["score"], name=f"set {arms.name!r}") if ensemble else None
    interval = auroc_interval(found) if found else None
    if arm.readers:  # the cases that all of them scored
        parts = [cases.scored["score"] for _, _, cases in book.network_cases(arms.name, arm.name)]
        scored = known.loc[pd.concat(parts, axis=1, join="inner").index] if parts else scored
    # An image of one view is no case of another view: at image level only a listed image can be missing.
    expected = known if ensemble is None or book.level != "image" else ensemble.table
    positives = int(scored["label"].sum())
    return ArmFindings(
        n=len(scored),
        positives=positives,
        negatives=len(scored) - positives,
        missing=0 if ensemble is None else len(expected) - len(scored),
        # Readers use their scales differently: the mean of their AUROCs is reported, not the AUROC of their mean.
        auroc=found.auroc if found else folds.mean if arm.readers else None,
        variance=found.variance if found else None,
        ci=limits(interval),
        ci_method=interval.method if interval else None,
        covers_half=interval.covers(0.5) if interval else None,
        status=found.status if found else "readers" if arm.readers else "absent",
        reason=found.reason if found else absence,
        roc=roc_points(ensemble) if ensemble else None,
        curve=beside_the_area(ensemble, absence),
        folds=folds,
        operating_point=apply_threshold(
            threshold, ensemble, absence, analysis.prevalences, vote(book, analysis, arms.name, arm.name)
        ),
        calibration=judge_probabilities(ensemble, analysis, absence),
    )


def _build_development(book: ScoreBook, arm: str) -> DevelopmentFindings:
    scored = book.development_cases(arm).scored
    positives = int(scored["label"].sum())
    return DevelopmentFindings(
        n=len(scored),
        positives=positives,
        negatives=len(scored) - positives,
        folds=spread_of_networks(book.development_networks(arm)),
    )


def _describe(analysis: Analysis) -> StudyRecord:
    return StudyRecord(
        title=analysis.title,
        question=analysis.question,
        seed=analysis.seed,
        repeats=analysis.repeats,
        ensemble=analysis.ensemble,
        analysis_level=analysis.level,
        aggregation=analysis.aggregation,
        missing=analysis.missing,
        threshold=describe_rule(analysis.rule) if analysis.rule else "none",
        fitted_on=analysis.fitted_on,
        conditional_on=analysis.conditional_on,
        sets=analysis.sets,
        arms=analysis.arms,
        expected=analysis.expected,
    )

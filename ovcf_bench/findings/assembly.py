"""From the study and the score table to the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ovcf_bench.findings.answer import draft_answer
from ovcf_bench.findings.case_scores import ScoreBook, open_book, refuse_two_labels
from ovcf_bench.findings.cautions import cautions, shortcut_cautions
from ovcf_bench.findings.comparisons import ArmsOfSet, compare_all_arms, compare_arms
from ovcf_bench.findings.discrimination import discriminate, no_discrimination, spread_of_networks
from ovcf_bench.findings.records import (
    ArmFindings,
    ArmRecord,
    DevelopmentFindings,
    Findings,
    Primary,
    Sentence,
    SetFindings,
    StudyRecord,
)
from ovcf_bench.findings.table1 import describe_cohort
from ovcf_bench.findings.thresholds import (
    FrozenThreshold,
    apply_threshold,
    describe_rule,
    freeze_threshold,
    threshold_rule,
)
from ovcf_bench.vocabulary import DEVELOPMENT

if TYPE_CHECKING:
    from ovcf_bench.study import Study

SCHEMA = 1
NO_ENSEMBLE = "the score table has no ensemble of it"


def build(
    study: Study,
    scores: pd.DataFrame,
    *,
    flow: Mapping[str, Any],
    cohort_table: pd.DataFrame,
    declared: Mapping[str, bool],
    failed: Sequence[Mapping[str, Any]],
) -> Findings:
    """Return everything the report prints.

    scores : the score table; flow : the participant flow as recorded; cohort_table : one row per patient
    with split, label and covariates; declared : by comparison id, whether it was recorded before its test
    scores existed; failed : units with arm, repeat, fold and reason. An arm with a failed unit has no
    ensemble; its finished networks remain. Raises StatisticsError naming the set that holds one class only,
    infinite scores, or cases with two labels.
    """
    document = study.document
    names = tuple(arm.name for arm in study.arms)
    book = open_book(scores, level=document.analysis_level, ensemble=document.ensemble, arms=names)
    failures = _failures(failed)
    thresholds = _freeze_thresholds(study, book, failures)
    sets = {
        name: _build_set(study, book, _arms_of_set(study, book, name, failures), thresholds, declared)
        for name in document.splits.tests
    }
    development = {name: _build_development(book, name) for name in names}
    declared_primary = document.primary
    primary = Primary(declared_primary.set, declared_primary.comparison) if declared_primary else None
    return Findings(
        schema=SCHEMA,
        study=_describe_study(study),
        primary=primary,
        sets=sets,
        development=development,
        flow=flow,
        table1=describe_cohort(cohort_table, (DEVELOPMENT, *document.splits.tests)),
        summary=(
            *draft_answer(primary, sets),
            *(Sentence(text) for text in shortcut_cautions(sets, development)),
        ),
        notes=cautions(document, sets, development),
    )


def _failures(failed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return by arm which of its units failed and why."""
    reasons: dict[str, list[str]] = {}
    for unit in failed:
        where = f"repeat {unit['repeat'] + 1} fold {unit['fold'] + 1} failed ({unit['reason']})"
        reasons.setdefault(str(unit["arm"]), []).append(where)
    return {arm: "; ".join(units) for arm, units in reasons.items()}


def _freeze_thresholds(study: Study, book: ScoreBook, failures: Mapping[str, str]) -> dict[str, FrozenThreshold]:
    rule = threshold_rule(study.document)
    optimistic = study.document.training.checkpoint == "best_accuracy_on_fold"
    return {
        arm.name: freeze_threshold(
            book.development_cases(arm.name), rule, optimistic=optimistic, absence=failures.get(arm.name, "")
        )
        for arm in study.arms
    }


def _build_set(
    study: Study,
    book: ScoreBook,
    arms: ArmsOfSet,
    thresholds: Mapping[str, FrozenThreshold],
    declared: Mapping[str, bool],
) -> SetFindings:
    known = _all_cases(book, arms)
    return SetFindings(
        kind="test",
        n=len(known),
        positives=int(known["label"].sum()),
        negatives=int((~known["label"]).sum()),
        patients=int(known["patient_id"].nunique()),
        arms={arm.name: _build_arm(book, arms, arm.name, known, thresholds[arm.name]) for arm in study.arms},
        comparisons=compare_arms(arms, study.comparisons, declared),
        omnibus=compare_all_arms(arms),
    )


def _arms_of_set(study: Study, book: ScoreBook, name: str, failures: Mapping[str, str]) -> ArmsOfSet:
    """Return the ensembles of a set by arm, and why the other arms have none."""
    ensembles, absent = {}, {}
    for arm in study.arms:
        cases = book.ensemble_cases(name, arm.name)
        if arm.name in failures:
            absent[arm.name] = failures[arm.name]
        elif cases.scored.empty:
            absent[arm.name] = NO_ENSEMBLE
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
    book: ScoreBook, arms: ArmsOfSet, arm: str, known: pd.DataFrame, threshold: FrozenThreshold
) -> ArmFindings:
    ensemble, absence = arms.cases.get(arm), arms.absent.get(arm, "")
    result = no_discrimination("absent", absence) if ensemble is None else discriminate(ensemble)
    scored = known.iloc[:0] if ensemble is None else ensemble.scored
    # An image of one view is no case of another view: at image level only a listed image can be missing.
    expected = known if ensemble is None or book.level != "image" else ensemble.table
    positives = int(scored["label"].sum())
    return ArmFindings(
        n=len(scored),
        positives=positives,
        negatives=len(scored) - positives,
        missing=0 if ensemble is None else len(expected) - len(scored),
        auroc=result.auroc,
        variance=result.variance,
        ci=result.ci,
        ci_method=result.ci_method,
        covers_half=result.covers_half,
        status=result.status,
        reason=result.reason,
        roc=result.roc,
        folds=spread_of_networks(book.network_cases(arms.name, arm)),
        operating_point=apply_threshold(threshold, ensemble, absence),
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


def _describe_study(study: Study) -> StudyRecord:
    document = study.document
    return StudyRecord(
        title=document.title,
        question=document.question,
        seed=document.seed,
        repeats=document.repeats,
        ensemble=document.ensemble,
        analysis_level=document.analysis_level,
        missing=document.missing,
        threshold=describe_rule(threshold_rule(document)),
        sets=tuple(document.splits.tests),
        arms=tuple(ArmRecord(arm.name, arm.views, arm.model) for arm in study.arms),
        expected=document.expected,
    )

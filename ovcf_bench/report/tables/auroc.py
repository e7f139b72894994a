"""AUROC of every arm on every set, beside the single networks that its ensemble is made of."""

from __future__ import annotations

from ovcf_bench.findings.analysis import THESE_NETWORKS
from ovcf_bench.findings.values import ArmFindings, DevelopmentFindings, Findings, FoldSpread
from ovcf_bench.report.anchors import row_id
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric, unique
from ovcf_bench.report.format import NONE, count, interval, listed, number
from ovcf_bench.vocabulary import DEVELOPMENT

_ENSEMBLES = {"mean_logit": "mean of the networks’ logits", "mean_probability": "mean of the networks’ probabilities"}
_NO_POOLING = "out-of-fold scores come from different networks and are not pooled into one curve"


def auroc_table(findings: Findings) -> Table:
    """Return the table of arms x sets, with development (out of fold) as its last group."""
    footnotes = Footnotes()
    results = [result for found in findings.sets.values() for result in found.arms.values()]
    methods = unique(result.ci_method for result in results)
    missing = any(result.missing for result in results)
    networks = any(result.folds.n for result in results)
    groups = [
        Group(
            name,
            tuple(
                Row(arm, _arm(result, footnotes, missing, methods, networks), row_id("auroc", at, position))
                for position, (arm, result) in enumerate(found.arms.items())
            ),
        )
        for at, (name, found) in enumerate(findings.sets.items())
    ]
    if networks and any(found.n for found in findings.development.values()):
        rows = tuple(Row(arm, _development(found, footnotes, missing)) for arm, found in findings.development.items())
        groups.append(Group(f"{DEVELOPMENT}, out of fold", rows))
    counts = ("Cases", "Positive", "Negative", *(["View missing"] if missing else []))
    return Table(
        id="auroc",
        caption="AUROC of every arm on every set"
        + (f", with the single {_behind(findings)} behind it." if networks else "."),
        columns=(
            Column("Arm", numeric=False),
            *numeric("AUROC", "95 % interval", *counts, spanner=_whole(findings) if networks else ""),
            *_single(findings, networks),
        ),
        groups=tuple(groups),
        notes=_notes(findings, methods),
        footnotes=footnotes.all(),
    )


def _readers(findings: Findings) -> bool:
    return any(arm.readers for arm in findings.study.arms)


def _behind(findings: Findings) -> str:
    return "readers" if _readers(findings) else "networks"


def _whole(findings: Findings) -> str:
    return "All readers" if _readers(findings) else "Fold ensemble"


def _single(findings: Findings, networks: bool) -> tuple[Column, ...]:
    """Return the columns of single networks or readers, where there are any."""
    if not networks:
        return ()
    name = _behind(findings)
    return numeric(name.capitalize(), "Mean (SD)", "Range", spanner=f"Single {name}")


def _arm(
    result: ArmFindings, footnotes: Footnotes, missing: bool, methods: list[str], networks: bool
) -> tuple[Cell, ...]:
    several = result.ci_method if len(methods) > 1 and result.ci_method else ""
    return (
        Cell(number(result.auroc), note=footnotes.letter(result.reason), strong=True),
        Cell(interval(result.ci), note=footnotes.letter(several)),
        *(Cell(count(each)) for each in (result.n, result.positives, result.negatives)),
        *([Cell(count(result.missing))] if missing else []),
        *(_spread(result.folds, footnotes) if networks else ()),
    )


def _development(found: DevelopmentFindings, footnotes: Footnotes, missing: bool) -> tuple[Cell, ...]:
    return (
        Cell(NONE, note=footnotes.letter(_NO_POOLING)),
        Cell(NONE),
        *(Cell(count(each)) for each in (found.n, found.positives, found.negatives)),
        *([Cell(NONE)] if missing else []),
        *_spread(found.folds, footnotes),
    )


def _spread(folds: FoldSpread, footnotes: Footnotes) -> tuple[Cell, ...]:
    sd = f" ({number(folds.sd)})" if folds.sd is not None else ""
    extremes = NONE if folds.min is None or folds.max is None else f"{number(folds.min)} to {number(folds.max)}"
    return (
        Cell(count(folds.n)),
        Cell(f"{number(folds.mean)}{sd}", note=footnotes.letter(folds.reason)),
        Cell(extremes),
    )


def _notes(findings: Findings, methods: list[str]) -> tuple[str, ...]:
    study = findings.study
    ensemble = _ENSEMBLES.get(study.ensemble, study.ensemble)
    several = ", with the highest score of its images" if study.aggregation == "max" else ""
    notes = [f"One case is one {study.analysis_level}{several}. Fold ensemble: {ensemble}."]
    if study.conditional_on != THESE_NETWORKS:
        notes = ["One case is one row of the scores."]
    if len(methods) == 1:
        notes.append(f"Intervals: {listed(methods)}.")
    return tuple(notes)

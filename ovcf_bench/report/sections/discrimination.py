"""How well each arm tells the classes apart: AUROC, ROC curves with every threshold, precision and recall."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.analysis import THESE_NETWORKS
from ovcf_bench.findings.values import ArmFindings, DevelopmentFindings, Findings, FoldSpread, SetFindings
from ovcf_bench.report.kit.blocks import Block, Explorer, ExplorerSet, Figure, Paragraph, Section, present
from ovcf_bench.report.kit.by_set import all_arms, figure_by_set, plots_by_set, row_id
from ovcf_bench.report.kit.csv import CsvCell, as_csv
from ovcf_bench.report.kit.forest import COLUMNS, ForestGroup, forest, forest_row, forest_values
from ovcf_bench.report.kit.plot import SQUARE, UNIT, Plot, Series, arm_style, x_axis, y_axis
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, numeric, textual, unique, valued_pair
from ovcf_bench.report.read import RunRecords
from ovcf_bench.vocabulary import DEVELOPMENT
from ovcf_bench.wording import NONE, count, interval, joined, number, with_interval


def discrimination(run: RunRecords) -> Section:
    """Return the section."""
    findings = run.findings
    blocks = present(
        auroc_table(findings),
        _forest(findings),
        *_roc(findings),
        _precision_recall(findings),
        curves_table(findings),
    )
    return Section("discrimination", "Discrimination", blocks)


def _forest(findings: Findings) -> Figure | None:
    groups = [
        ForestGroup(
            name,
            tuple(
                forest_row(arm, result.auroc, result.ci, arm_style(position))
                for position, (arm, result) in enumerate(found.arms.items())
            ),
        )
        for name, found in findings.sets.items()
    ]
    drawn = forest("auroc-forest-0", "AUROC by set and arm", "AUROC", groups, bounds=(0.0, 1.0))
    if drawn is None:
        return None
    data = as_csv(COLUMNS, forest_values(groups, 0))
    return Figure("auroc-forest", "AUROC with 95 % intervals, every arm on every set.", (drawn,), data=data)


def _roc(findings: Findings) -> Iterator[Block | None]:
    drawn = plots_by_set(findings, roc_plot)
    if not drawn:
        yield Paragraph("No arm has an ensemble to draw a ROC curve of.")
        return
    bands = {each.curve.band.method for name in drawn for each in findings.sets[name].arms.values() if each.curve.band}
    caption = "ROC curves, one panel per test set. Marks: the operating points."
    if bands and any(one.area for plot in drawn.values() for one in plot.series):
        caption += f" Bands: pointwise 95 % ({joined(sorted(bands))})."
    yield figure_by_set("roc-curves", caption, findings, drawn, ROC_VALUES, _roc_values)
    yield _explorer(findings, tuple(drawn))


def _explorer(findings: Findings, names: tuple[str, ...]) -> Explorer:
    sets = []
    for name in names:
        arms = {arm: result for arm, result in findings.sets[name].arms.items() if result.roc is not None}
        thresholds = {arm: result.operating_point.threshold for arm, result in arms.items()}
        sizes = {arm: (result.positives, result.negatives) for arm, result in arms.items()}
        sets.append(ExplorerSet(name, thresholds, sizes))
    achieved = (result.operating_point.achieved for result in all_arms(findings))
    prevalences = {each.prevalence for point in achieved if point is not None for each in point.at_prevalence}
    return Explorer("thresholds", "roc-curves", tuple(sets), tuple(sorted(prevalences)))


def _precision_recall(findings: Findings) -> Figure | None:
    drawn = plots_by_set(findings, precision_recall_plot)
    caption = "Precision against recall, at the prevalence of each set; the level line is a score that knows nothing."
    return figure_by_set("precision-recall", caption, findings, drawn, PR_VALUES, precision_recall_values)


_ENSEMBLES = {"mean_logit": "mean of the networks’ logits", "mean_probability": "mean of the networks’ probabilities"}
_NO_POOLING = "out-of-fold scores come from different networks and are not pooled into one curve"


def auroc_table(findings: Findings) -> Table:
    """Return the table of arms x sets, with development (out of fold) as its last group."""
    footnotes = Footnotes()
    results = all_arms(findings)
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
    single, whole = _behind(findings)
    of_single = numeric(single.capitalize(), "Mean (SD)", "Range", spanner=f"Single {single}")
    return Table(
        id="auroc",
        caption="AUROC of every arm on every set" + (f", with the single {single} behind it." if networks else "."),
        columns=(
            *textual("Arm"),
            *numeric("AUROC", "95 % interval", *counts, spanner=whole if networks else ""),
            *(of_single if networks else ()),
        ),
        groups=tuple(groups),
        notes=_notes(findings, methods),
        footnotes=footnotes.all(),
    )


def _behind(findings: Findings) -> tuple[str, str]:
    """Return what stands behind the score of an arm, and what that score is called."""
    readers = any(arm.readers for arm in findings.study.arms)
    return ("readers", "All readers") if readers else ("networks", "Fold ensemble")


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
        notes.append(f"Intervals: {joined(methods)}.")
    return tuple(notes)


def curves_table(findings: Findings) -> Table | None:
    """Return the table; nothing when no arm has a curve."""
    footnotes = Footnotes()
    groups = [
        Group(
            name,
            tuple(
                Row(
                    arm,
                    (
                        *valued_pair(result.curve.partial, footnotes),
                        *valued_pair(result.curve.average_precision, footnotes),
                        Cell(number(result.positives / result.n if result.n else None, 2)),
                    ),
                )
                for arm, result in found.arms.items()
            ),
        )
        for name, found in findings.sets.items()
    ]
    curves = [result.curve for result in all_arms(findings)]
    if all(each.partial.value is None for each in curves):
        return None
    methods = unique(each.ci_method for curve in curves for each in (curve.partial, curve.average_precision))
    notes = ["Partial AUROC: specificity .9 to 1, standardised after McClish (chance .5)."]
    notes += [f"Intervals: {joined(methods)}."] if methods else []
    return Table(
        id="curves",
        caption="Beside the AUROC: the part of high specificity, and average precision at the prevalence of each set.",
        columns=(
            *textual("Arm"),
            *numeric("Partial AUROC", "95 % interval", "Average precision", "95 % interval", "Prevalence"),
        ),
        groups=tuple(groups),
        notes=tuple(notes),
        footnotes=footnotes.all(),
    )


MOST_BANDS = 3  # arms; more bands than that hide each other
ROC_VALUES = (
    "1 - specificity",
    "sensitivity",
    "threshold",
    "true positives",
    "false positives",
    "band low",
    "band high",
)


def roc_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm has a curve."""
    series = tuple(_curves(found))
    if not series:
        return None
    said = "; ".join(f"{one.label}, {one.detail}" for one in series)
    return Plot(
        id=f"roc-{position}",
        title=name,
        text=f"ROC curves on {name}, sensitivity against 1 − specificity. {said}.",
        frame=SQUARE,
        x=x_axis("1 − specificity", SQUARE, UNIT),
        y=y_axis("Sensitivity", SQUARE, UNIT),
        series=series,
        chance=True,
    )


def _roc_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of the curves of a set, and the limits of their bands at points of their own."""
    for arm, result in found.arms.items():
        if result.roc is None:
            continue
        counts = zip(result.roc.threshold, result.roc.tp, result.roc.fp, strict=True)
        for threshold, tp, fp in counts:
            yield position, arm, fp / result.negatives, tp / result.positives, threshold, tp, fp, None, None
        band = result.curve.band
        for at, low, high in zip(band.at, band.low, band.high, strict=True) if band else ():
            yield position, arm, at, None, None, None, None, low, high


def _curves(found: SetFindings) -> Iterator[Series]:
    drawn = [result for result in found.arms.values() if result.roc is not None]
    for position, (arm, result) in enumerate(found.arms.items()):
        if result.roc is None or not result.positives or not result.negatives:
            continue
        counts = zip(result.roc.fp, result.roc.tp, strict=True)
        points = [(fp / result.negatives, tp / result.positives) for fp, tp in counts]
        achieved = result.operating_point.achieved
        mark = (achieved.fp / result.negatives, achieved.tp / result.positives) if achieved else None
        band = result.curve.band if len(drawn) <= MOST_BANDS else None
        yield Series(
            label=arm,
            style=arm_style(position),
            path=SQUARE.path(points),
            detail=_roc_detail(result),
            marks=((SQUARE.x(mark[0]), SQUARE.y(mark[1])),) if mark else (),
            area=SQUARE.area([*zip(band.at, band.high, strict=True)], [*zip(band.at, band.low, strict=True)])
            if band
            else "",
        )


def _roc_detail(result: ArmFindings) -> str:
    parts = [f"AUROC {with_interval(result.auroc, result.ci)}"]
    if result.operating_point.achieved:
        point = result.operating_point.achieved
        rates = [f"sensitivity {number(point.sensitivity.value)}", f"specificity {number(point.specificity.value)}"]
        parts.append(f"frozen point: {joined(rates)}")
    return "; ".join(parts)


PR_VALUES = ("recall", "precision", "threshold")


def precision_recall_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm has a curve. The guide, the prevalence, is chance."""
    series = tuple(
        Series(arm, arm_style(at), SQUARE.path([(x, y) for x, y, _ in _points(result)]), _pr_detail(result))
        for at, (arm, result) in enumerate(found.arms.items())
        if result.roc is not None and result.positives
    )
    if not series or not found.n:
        return None
    chance = SQUARE.path([(0, found.positives / found.n), (1, found.positives / found.n)])
    said = "; ".join(f"{one.label}, {one.detail}" for one in series)
    return Plot(
        id=f"precision-recall-{position}",
        title=f"{name} (prevalence {number(found.positives / found.n, 2)})",
        text=f"Precision against recall on {name}. {said}.",
        frame=SQUARE,
        x=x_axis("Recall (sensitivity)", SQUARE, UNIT),
        y=y_axis("Precision (PPV)", SQUARE, UNIT),
        series=series,
        guides=(chance,),
    )


def precision_recall_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of the curves of a set."""
    for arm, result in found.arms.items():
        if result.roc is not None and result.positives:
            yield from ((position, arm, *point) for point in _points(result))


def _points(result: ArmFindings) -> Iterator[tuple[float, float, float | None]]:
    """Yield (recall, precision, threshold); where nothing is called positive there is no precision."""
    roc = result.roc
    assert roc is not None
    for threshold, tp, fp in zip(roc.threshold, roc.tp, roc.fp, strict=True):
        if tp + fp:
            yield tp / result.positives, tp / (tp + fp), threshold


def _pr_detail(result: ArmFindings) -> str:
    found = result.curve.average_precision
    return f"average precision {with_interval(found.value, found.ci)}"

"""Scores read as probabilities: calibration and clinical utility."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import (
    Calibration,
    CalibrationCurve,
    Findings,
    NetBenefit,
    NetBenefitDifference,
    SetFindings,
)
from ovcf_bench.report.kit.blocks import Figure, Section, present
from ovcf_bench.report.kit.by_set import all_arms, all_comparisons, figure_by_set, plots_by_set
from ovcf_bench.report.kit.csv import CsvCell, as_csv
from ovcf_bench.report.kit.plot import SQUARE, UNIT, Frame, Plot, Series, Style, arm_style, nice_ticks, x_axis, y_axis
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, numeric, textual, unique, valued
from ovcf_bench.report.read import RunRecords
from ovcf_bench.wording import count, interval, joined, minus, number, p_value, signed


def probabilities(run: RunRecords) -> Section:
    """Return the section; empty when no arm gives probabilities."""
    findings = run.findings
    table = calibration_table(findings)
    if table is None:
        return Section("probabilities", "Scores as probabilities", ())
    blocks = present(
        table,
        _calibration(findings),
        _histograms(findings),
        _net_benefit(findings),
        net_benefit_table(findings),
    )
    return Section("probabilities", "Scores as probabilities", blocks)


def probability_sentences(findings: Findings) -> Iterator[str]:
    """Yield what the methods text says of probabilities; nothing when no arm gives any."""
    figures = _figures(findings)
    if figures:
        yield (
            "Calibration was judged by logistic slope and intercept, the Brier score, and the integrated calibration "
            "index [AustinSteyerberg2019], clinical utility by net benefit [VickersElkin2006]."
        )
    prevalences = sorted({each.prevalence for each in figures if each.prevalence is not None})
    if prevalences:
        at = joined([f"{each:g}" for each in prevalences])
        yield f"Figures that depend on prevalence are given at {at} as well, by re-weighting [Mercaldo2007]."


def _figures(findings: Findings) -> list[Calibration]:
    """Return the calibration of every arm on every set, at every prevalence."""
    return [each for arm in all_arms(findings) for each in arm.calibration.figures]


def _calibration(findings: Findings) -> Figure | None:
    drawn = plots_by_set(findings, calibration_plot)
    caption = (
        "Calibration at the prevalence of each set: lines are smoothed (lowess), dots are tenths of the cases with "
        "Wilson intervals, the diagonal is perfect."
    )
    return figure_by_set("calibration-curves", caption, findings, drawn, CALIBRATION_COLUMNS, calibration_values)


def _histograms(findings: Findings) -> Figure | None:
    panels: list[Plot] = []
    rows: list[tuple[CsvCell, ...]] = []
    for at, (name, found) in enumerate(findings.sets.items()):
        rows += histogram_values(found, len(panels))
        panels += histogram_plots(name, found, at)
    caption = "How many cases of each class have which probability."
    return Figure("histograms", caption, tuple(panels), data=as_csv(BAR_COLUMNS, rows)) if panels else None


def _net_benefit(findings: Findings) -> Figure | None:
    drawn = plots_by_set(findings, net_benefit_plot)
    caption = "Net benefit (Vickers and Elkin 2006) at the prevalence of each set. Treating nobody is the axis."
    return figure_by_set("net-benefit", caption, findings, drawn, BENEFIT_COLUMNS, net_benefit_values)


_SHOWN = (0.1, 0.2, 0.3, 0.5)  # threshold probabilities of the table; every one stands in the records
_FIGURES = ("slope", "intercept", "brier", "ece", "ici")


def calibration_table(findings: Findings) -> Table | None:
    """Return the calibration of every arm on every set; nothing when no arm gives probabilities."""
    footnotes = Footnotes()
    groups = []
    for name, found in findings.sets.items():
        rows = []
        for arm, result in found.arms.items():
            z = result.calibration.spiegelhalter_p
            rows += [_row(arm, each, z, footnotes) for each in result.calibration.figures]
        if rows:
            groups.append(Group(name, tuple(rows)))
    if not groups:
        return None
    methods = unique(getattr(each, name).ci_method for each in _figures(findings) for name in _FIGURES)
    return Table(
        id="calibration",
        caption="Calibration: perfect is a slope of 1, an intercept of 0, and the rest small.",
        columns=(
            *textual("Arm"),
            *numeric("Slope", "Intercept", "Brier", "ECE (10 bins)", "ICI", "p (Spiegelhalter)"),
        ),
        groups=tuple(groups),
        notes=(f"Beneath each value: 95 % interval ({joined(methods)}).",) if methods else (),
        footnotes=footnotes.all(),
    )


def net_benefit_table(findings: Findings) -> Table | None:
    """Return the paired differences of net benefit at a few threshold probabilities."""
    groups = [
        Group(minus(one.a, one.b) + place, tuple(_benefits(one.net_benefit)))
        for place, one in all_comparisons(findings)
        if one.net_benefit is not None
    ]
    if not groups:
        return None
    return Table(
        id="net-benefit-differences",
        caption="Differences of net benefit, on the same cases, at the prevalence of each set.",
        columns=(*textual("Threshold probability"), *numeric("Difference", "95 % interval")),
        groups=tuple(groups),
    )


def _benefits(found: NetBenefitDifference) -> Iterator[Row]:
    for at, threshold in enumerate(found.thresholds):
        if threshold in _SHOWN:
            cells = (Cell(signed(found.difference[at])), Cell(interval(found.ci[at], sign=True)))
            yield Row(number(threshold, 1), cells)


def _row(arm: str, one: Calibration, spiegelhalter: float | None, footnotes: Footnotes) -> Row:
    at = "study prevalence" if one.prevalence is None else f"prevalence {one.prevalence:g}"
    last = spiegelhalter if one.prevalence is None else None
    cells = tuple(valued(getattr(one, name), footnotes) for name in _FIGURES)
    return Row(f"{arm}, {at}", (*cells, Cell(p_value(last))))


_BARS = Frame(430, 150, bottom=40)
CALIBRATION_COLUMNS = ("probability", "share of positives", "low", "high", "cases")
BAR_COLUMNS = ("probability from", "cases")


def calibration_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm gives probabilities."""
    curves = _curves(found)
    if not curves:
        return None
    series = tuple(_series(arm, curve, at) for at, arm, curve in curves)
    said = "; ".join(f"{arm}: {_calibration_words(curve)}" for _, arm, curve in curves)
    return Plot(
        id=f"calibration-{position}",
        title=name,
        text=f"Share of positives against probability on {name}; the diagonal is perfect. {said}.",
        frame=SQUARE,
        x=x_axis("Probability", SQUARE, UNIT),
        y=y_axis("Share of positives", SQUARE, UNIT),
        series=series,
        chance=True,
    )


def calibration_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the groups with their intervals."""
    for _, arm, curve in _curves(found):
        for each in curve.bins:
            yield position, arm, each.predicted, each.observed, each.ci[0], each.ci[1], each.n


def histogram_plots(name: str, found: SetFindings, position: int) -> Iterator[Plot]:
    """Yield, for each arm, how many cases of each class have which probability."""
    for at, arm, curve in _curves(found):
        ticks = nice_ticks(max(max(pair) for pair in curve.histogram), 2)
        width = 1 / len(curve.histogram)
        series = tuple(
            Series(
                label=label,
                style=style,
                bars="".join(
                    _bar(left * width + shift * width / 2, width / 2, pair[place] / ticks[-1])
                    for left, pair in enumerate(curve.histogram)
                    if pair[place]
                ),
            )
            for place, (label, style, shift) in enumerate((("negative", Style(5, 0), 0), ("positive", Style(1, 0), 1)))
        )
        yield Plot(
            id=f"histogram-{position}-{at}",
            title=f"{arm}, {name}",
            text=f"Probabilities of {arm} on {name}: {_bars(curve)}.",
            frame=_BARS,
            x=x_axis("Probability", _BARS, UNIT),
            y=y_axis("Cases", _BARS, ticks),
            series=series,
        )


def histogram_values(found: SetFindings, panel: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the bars of the arms of a set, whose first panel is number `panel`."""
    for number_of, (_, _arm, curve) in enumerate(_curves(found)):
        width = 1 / len(curve.histogram)
        for place, label in enumerate(("negative", "positive")):
            for at, pair in enumerate(curve.histogram):
                yield panel + number_of, label, (at + 0.25 + place / 2) * width, pair[place]


def _bar(left: float, width: float, height: float) -> str:
    return _BARS.area([(left, height), (left + width, height)], [(left, 0), (left + width, 0)])


def _curves(found: SetFindings) -> list[tuple[int, str, CalibrationCurve]]:
    return [
        (at, arm, result.calibration.curve)
        for at, (arm, result) in enumerate(found.arms.items())
        if result.calibration.curve is not None
    ]


def _series(arm: str, curve: CalibrationCurve, at: int) -> Series:
    smooth = list(zip(curve.predicted, curve.observed, strict=True))
    return Series(
        label=arm,
        style=arm_style(at),
        path=SQUARE.path(smooth) if smooth else "",
        dots=tuple((SQUARE.x(each.predicted), SQUARE.y(each.observed)) for each in curve.bins),
        whiskers=SQUARE.whiskers([(each.predicted, *each.ci) for each in curve.bins]),
    )


def _calibration_words(curve: CalibrationCurve) -> str:
    return ", ".join(
        f"{number(each.observed, 2)} at {number(each.predicted, 2)} ({count(each.n)} cases)" for each in curve.bins
    )


def _bars(curve: CalibrationCurve) -> str:
    halves = len(curve.histogram) // 2
    sums = [
        [sum(pair[place] for pair in part) for place in (0, 1)]
        for part in (curve.histogram[:halves], curve.histogram[halves:])
    ]
    return (
        f"below .5 {count(sums[0][0])} negatives and {count(sums[0][1])} positives, "
        f"from .5 {count(sums[1][0])} negatives and {count(sums[1][1])} positives"
    )


_BENEFIT_FRAME = Frame(430, 330)
_AT = (0.1, 0.3, 0.5)
BENEFIT_COLUMNS = ("threshold probability", "net benefit", "of treating all")


def net_benefit_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set at its own prevalence; nothing when no arm gives probabilities."""
    curves = {
        arm: result.calibration.net_benefit[0] for arm, result in found.arms.items() if result.calibration.net_benefit
    }
    if not curves:
        return None
    first = next(iter(curves.values()))
    ticks = nice_ticks(max(max(first.treat_all), *(max(each.model) for each in curves.values())))
    series = [_line(arm, each.thresholds, each.model, ticks[-1], arm_style(at)) for at, (arm, each) in
              enumerate(curves.items())]  # fmt: skip
    everybody = _line("treat all", first.thresholds, first.treat_all, ticks[-1], Style(7, 2))
    return Plot(
        id=f"net-benefit-{position}",
        title=f"{name} (prevalence {found.positives / found.n:.2f})" if found.n else name,
        text=f"Net benefit on {name}. {'; '.join(_benefit_words(arm, each) for arm, each in curves.items())}.",
        frame=_BENEFIT_FRAME,
        x=x_axis("Threshold probability", _BENEFIT_FRAME, [each / 4 for each in range(5)]),
        y=y_axis("Net benefit", _BENEFIT_FRAME, ticks),
        series=(*series, everybody),
    )


def net_benefit_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of the curves of a set, below 0 too."""
    for arm, result in found.arms.items():
        for curve in result.calibration.net_benefit[:1]:
            points = zip(curve.thresholds, curve.model, curve.treat_all, strict=True)
            yield from ((position, arm, threshold, value, treat_all) for threshold, value, treat_all in points)


def _line(label: str, thresholds: tuple[float, ...], values: tuple[float, ...], top: float, style: Style) -> Series:
    """Return the curve above 0: treating nobody, the axis itself, is better than anything below it."""
    points = [(threshold, max(value, 0.0) / top) for threshold, value in zip(thresholds, values, strict=True)]
    return Series(label=label, style=style, path=_BENEFIT_FRAME.path(points))


def _benefit_words(arm: str, curve: NetBenefit) -> str:
    near = [min(range(len(curve.thresholds)), key=lambda at: abs(curve.thresholds[at] - wanted)) for wanted in _AT]
    told = ", ".join(f"{number(curve.model[at])} at {number(curve.thresholds[at], 2)}" for at in near)
    return f"{arm}: {told}"

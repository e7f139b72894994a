"""The page of a planned comparison: its power by sample size."""

from __future__ import annotations

from collections.abc import Sequence

import ovcf_bench
from ovcf_bench.report.kit.blocks import Column, Figure, Group, Row, Section, Table, cells, numeric
from ovcf_bench.report.kit.plot import Axis, Frame, Plot, Series, Style, Tick
from ovcf_bench.report.kit.ticks import nice_ticks
from ovcf_bench.report.page import Page
from ovcf_bench.report.render import render
from ovcf_bench.stats.power import CurvePoint
from ovcf_bench.wording import count, per_cent

_FRAME = Frame(560, 330, left=64, right=24)


def power_page(sentence: str, curve: Sequence[CurvePoint], wanted: float) -> str:
    """Return the page as HTML. curve : power at rising sizes; wanted : the power that is marked by a line."""
    rows = tuple(
        Row(count(each.patients), cells(count(each.positives), count(each.negatives), per_cent(each.power)))
        for each in curve
    )
    columns = (Column("Patients", numeric=False), *numeric("Positive", "Negative", "Power"))
    table = Table("power", "Power by sample size.", columns, (Group("", rows),), label="Table 1")
    figure = Figure("power-curve", "Power by number of patients.", (_plot(curve, wanted),), label="Figure 1")
    return render(
        Page(
            title="Power of a planned comparison",
            question="How many patients does the comparison need?",
            answer=(((sentence, ""),),),
            notices=(),
            sections=(Section("power-by-size", "Power by sample size", (figure, table)),),
            version=ovcf_bench.__version__,
            kicker="Planning",
            source=" from the sentence above: expected AUROCs, correlation and claim, and no data.",
        )
    )


def _plot(curve: Sequence[CurvePoint], wanted: float) -> Plot:
    ticks = nice_ticks(max(each.patients for each in curve))
    points = [(each.patients / ticks[-1], each.power) for each in curve]
    dots = tuple((_FRAME.x(x), _FRAME.y(y)) for x, y in points)
    told = "; ".join(f"{per_cent(each.power)} with {count(each.patients)}" for each in curve)
    return Plot(
        id="power-0",
        title="",
        text=f"Power by number of patients: {told}.",
        frame=_FRAME,
        x=Axis(
            "Patients", tuple(Tick(_FRAME.x(each / ticks[-1]), count(round(each))) for each in ticks), high=ticks[-1]
        ),
        y=Axis("Power", tuple(Tick(_FRAME.y(each / 4), f"{each * 25} %") for each in range(5))),
        series=(
            Series("power", Style(0, 0), _FRAME.path(points), dots=dots),
            Series(f"wanted: {per_cent(wanted)}", Style(7, 2), _FRAME.path([(0, wanted), (1, wanted)])),
        ),
    )

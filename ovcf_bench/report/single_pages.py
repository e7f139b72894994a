"""Pages that are no report of a run: the power of a planned comparison, the contact sheet of a study."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import ovcf_bench
from ovcf_bench.records import ContactSheet, ShownImage
from ovcf_bench.report.kit.blocks import Block, Figure, Paragraph, Picture, Pictures, Section
from ovcf_bench.report.kit.plot import Axis, Frame, Plot, Series, Style, Tick, nice_ticks
from ovcf_bench.report.kit.table import Group, Row, Table, cells, numeric, textual
from ovcf_bench.report.notices import Notice
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
    columns = (*textual("Patients"), *numeric("Positive", "Negative", "Power"))
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


_LABELS = {0: "negative", 1: "positive"}
_HEIGHT, _BAR = 40, 5  # of the histogram and of one of its bars, in pixels


def preview_page(title: str, sheet: ContactSheet) -> str:
    """Return the page as HTML, pictures inside."""
    pairs: list[Block] = [
        Pictures(f"pair-{n}", words, (_picture("first", first), _picture("second", second)))
        for n, (words, first, second) in enumerate(sheet.alike)
    ]
    groups: dict[tuple[str, int, str], list[ShownImage]] = {}
    for image in sheet.images:
        groups.setdefault((image.split, image.label, image.view), []).append(image)
    sections = [Section("alike", "Images that look alike", tuple(pairs or [Paragraph("No two patients' images do.")]))]
    for n, ((split, label, view), images) in enumerate(groups.items()):
        blocks = tuple(_shown(f"{n}-{number}", image) for number, image in enumerate(images))
        sections.append(Section(f"group-{n}", f"{split}, {_LABELS[label]}, {view}", blocks))
    return render(
        Page(
            title=title,
            question="What do the images look like, and what do networks get of them?",
            answer=(((f"{len(sheet.images)} images, drawn at random from every split, class and view.", ""),),),
            notices=(Notice("Pictures of patients", "Keep this page where the images themselves may be.", grave=True),),
            sections=tuple(sections),
            version=ovcf_bench.__version__,
            kicker="Contact sheet",
            source=" from the images of the study.",
        )
    )


def _shown(name: str, image: ShownImage) -> Pictures:
    words = "; ".join(f"{fact}: {value}" for fact, value in image.facts)
    pictures = tuple(_picture(caption, png) for caption, png in image.pictures)
    return Pictures(f"image-{name}", words, pictures, _bars(image.histogram))


def _picture(caption: str, png: bytes) -> Picture:
    return Picture(caption, f"data:image/png;base64,{base64.b64encode(png).decode()}")


def _bars(histogram: tuple[int, ...]) -> str:
    """Return the histogram as the path of its bars, `_HEIGHT` tall."""
    highest = max(histogram, default=0) or 1
    heights = [round(_HEIGHT * n / highest, 1) for n in histogram]
    return "".join(f"M{_BAR * n} {_HEIGHT}v{-height}h{_BAR - 1}v{height}z" for n, height in enumerate(heights))

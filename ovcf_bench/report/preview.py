"""The contact sheet as a page: for the eyes of those who have the images."""

from __future__ import annotations

import base64

import ovcf_bench
from ovcf_bench.records import ContactSheet, ShownImage
from ovcf_bench.report.kit.blocks import Block, Paragraph, Picture, Pictures, Section
from ovcf_bench.report.notices import Notice
from ovcf_bench.report.page import Page
from ovcf_bench.report.render import render

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

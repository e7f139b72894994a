"""A drawing of the page as a file of its own: SVG, and from it PDF and PNG at the widths of journal columns."""

from __future__ import annotations

import re
import textwrap
from functools import cache
from html import escape

from ovcf_bench.report.kit.blocks import Panel
from ovcf_bench.report.kit.plot import Plot, Series
from ovcf_bench.report.render import templates

SINGLE_MM, DOUBLE_MM = 84.0, 174.0  # widths of one and of two columns
_DPI, _MM = 300, 25.4
_TITLE, _LINE, _LETTER = 28, 18, 6.4  # height of the title, of a line of the legend; mean width of a letter
_SWATCH = 46


def standalone_svg(panel: Panel) -> str:
    """Return the drawing with title, legend and literal colours of the light page, on white."""
    drawn = templates().get_template(panel.template).render(panel=panel)
    found = re.search(r'<svg class="([\w -]+)" viewBox="0 0 (\d+) (\d+)"[^>]*>(.*?)</svg>', drawn, re.S)
    assert found is not None, "every panel is drawn as one svg"
    kind, width, height, inside = found[1], int(found[2]), int(found[3]), found[4]
    legend, below = _legend(panel, width, height)
    whole = _TITLE + height + below
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" width="{width}" height="{whole}" '
        f'viewBox="0 {-_TITLE} {width} {whole}">\n<style>{_style()}</style>\n'
        f'<rect x="0" y="{-_TITLE}" width="{width}" height="{whole}" style="fill:#fff;stroke:none"/>\n'
        f'<text x="2" y="-12" style="font-weight:600">{escape(textwrap.shorten(panel.title, width // 7))}</text>\n'
        f"{inside}{legend}</svg>\n"
    )


def pdf(svg: str, width_mm: float) -> bytes:
    """Return the drawing as PDF of this width; lines and letters stay vectors."""
    import vl_convert

    width, height = (int(each) for each in re.findall(r' (?:width|height)="(\d+)"', svg)[:2])
    sized = svg.replace(f'width="{width}" height="{height}"', _in_points(width_mm, height / width), 1)
    return bytes(vl_convert.svg_to_pdf(sized))


def _in_points(width_mm: float, tall: float) -> str:
    """Return the attributes of this width; the converter takes a pixel for a point."""
    width = width_mm / _MM * 72
    return f'width="{width:.3f}" height="{width * tall:.3f}"'


def png(svg: str, width_mm: float) -> bytes:
    """Return the drawing as PNG of this width at 300 dpi."""
    import vl_convert

    pixels = width_mm / _MM * _DPI
    return bytes(vl_convert.svg_to_png(svg, scale=pixels / _width(svg) * 72 / _DPI, ppi=_DPI))


def _width(svg: str) -> int:
    found = re.search(r' width="(\d+)"', svg)
    assert found is not None, "the drawing says how wide it is"
    return int(found[1])


def _legend(panel: Panel, width: int, height: int) -> tuple[str, int]:
    """Return the legend beneath a plot and how high it is."""
    if not isinstance(panel, Plot):
        return "", 0
    parts, y = [], height + _LINE
    for one in panel.series:
        words = f"{one.label} {one.detail}".strip()
        lines = textwrap.wrap(words, int((width - _SWATCH) / _LETTER)) or [""]
        parts.append(f'<g transform="translate(6 {y - 11})">{_swatch(one)}</g>')
        for line in lines:
            parts.append(f'<text x="{_SWATCH}" y="{y}">{escape(line)}</text>')
            y += _LINE
    return "\n".join(parts), y - height


def _swatch(one: Series) -> str:
    style = one.style.classes
    parts = [f'<path class="line {style}" d="M1 7H31"/>'] if one.path else []
    parts += [f'<path class="bar {style}" d="M9 1h14v12h-14z"/>'] if one.bars else []
    if one.cloud:
        shape = " square" if one.square else ""
        parts.append(f'<path class="cloud{shape} {style}" d="M8 7h0M16 7h0M24 7h0"/>')
    parts += [f'<path class="mark {style}" transform="translate(16 7)" d="{one.style.sign}"/>'] if one.marks else []
    return "".join(parts)


@cache
def _style() -> str:
    """Return the rules of drawings with every variable replaced by its value on the light page."""
    loader = templates().loader
    assert loader is not None, "templates are loaded from the package"
    page, rules = (loader.get_source(templates(), name)[0] for name in ("style.css", "drawing.css"))
    values = dict(re.findall(r"--([\w]+): ([^;]+);", page[: page.index("@media")]))
    return re.sub(r"var\(--(\w+)\)", lambda found: values[found[1]].replace('"', "'"), rules).replace("\n", " ")

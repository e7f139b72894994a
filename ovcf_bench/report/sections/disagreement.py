"""Where the views disagree: scores against each other, agreement, fusion, and the exams themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.report.blocks import Block, Figure, GalleryBlock, Paragraph, Section, Shown
from ovcf_bench.report.figures.plot import Plot
from ovcf_bench.report.figures.scores import COLUMNS, score_plot, score_values
from ovcf_bench.report.figures.values import CsvCell, as_csv
from ovcf_bench.report.format import number
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.agreement import KINDS, agreement_table, discordant_table, fused_table

_LEFT_OUT = "Pictures are left out: the study says `report.images: none`, or the images were not at hand."


def disagreement(run: RunRecords) -> Section:
    """Return the section; empty when no comparison has pairs."""
    made = (agreement_table(run.findings), fused_table(run.findings))
    blocks: list[Block] = [*_scores(run), *(each for each in made if each is not None)]
    if run.findings.gallery is not None and run.findings.gallery.exams:
        blocks += [discordant_table(run.findings.gallery), *_galleries(run)]
    return Section("disagreement", "Where the views disagree", tuple(blocks))


def _scores(run: RunRecords) -> Iterator[Figure]:
    panels: list[Plot] = []
    rows: list[tuple[CsvCell, ...]] = []
    for name, found in run.findings.sets.items():
        for one in found.comparisons:
            plot = score_plot(name, one, len(panels))
            if plot is not None:
                rows += list(score_values(one, len(panels)))
                panels.append(plot)
    if panels:
        caption = "Scores of both arms for the same cases. Lines: the thresholds, which divide the calls."
        yield Figure("scores", caption, tuple(panels), data=as_csv(COLUMNS, rows))


def _galleries(run: RunRecords) -> Iterator[Block]:
    gallery, pictures = run.findings.gallery, run.gallery
    if gallery is None:
        return
    if pictures is None:
        yield Paragraph(_LEFT_OUT)
        return
    by_exam: dict[str, list[Shown]] = {}
    for each in pictures.images:
        by_exam.setdefault(each.exam, []).append(Shown(each.view, each.picture, each.saliency, each.lesions))
    for kind, head in KINDS.items():
        exams = [each for each in gallery.exams if each.kind == kind and each.exam in by_exam]
        if exams:
            words = [
                (
                    f"{'Positive' if each.label else 'Negative'}. {gallery.a}: {number(each.score_a)}, "
                    f"{'right' if each.right_a else 'wrong'}. {gallery.b}: {number(each.score_b)}, "
                    f"{'right' if each.right_b else 'wrong'}."
                )
                for each in exams
            ]
            shown = tuple((text, tuple(by_exam[each.exam])) for text, each in zip(words, exams, strict=True))
            yield GalleryBlock(f"gallery-{kind}", f"{head}, {gallery.set}.", shown, pictures.method)

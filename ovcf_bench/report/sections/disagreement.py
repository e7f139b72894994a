"""Where the views disagree: scores against each other, agreement, fusion, and the exams themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovcf_bench.findings.values import Agreement, ComparisonFindings, Decisions, Findings, Fused, Gallery, ShownExam
from ovcf_bench.report.kit.blocks import Block, Figure, GalleryBlock, Paragraph, Section, Shown, present
from ovcf_bench.report.kit.by_set import all_comparisons
from ovcf_bench.report.kit.csv import CsvCell, as_csv
from ovcf_bench.report.kit.plot import SQUARE, UNIT, Axis, Plot, Series, Style, span_ticks, x_axis, y_axis
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, cells, numeric, textual, valued, valued_pair
from ovcf_bench.report.read import RunRecords
from ovcf_bench.wording import NONE, count, interval, number

_LEFT_OUT = "Pictures are left out: the study says `report.images: none`, or the images were not at hand."


def disagreement(run: RunRecords) -> Section:
    """Return the section; empty when no comparison has pairs."""
    blocks = present(_scores(run.findings), agreement_table(run.findings), fused_table(run.findings), *_shown(run))
    return Section("disagreement", "Where the views disagree", blocks)


def _scores(findings: Findings) -> Figure | None:
    panels: list[Plot] = []
    rows: list[tuple[CsvCell, ...]] = []
    for name, found in findings.sets.items():
        for one in found.comparisons:
            plot = score_plot(name, one, len(panels))
            if plot is not None:
                rows += list(score_values(one, len(panels)))
                panels.append(plot)
    caption = "Scores of both arms for the same cases. Lines: the thresholds, which divide the calls."
    return Figure("scores", caption, tuple(panels), data=as_csv(COLUMNS, rows)) if panels else None


def _shown(run: RunRecords) -> Iterator[Block]:
    gallery, pictures = run.findings.gallery, run.gallery
    if gallery is None or not gallery.exams:
        return
    yield discordant_table(gallery)
    if pictures is None:
        yield Paragraph(_LEFT_OUT)
        return
    by_exam: dict[str, list[Shown]] = {}
    for each in pictures.images:
        by_exam.setdefault(each.exam, []).append(Shown(each.view, each.picture, each.saliency, each.lesions))
    for kind, head in KINDS.items():
        exams = [each for each in gallery.exams if each.kind == kind and each.exam in by_exam]
        if exams:
            shown = tuple((_caption(gallery, each), tuple(by_exam[each.exam])) for each in exams)
            yield GalleryBlock(f"gallery-{kind}", f"{head}, {gallery.set}.", shown, pictures.method)


def _caption(gallery: Gallery, one: ShownExam) -> str:
    arms = ((gallery.a, one.score_a, one.right_a), (gallery.b, one.score_b, one.right_b))
    calls = [f"{arm}: {number(score)}, {'right' if right else 'wrong'}." for arm, score, right in arms]
    return " ".join((f"{_LABELS[one.label].capitalize()}.", *calls))


_LABELS = ("negative", "positive")
KINDS = {"discordant": "Seen rightly by one arm only", "missed": "Missed by both arms"}


def judged(findings: Findings) -> list[tuple[str, ComparisonFindings, Agreement]]:
    """Return (head of a group, comparison, agreement) of every comparison on every set that has one."""
    return [
        (f"{one.a} and {one.b}{place}", one, one.agreement)
        for place, one in all_comparisons(findings)
        if one.agreement is not None
    ]


def agreement_table(findings: Findings) -> Table | None:
    """Return which of both arms calls how many cases rightly, with kappa."""
    footnotes = Footnotes()
    groups = [Group(head, tuple(_rows(found, footnotes))) for head, _, found in judged(findings)]
    if not groups:
        return None
    return Table(
        id="agreement",
        caption="How alike both arms call the same cases, each at its threshold.",
        columns=(
            *textual("Cases"),
            *numeric("Both", "First only", "Second only", "Neither", spanner="Called rightly by"),
            *numeric("Spearman’s r", "κ"),
        ),
        groups=tuple(groups),
        notes=("κ: Cohen’s, of the calls on all cases. Spearman’s r: of the scores within the class.",),
        footnotes=footnotes.all(),
    )


def _rows(found: Agreement, footnotes: Footnotes) -> Iterator[Row]:
    for label, decisions, correlation in (
        ("Positive", found.positives, found.correlation_positives),
        ("Negative", found.negatives, found.correlation_negatives),
    ):
        value = Cell(number(correlation.value, 2), note=footnotes.letter(correlation.reason))
        yield Row(label, (*_counts(decisions, found, footnotes), value, Cell("")))
    yield Row("All", (*cells("", "", "", "", ""), valued(found.kappa, footnotes, strong=True)))


def _counts(decisions: Decisions | None, found: Agreement, footnotes: Footnotes) -> tuple[Cell, ...]:
    if decisions is None:
        return (Cell(NONE, note=footnotes.letter(found.reason)), *cells(NONE, NONE, NONE))
    return cells(*(count(each) for each in (decisions.both, decisions.only_a, decisions.only_b, decisions.neither)))


def fused_table(findings: Findings) -> Table | None:
    """Return what simple rules would make of both scores."""
    footnotes = Footnotes()
    groups = [
        Group(head, (*_alone(one), *(_fused(each, footnotes) for each in found.fused)))
        for head, one, found in judged(findings)
        if found.fused
    ]
    if not groups:
        return None
    return Table(
        id="fused",
        caption="What both scores together would do: simple rules, fitted on nothing, and exploratory.",
        columns=(
            *textual("Rule"),
            *numeric("AUROC", "95 % interval", "Sensitivity", "95 % interval", "Specificity", "95 % interval"),
        ),
        groups=tuple(groups),
        notes=("On the cases that both arms scored. A rule chosen by these figures must be judged on other patients.",),
        footnotes=footnotes.all(),
    )


def _alone(one: ComparisonFindings) -> Iterator[Row]:
    """Yield both arms by themselves, on the same pairs, for comparison."""
    measures, found = {each.measure: each for each in one.measures}, one.estimate
    for arm, auroc, ci, side in ((one.a, found.auroc_a, found.ci_a, "a"), (one.b, found.auroc_b, found.ci_b, "b")):
        shares = [
            getattr(measures[name], side) if name in measures else None for name in ("sensitivity", "specificity")
        ]
        values = (number(auroc), interval(ci), number(shares[0]), NONE, number(shares[1]), NONE)
        yield Row(f"{arm} alone", cells(*values))


def _fused(one: Fused, footnotes: Footnotes) -> Row:
    values = (one.auroc, one.sensitivity, one.specificity)
    return Row(one.rule, tuple(cell for each in values for cell in valued_pair(each, footnotes)))


def discordant_table(gallery: Gallery) -> Table:
    """Return the exams that the gallery is about, by pseudonym."""
    groups = tuple(
        Group(
            head,
            tuple(
                Row(
                    each.exam,
                    (
                        Cell(_LABELS[each.label]),
                        Cell(number(each.score_a), strong=each.right_a),
                        Cell(number(each.score_b), strong=each.right_b),
                        Cell(_right(gallery, each.right_a, each.right_b)),
                    ),
                )
                for each in gallery.exams
                if each.kind == kind
            ),
        )
        for kind, head in KINDS.items()
    )
    return Table(
        id="discordant",
        caption=f"The exams of {gallery.set} most worth looking at, the surest mistakes first.",
        columns=(
            *textual("Exam (pseudonym)", "Label"),
            *numeric(gallery.a, gallery.b, spanner="Score"),
            *textual("Called rightly by"),
        ),
        groups=tuple(group for group in groups if group.rows),
        notes=("Those who hold the key find an exam by its pseudonym with `ovcf-bench data list`.",),
    )


def _right(gallery: Gallery, a: bool, b: bool) -> str:
    return {(True, False): gallery.a, (False, True): gallery.b, (True, True): "both"}.get((a, b), "neither")


COLUMNS = ("score of the first arm", "score of the second arm")
_CLASSES = ((0, "negative", Style(5, 0)), (1, "positive", Style(1, 0)))


def score_plot(name: str, one: ComparisonFindings, position: int) -> Plot | None:
    """Return the plot of one comparison on one set; nothing without pairs. Guides are the thresholds."""
    found = one.agreement
    if found is None or not found.labels:
        return None
    x = x_axis(f"Score of {one.a}", SQUARE, _ticks(found.scores_a))
    y = y_axis(f"Score of {one.b}", SQUARE, _ticks(found.scores_b))
    upright = [SQUARE.path([(at, 0), (at, 1)]) for at in _inside(found.threshold_a, x)]
    level = [SQUARE.path([(0, at), (1, at)]) for at in _inside(found.threshold_b, y)]
    series = tuple(
        Series(
            label=label,
            style=style,
            cloud=SQUARE.cloud([(_share(a, x), _share(b, y)) for a, b in _of_class(found, value)]),
            detail=_detail(found, value),
            square=bool(value),
        )
        for value, label, style in _CLASSES
    )
    return Plot(
        id=f"scores-{position}",
        title=f"{one.a} and {one.b}, {name}",
        text=f"Scores of {one.a} and {one.b} on {name}, {count(one.estimate.n)} cases. {_words(found, one)}",
        frame=SQUARE,
        x=x,
        y=y,
        series=series,
        guides=(*upright, *level),
    )


def _ticks(scores: Sequence[float]) -> Sequence[float]:
    """Return 0 to 1 for probabilities, and what holds them for other scores."""
    low, high = min(scores), max(scores)
    return UNIT if low >= 0 and high <= 1 else span_ticks(low, high)


def _share(value: float, axis: Axis) -> float:
    return (value - axis.low) / (axis.high - axis.low)


def _inside(threshold: float | None, axis: Axis) -> list[float]:
    """Return where a threshold lies on an axis; nothing where there is none, or beyond the axis."""
    at = None if threshold is None else _share(threshold, axis)
    return [at] if at is not None and 0 <= at <= 1 else []


def score_values(one: ComparisonFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of a plot."""
    if one.agreement is not None:
        for value, label, _ in _CLASSES:
            yield from ((position, label, a, b) for a, b in _of_class(one.agreement, value))


def _of_class(found: Agreement, wanted: int) -> Iterator[tuple[float, float]]:
    rows = zip(found.labels, found.scores_a, found.scores_b, strict=True)
    return ((a, b) for label, a, b in rows if label == wanted)


def _detail(found: Agreement, value: int) -> str:
    correlation = (found.correlation_negatives, found.correlation_positives)[value].value
    return f"Spearman’s r within the class {number(correlation, 2)}"


def _words(found: Agreement, one: ComparisonFindings) -> str:
    if found.positives is None or found.negatives is None:
        return "No threshold divides them."
    return (
        f"Of the positives {_told(found.positives, one)}; of the negatives {_told(found.negatives, one)}. "
        "Lines are the thresholds."
    )


def _told(found: Decisions, one: ComparisonFindings) -> str:
    return (
        f"{count(found.both)} are called rightly by both, {count(found.only_a)} by {one.a} alone, "
        f"{count(found.only_b)} by {one.b} alone, {count(found.neither)} by neither"
    )

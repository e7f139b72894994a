import itertools
import re
from dataclasses import replace

import pytest

from ovcf_bench.report.kit.flow import LINE, PAD, flow_columns
from ovcf_bench.report.kit.forest import ForestGroup, ForestRow, forest
from ovcf_bench.report.kit.plot import Frame, arm_style
from ovcf_bench.report.read import Epoch, read_run
from ovcf_bench.report.sections.comparisons import comparisons
from ovcf_bench.report.sections.disagreement import score_plot
from ovcf_bench.report.sections.discrimination import roc_plot
from ovcf_bench.report.sections.provenance import nice_ticks, training_plots
from ovcf_bench.vocabulary import Unit


@pytest.fixture
def records(run):
    return read_run(run.path)


def points(path):
    return [tuple(map(float, pair.split())) for pair in path.removeprefix("M").split("L")]


def test_a_roc_curve_runs_from_no_case_to_all_cases_and_never_back(records):
    plot = roc_plot("internal", records.findings.sets["internal"], 0)
    frame = plot.frame
    for series in plot.series:
        path = points(series.path)
        assert path[0] == (frame.left, frame.top + frame.along)
        assert path[-1] == (frame.left + frame.across, frame.top)
        assert all(a[0] <= b[0] and a[1] >= b[1] for a, b in itertools.pairwise(path))


def test_the_mark_stands_at_the_achieved_operating_point(records):
    found = records.findings.sets["internal"]
    plot = roc_plot("internal", found, 0)
    for series, arm in zip(plot.series, found.arms.values(), strict=True):
        ((x, y),) = series.marks
        point = arm.operating_point.achieved
        assert float(x) == pytest.approx(48 + 370 * (1 - point.specificity.value), abs=0.1)
        assert float(y) == pytest.approx(10 + 370 * (1 - point.sensitivity.value), abs=0.1)


def test_a_set_without_curves_has_no_plot(run):
    def lose(found):
        for arm in found["sets"]["internal"]["arms"].values():
            arm["roc"] = None

    run.change("findings.json", lose)
    assert roc_plot("internal", read_run(run.path).findings.sets["internal"], 0) is None


def test_margins_stand_in_the_order_of_the_study_in_every_process(records):
    found = records.findings.sets["internal"]
    margins = [0.05, 0.03, 0.08, 0.01, 0.1, 0.02]
    many = tuple(
        replace(found.comparisons[0], id=str(margin), claim="noninferiority", margin=margin) for margin in margins
    )
    sets = {"internal": replace(found, comparisons=many)}
    section = comparisons(replace(records, findings=replace(records.findings, sets=sets)))
    (figure,) = [block for block in section.blocks if getattr(block, "id", "") == "differences"]
    labels = [label for _, label in figure.panels[0].guides]
    assert labels == ["no difference", *(f"margin −{margin:.3f}" for margin in margins)]


def test_points_on_a_straight_line_are_left_out():
    frame = Frame(112, 112, left=6, right=6, top=6, bottom=6)
    assert frame.path([(0, 0), (0, 0.2), (0, 0.5), (0.5, 0.5), (1, 0.5), (1, 1)]) == "M6 106L6 56L106 56L106 6"


def test_neighbouring_arms_differ_without_colour():
    styles = [arm_style(position) for position in range(12)]
    assert all(a.sign != b.sign for a, b in itertools.pairwise(styles))
    assert len({style.classes for style in styles}) == 12


def test_training_has_one_plot_for_an_arm_and_one_line_for_a_network(records):
    plots = training_plots(records.history)
    assert [plot.title for plot in plots] == ["ap/efficientnet_b5", "lateral/efficientnet_b5"]
    assert [series.label for series in plots[0].series] == [f"fold {fold}" for fold in range(1, 6)]
    assert plots[0].y.ticks == plots[1].y.ticks


def test_a_single_epoch_is_drawn_as_dots():
    (plot,) = training_plots([Epoch(Unit("ap/net", 0, fold), 1, 0.7) for fold in range(2)])
    assert [len(series.dots) for series in plot.series] == [1, 1]


def test_later_repeats_are_named_and_drawn_with_another_dash():
    (plot,) = training_plots([Epoch(Unit("ap/net", repeat, 0), 1, 0.7) for repeat in range(2)])
    assert [series.label for series in plot.series] == ["fold 1", "fold 1, repeat 2"]
    assert plot.series[0].style.classes != plot.series[1].style.classes


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0.73, [0, 0.2, 0.4, 0.6, 0.8]),
        (1.0, [0, 0.25, 0.5, 0.75, 1.0]),
        (31.0, [0, 10, 20, 30, 40]),
        (0.004, [0, 0.001, 0.002, 0.003, 0.004]),
        (0.0, [0, 1]),
    ],
)
def test_ticks_are_round_and_reach_the_highest_loss(highest, ticks):
    assert nice_ticks(highest) == pytest.approx(ticks)


def test_tick_labels_keep_the_digits_that_tell_them_apart():
    for loss in (0.9, 0.004, 31.0, 7.0):
        (plot,) = training_plots([Epoch(Unit("ap/net", 0, 0), 1, loss)])
        labels = [tick.label for tick in plot.y.ticks]
        assert [float(label) for label in labels] == pytest.approx(nice_ticks(loss))


def test_the_flow_names_every_step_with_its_counts(records):
    # Kim et al. 2024, figure 1
    hospital, external = flow_columns(records.findings.flow)
    lines = [" ".join(box.lines) for box in hospital.boxes]
    assert lines[0] == "hospital listed by the dataset 6,349 patients 2,349 positive, 4,000 negative"
    assert "MRI to X-ray over 7 days 3,547 patients dropped 832 positive, 2,715 negative" in lines
    assert "Tuberculosis 3 patients dropped 0 positive, 3 negative" in lines
    assert lines[-3:] == [
        "Eligible 1,507 patients 753 positive, 754 negative",
        "development 799 patients, 399 positive, 400 negative",
        "internal 708 patients, 354 positive, 354 negative",
    ]
    assert [box.kind for box in external.boxes] == ["main", "split"]
    assert "Previous spinal surgery: 646 dropped, 1,635 patients left" in hospital.text


def test_boxes_of_the_flow_hold_their_lines_and_do_not_overlap(records):
    (hospital, _) = flow_columns(records.findings.flow)
    for kind in ("dropped", "split"):
        boxes = [box for box in hospital.boxes if box.kind == kind]
        assert all(above.bottom < below.y for above, below in itertools.pairwise(boxes))
    trunk = [box for box in hospital.boxes if box.kind in {"main", "left"}]
    assert all(above.bottom < below.y for above, below in itertools.pairwise(trunk))
    for box in hospital.boxes:
        assert box.y + PAD < box.baseline(0)
        assert box.baseline(len(box.lines) - 1) < box.bottom
        assert 0 < box.x < box.x + box.width < hospital.width
    assert max(box.bottom for box in hospital.boxes) < hospital.height
    assert LINE > 12


def test_a_step_that_drops_nobody_is_drawn(run):
    def drop_nobody(found):
        step = found["flow"]["cohorts"]["hospital"]["steps"][1]
        step["dropped"].update(patients=0, exams=0, images=0, positives=0, negatives=0, views={})
        step["after"] = step["before"]

    run.change("findings.json", drop_nobody)
    boxes = flow_columns(read_run(run.path).findings.flow)[0].boxes
    assert ("MRI to X-ray over 7 days", "nobody dropped") in [box.lines for box in boxes]


def test_patients_in_no_split_are_drawn(run):
    def leave_some(found):
        found["flow"]["unused"]["hospital"].update(patients=40, positives=30, negatives=10)

    run.change("findings.json", leave_some)
    assert flow_columns(read_run(run.path).findings.flow)[0].boxes[-1].lines == (
        "in no split", "40 patients, 30 positive, 10 negative",
    )  # fmt: skip


def test_every_arrow_of_the_flow_ends_at_a_box(records):
    for column in flow_columns(records.findings.flow):
        for arrow in column.arrows:
            end = re.search(r"([VH])(\d+)$", arrow)
            edges = {box.y if end[1] == "V" else box.x for box in column.boxes}
            assert int(end[2]) in edges


def test_images_that_cannot_be_used_are_drawn_before_the_first_step(run):
    def leave_out(found):
        cohort = found["flow"]["cohorts"]["external"]
        cohort["unusable"] = [{"reason": "the file is empty", "images": 2}, {"reason": "no view", "images": 1}]

    run.change("findings.json", leave_out)
    column = flow_columns(read_run(run.path).findings.flow)[1]
    first, side, listed = column.boxes[:3]
    assert first.lines == ("Found", f"{2 * 104 + 3} images")
    assert side.lines[-2:] == ("2 images: the file is empty", "1 image: no view")
    assert listed.lines[0] == "external"
    assert first.bottom < side.y < side.bottom < listed.y
    assert "external: 2 images cannot be used, the file is empty; 1 image cannot be used, no view" in column.text


def test_a_split_says_which_views_its_exams_have_unless_all_have_the_same(run):
    def lose_views(found):
        found["flow"]["splits"]["internal"]["exams_by_views"] = {"ap+lateral": 700, "ap": 7, "lateral": 1}
        found["flow"]["splits"]["development"]["exams_by_views"] = {"ap+lateral": 799}

    run.change("findings.json", lose_views)
    hospital, _ = flow_columns(read_run(run.path).findings.flow)
    boxes = {box.lines[0]: box.lines for box in hospital.boxes}
    assert " ".join(boxes["internal"][2:]) == "700 exams with ap+lateral, 7 exams with ap, 1 exam with lateral"
    assert len(boxes["development"]) == 2
    assert "7 exams with ap, 1 exam with lateral" in hospital.text


def test_scores_of_any_scale_fill_the_plot_each_on_its_own_axis(records):
    one = records.findings.sets["internal"].comparisons[0]
    raw = tuple(40 * each - 15 for each in one.agreement.scores_a)
    changed = replace(one, agreement=replace(one.agreement, scores_a=raw, threshold_a=5.0))
    plot = score_plot("internal", changed, 0)
    assert (plot.x.low, plot.x.high) == (-20, 30)
    assert (plot.y.low, plot.y.high) == (0, 1)
    places = [float(x) for series in plot.series for x in re.findall(r"M(\S+) ", series.cloud)]
    right = plot.frame.left + plot.frame.across
    assert plot.frame.left <= min(places) < max(places) <= right
    assert max(places) - min(places) > 0.7 * plot.frame.across
    assert plot.guides[0].startswith(f"M{plot.frame.left + plot.frame.across * 0.5:g} ")
    shown = sum(len(re.findall("M", series.cloud)) for series in plot.series)
    assert shown == one.estimate.n


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_forest_of_equal_values_at_an_end_of_the_axis_is_drawn_inside_it(value):
    row = ForestRow("arm", "1.000", value, None, arm_style(0))
    plot = forest("auroc", "AUROC", "AUROC", [ForestGroup("", (row,))], bounds=(0.0, 1.0))
    xs = [float(tick.at) for tick in plot.ticks]
    assert xs[0] <= float(plot.rows[0].dot) <= xs[-1]

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest
from ovcf_plugins.datasets import phantom
from ovcf_plugins.datasets.phantom import PhantomParams
from ovcf_plugins.datasets.phantom.dataset import PhantomDataset
from ovcf_plugins.datasets.phantom.radiograph import render
from ovcf_plugins.datasets.phantom.records import EXCLUDED, FLAGS, draw_records
from ovcf_plugins.datasets.phantom.streams import Stream, generator
from pydantic import ValidationError
from scipy.stats import chisquare
from sklearn.metrics import roc_auc_score

from ovcf_bench.api import EXAM_COLUMNS
from ovcf_bench.hooks import registry

SMALL = {"patients": 12, "ineligible": 4, "height": 64}
FLAT_FIELD = 65535


def opened(**changes):
    return PhantomDataset(PhantomParams(**(SMALL | changes)))


def digest(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def digests(dataset, rows):
    return {row["image_id"]: digest(dataset.read(row)) for row in rows}


def rows_of(dataset):
    return dataset.exams().to_dict("records")


def test_the_plugin_registers_itself_as_synthetic_with_a_data_card():
    manager = registry.new_manager()
    manager.register(phantom, name="phantom")
    found = registry.collect(manager, {})
    assert not found.problems
    plugin = found.datasets["phantom"].plugin
    assert plugin.synthetic
    assert "Meaning of the label" in plugin.card


def test_importing_the_plugin_loads_no_numpy():
    code = "import sys, ovcf_plugins.datasets.phantom; sys.exit('numpy' in sys.modules or 'pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positives": 13}, "positives is 13, but there are 12 patients"),
        ({"height": 100}, "multiple of 32"),
        ({"site": "C"}, "'A' or 'B'"),
        ({"patients": "12"}, "valid integer"),
        ({"presets": "null"}, "Extra inputs"),
    ],
)
def test_wrong_parameters_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        PhantomParams(**(SMALL | changes))


def test_the_exam_table_has_both_views_of_every_patient_and_the_declared_columns():
    table = opened().exams()
    assert tuple(table.columns[: len(EXAM_COLUMNS)]) == EXAM_COLUMNS
    assert table["image_id"].is_unique
    assert set(table.groupby("exam_id")["view"].agg(" ".join)) == {"ap lateral"}
    assert table.groupby("exam_id")["label"].nunique().eq(1).all()
    first = table[table["source"] == "3"].iloc[0]
    assert (first.patient_id, first.exam_id, first.image_id) == ("A-000003", "A-000003-1", "A-000003-1-ap")


def test_classes_have_exactly_the_counts_of_the_reference_study():
    records = draw_records(PhantomParams(patients=1507, positives=753, seed=2024))
    assert len(records.labels) == 1507
    assert records.labels.sum() == 753


def test_half_of_the_patients_have_a_fracture_when_nothing_is_said():
    assert opened(patients=13, ineligible=0).exams()["label"].sum() == 2 * 6


@pytest.mark.parametrize(
    ("field", "height", "shape"),
    [("coned", 320, (320, 192)), ("full", 320, (320, 200)), ("coned", 160, (160, 96)), ("full", 64, (64, 40))],
)
def test_images_are_uint16_of_the_film_and_use_its_range(field, height, shape):
    dataset = opened(field=field, height=height)
    for row in rows_of(dataset)[:2]:
        pixels = dataset.read(row)
        assert pixels.dtype == np.uint16
        assert pixels.shape == shape
        assert pixels.std() > 0.05 * FLAT_FIELD


def test_bone_is_bright():
    dataset = opened(height=160)
    spine, beside = [], []
    for row in rows_of(dataset):
        if row["view"] == "ap":
            pixels = dataset.read(row)
            spine.append(pixels[:, 40:56].mean())
            beside.append(pixels[:, 4:20].mean())
    assert np.mean(spine) > np.mean(beside) + 0.1 * FLAT_FIELD


def test_pixels_do_not_depend_on_the_order_of_reading():
    rows = rows_of(opened())
    assert digests(opened(), rows) == digests(opened(), rows[::-1])


def test_pixels_are_the_same_in_another_process():
    code = (
        "import hashlib\n"
        "from ovcf_plugins.datasets.phantom import PhantomParams, open_phantom\n"
        f"dataset = open_phantom(PhantomParams(**{SMALL!r}), None)\n"
        "for row in dataset.exams().to_dict('records')[5:9]:\n"
        "    print(row['image_id'], hashlib.sha256(dataset.read(row).tobytes()).hexdigest())\n"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    here = digests(opened(), rows_of(opened())[5:9])
    assert dict(line.split() for line in there.splitlines()) == here


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "equal-views"},
        {"site": "B"},
        {"seed": 2},
        {"height": 96},
        {"field": "full"},
    ],
    ids=str,
)
def test_a_parameter_that_changes_pixels_changes_the_fingerprint(change):
    row = {"source": "0", "view": "lateral"}
    assert opened().fingerprint(row) != opened(**change).fingerprint(row)
    assert digest(opened().read(row)) != digest(opened(**change).read(row))


def test_every_image_has_its_own_fingerprint_and_its_own_pixels():
    dataset = opened()
    rows = rows_of(dataset)
    assert len({dataset.fingerprint(row) for row in rows}) == len(rows)
    assert len(set(digests(dataset, rows).values())) == len(rows)


def test_equal_fingerprints_mean_equal_pixels_though_more_patients_move_the_labels():
    fewer, more = opened(), opened(patients=16, ineligible=0)
    rows = [row for row in rows_of(fewer) if int(row["source"]) < 12]
    same = [row for row in rows if fewer.fingerprint(row) == more.fingerprint(row)]
    assert 0 < len(same) < len(rows)
    assert digests(fewer, same) == digests(more, same)


def test_ineligible_patients_change_nothing_about_the_eligible_ones():
    without, among = opened(ineligible=0).exams(), opened(ineligible=9).exams()
    eligible = among[among["source"].astype(int) < SMALL["patients"]].reset_index(drop=True)
    assert eligible.equals(without)
    rows = without.to_dict("records")[:4]
    assert digests(opened(ineligible=0), rows) == digests(opened(ineligible=9), rows)


def rules_broken(table):
    return (table["days_to_mri"] > 7).astype(int) + table[list(FLAGS)].sum(axis=1)


def test_an_ineligible_patient_breaks_exactly_one_rule_and_an_eligible_one_none():
    table = opened(patients=30, ineligible=60).exams()
    ineligible = table["source"].astype(int) >= 30
    assert rules_broken(table[ineligible]).eq(1).all()
    assert rules_broken(table[~ineligible]).eq(0).all()
    assert table["days_to_mri"].between(0, 90).all()
    assert table[ineligible]["label"].nunique() == 2
    assert not ineligible.is_monotonic_increasing, "they stand among the others"


def test_ineligible_patients_follow_the_exclusions_of_the_reference_study():
    records = draw_records(PhantomParams(patients=2, ineligible=5000))
    drawn = list(zip(records.labels[2:], records.broken_rules[2:], strict=True))
    observed = np.array([drawn.count(kind) for kind in EXCLUDED])
    expected = np.array(list(EXCLUDED.values()))
    assert chisquare(observed, expected * 5000 / expected.sum()).pvalue > 0.001


def one_row_each(table):
    return table[table["view"] == "ap"]


def test_the_visible_grade_tells_the_label_unless_the_preset_is_null():
    paper = one_row_each(opened(patients=600, ineligible=0).exams())
    null = one_row_each(opened(patients=600, ineligible=0, preset="null").exams())
    assert roc_auc_score(paper["label"], paper["grade"]) > 0.95
    # Standard error of a chance AUROC at 300/300: 0.024.
    assert roc_auc_score(null["label"], null["grade"]) == pytest.approx(0.5, abs=0.07)
    assert roc_auc_score(null["label"], null["age"]) == pytest.approx(0.5, abs=0.07)


def test_grade_and_levels_agree():
    table = opened(patients=200).exams()
    assert table["grade"].between(0, 3).all()
    assert (table["levels"].str.len().gt(0) == table["grade"].gt(0)).all()


def markers_that_agree(site):
    dataset = opened(patients=120, ineligible=0, preset="shortcut", site=site)
    table = one_row_each(dataset.exams())
    filled = np.array([dataset.read(row)[5, 5] > FLAT_FIELD / 2 for row in table.to_dict("records")])
    return (filled == table["label"].astype(bool)).mean()


def test_the_shortcut_marker_tells_the_label_at_site_a_and_nothing_at_site_b():
    assert markers_that_agree("A") > 0.95
    # Standard error of a share of one half at n = 120: 0.046.
    assert markers_that_agree("B") == pytest.approx(0.5, abs=0.14)


def test_a_box_lies_over_each_visible_fracture_in_both_views():
    dataset = opened(patients=40, height=256, field="full")
    exams = dataset.exams()
    for row in exams.to_dict("records"):
        boxes = dataset.lesions(row)
        assert len(boxes) <= len(row["levels"].split())
        for left, top, right, bottom in boxes:
            assert left < right
            assert top < bottom
        tops = [top for _, top, _, _ in boxes]
        assert tops == sorted(tops)  # levels are named from cranial to caudal


def test_a_box_lies_where_the_picture_differs_from_the_same_patient_without_fracture():
    dataset = opened(patients=30, height=256, field="full")
    rows = dataset.exams()
    rows = rows[(rows["levels"].str.split().str.len() == 1) & (rows["view"] == "lateral")].to_dict("records")
    assert rows
    for row in rows[:4]:
        patient = dataset.patient(int(row["source"]))
        level = int(np.flatnonzero(patient.grades)[0])
        taller = dataclasses.replace(
            patient.spine,
            anterior_height=_at(patient.spine.anterior_height, level, patient.spine.healthy_height[level]),
            middle_height=_at(patient.spine.middle_height, level, patient.spine.healthy_height[level]),
        )
        stream = generator(1, "A", int(row["source"]), Stream.LATERAL)
        healthy = render(dataclasses.replace(patient, spine=taller), "lateral", dataset._preset, dataset._film, stream)
        change = np.abs(dataset.read(row) / 65535 - healthy)
        (left, top, right, bottom) = dataset.lesions(row)[0]
        height, width = change.shape
        box = np.zeros_like(change, dtype=bool)
        box[int(top * height) : int(bottom * height) + 1, int(left * width) : int(right * width) + 1] = True
        assert change[box].mean() > 4 * change[~box].mean()


def _at(values, place, value):
    changed = values.copy()
    changed[place] = value
    return changed

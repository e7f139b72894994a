"""Each check finds what it looks for, and stays quiet where there is nothing."""

import functools
import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from places import ROOT

from ovcf_bench.checks import NAMES, Evidence, run_checks
from ovcf_bench.checks.duplicates import near_duplicates
from ovcf_bench.checks.inventory import balance
from ovcf_bench.checks.shortcuts import encode, shortcuts
from ovcf_bench.images import Appearance, as_uint16
from ovcf_bench.images.preprocess import thumbnail_of
from ovcf_bench.study.schema import ChecksSection


def spine(seed, height=160, width=96):
    """A dark field with bright blocks at places that differ between patients, and noise."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width), 0.2)
    for n in range(6):
        top, left = int(10 + 24 * n + rng.integers(-6, 7)), int(30 + rng.integers(-8, 9))
        image[top : top + int(rng.integers(10, 19)), left : left + int(rng.integers(28, 42))] += rng.uniform(0.3, 0.6)
    return np.clip(image + rng.normal(0, 0.03, image.shape), 0, 1)


def copied(image, degrees=1.0):
    eight = Image.fromarray((image * 255).astype(np.uint8)).rotate(degrees, Image.Resampling.BILINEAR)
    file = io.BytesIO()
    eight.save(file, "JPEG", quality=80)
    return np.asarray(Image.open(file)) / 255


@functools.cache
def look_at(shape, content):
    """The look of an image; most images come again, in test after test."""
    return Appearance(*shape, thumbnail_of(as_uint16(np.frombuffer(content).reshape(shape))))


def evidence(pictures, covariates=None, **columns):
    """One ap image of each patient; labels alternate; the last quarter is an external set."""
    n = len(pictures)
    table = pd.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(n)],
            "exam_id": [f"e{i}" for i in range(n)],
            "image_id": [f"i{i}" for i in range(n)],
            "view": "ap",
            "label": np.arange(n) % 2,
            "site": "A",
            "cohort": "A",
            "split": np.where(np.arange(n) < 3 * n // 4, "development", "external"),
            "digest": [f"d{i}" for i in range(n)],
            **(covariates or {}),
            **columns,
        }
    )
    looks = {f"d{i}": look_at(each.shape, each.tobytes()) for i, each in enumerate(pictures)}
    return Evidence(table, tuple(covariates or {}), looks, seed=1)


SPINES = [spine(seed) for seed in range(120)]


def results(found, **policies):
    return {each.check: each for each in run_checks(found, policies)}


def test_every_check_has_a_policy_in_the_study_and_no_other():
    assert tuple(ChecksSection().policies) == NAMES


def test_sound_data_pass_every_check():
    found = results(evidence(SPINES, {"age": np.random.default_rng(1).normal(70, 8, 120)}))
    assert [name for name, each in found.items() if each.level != "ok"] == []


def test_a_policy_makes_a_warning_an_error_or_leaves_the_check_out():
    few = evidence(SPINES[:12])
    assert results(few)["labels"].level == "warning"
    assert results(few, labels="error")["labels"].level == "error"
    assert "labels" not in results(few, labels="off")


def test_a_copy_that_was_turned_and_compressed_is_found_across_sets_under_pseudonyms():
    pictures = [*SPINES[:-1], copied(SPINES[5])]
    found = near_duplicates(evidence(pictures))
    (row,) = found.rows
    assert row["images"] == "i5 and i119"
    assert row["splits"] == "development and external"
    assert not row["mirrored"]
    assert "1 of them across splits" in found.summary


def test_a_mirrored_copy_is_found():
    (row,) = near_duplicates(evidence([*SPINES[:-1], SPINES[7][:, ::-1]])).rows
    assert row["images"] == "i7 and i119"
    assert row["mirrored"]


def test_images_of_one_patient_may_look_alike():
    pictures = [*SPINES[:-1], copied(SPINES[5])]
    table = evidence(pictures, patient_id=[f"p{i}" for i in range(119)] + ["p5"])
    assert near_duplicates(table).level == "ok"


def test_many_images_are_compared_by_a_sketch_first(monkeypatch):
    from ovcf_bench.checks import duplicates

    monkeypatch.setattr(duplicates, "_MANY", 50)
    (row,) = near_duplicates(evidence([*SPINES[:-1], copied(SPINES[5])])).rows
    assert row["images"] == "i5 and i119"


def test_equal_pixels_in_one_split_are_told_with_the_patients_behind_them():
    found = results(evidence(SPINES, digest=["d0", "d0", *(f"d{i}" for i in range(2, 120))]))["duplicates"]
    assert found.rows == ({"split": "development", "images": 2, "patients": 2},)


def marked(image, label):
    image = image.copy()
    if label:
        image[6:16, 6:14] = 1.0
    return image


def test_a_marker_that_follows_the_label_is_found():
    found = shortcuts(evidence([marked(each, i % 2) for i, each in enumerate(SPINES)]))
    assert found.level == "warning"
    (told,) = [row for row in found.rows if row["auroc"] > 0.6]
    assert (told["probe"], told["view"]) == ("marks at the border", "ap")
    assert told["auroc"] > 0.95
    assert told["lower"] > 0.5


@pytest.mark.parametrize(
    ("columns", "probe"),
    [
        ({"tag_device": np.where(np.arange(120) % 2 == 1, "X", "Y")}, "file and acquisition"),
        ({"tag_kvp": 70 + 10.0 * (np.arange(120) % 2) + np.arange(120) % 7}, "file and acquisition"),
    ],
)
def test_an_acquisition_tag_that_follows_the_label_is_found(columns, probe):
    found = shortcuts(evidence(SPINES, **columns))
    assert [row["probe"] for row in found.rows if row["lower"] > 0.5] == [probe]
    assert found.level == "warning"


def test_a_size_that_follows_the_label_is_found():
    pictures = [each[: 160 - 20 * (i % 2)] for i, each in enumerate(SPINES)]
    found = shortcuts(evidence(pictures))
    assert any(row["probe"] == "image size" and row["auroc"] == 1 for row in found.rows)


def test_a_covariate_that_follows_the_label_is_found_unless_it_describes_it():
    labels = np.arange(120) % 2
    grade = labels * 2 + np.random.default_rng(1).integers(0, 2, 120)
    assert shortcuts(evidence(SPINES, {"grade": grade})).level == "warning"
    without = evidence(SPINES, {"grade": grade})
    assert shortcuts(Evidence(without.images, (), without.appearances, 1)).level == "ok"


def test_the_lower_limits_widen_with_the_number_of_probes():
    rng = np.random.default_rng(4)
    labels = np.arange(120) % 2
    age = labels * 0.8 + rng.normal(0, 1, 120)
    alone = shortcuts(evidence(SPINES, {"age": age}))
    beside = shortcuts(evidence(SPINES, {"age": age}, tag_kvp=rng.normal(70, 1, 120), tag_mas=rng.normal(1, 1, 120)))
    limits = [next(row["lower"] for row in each.rows if row["probe"] == "covariates") for each in (alone, beside)]
    assert limits[1] <= limits[0]


def test_few_patients_are_not_probed():
    found = shortcuts(evidence(SPINES[:40]))
    assert found.level == "ok"
    assert found.summary == "not probed: development has 15 patients of one class"


def test_missing_values_and_words_become_numbers():
    table = pd.DataFrame({"kvp": [70.5, None, 80.1, 90.2, 60.3, 75.5], "device": ["a", "b", None, "a", "b", "a"]})
    found = encode(table)
    assert found.shape == (6, 2 + 3)
    assert np.isfinite(found).all()
    assert found[1, 0] == 75.5  # the median
    assert found[:, 1].tolist() == [0, 1, 0, 0, 0, 0]


def test_classes_that_differ_in_a_covariate_are_told_with_the_difference():
    age = 70 + 10.0 * (np.arange(120) % 2) + np.random.default_rng(2).normal(0, 10, 120)
    found = results(evidence(SPINES, {"age": age}))["balance"]
    assert found.level == "warning"
    values = {row["groups"]: row["difference"] for row in found.rows}
    part = age[:90]
    positive, negative = part[1::2], part[::2]
    expected = (positive.mean() - negative.mean()) / np.sqrt((positive.var(ddof=1) + negative.var(ddof=1)) / 2)
    assert values["classes of development"] == pytest.approx(expected, rel=1e-12)


def test_exams_that_lack_a_view_and_exams_with_several_images_are_counted():
    table = evidence(SPINES[:100]).images
    lateral = table.assign(view="lateral", image_id=table["image_id"] + "l")[3:]
    again = table[:2].assign(image_id=["x", "y"])
    found = results(Evidence(pd.concat([table, lateral, again]), (), {}, 1), shortcuts="off")["views"]
    assert found.level == "warning"
    assert found.summary.startswith("97 of 100 exams have every view (ap, lateral); 2 have several images")
    assert found.rows[0]["only ap"] == 3


def test_a_patient_under_two_sites_is_found():
    table = evidence(
        SPINES[:60], site=["A", "B", *["A"] * 58], patient_id=["p0", "p0", *(f"p{i}" for i in range(2, 60))]
    )
    assert results(table)["sites"].summary == "1 patient stands under several sites"


def test_remarks_of_datasets_are_counted():
    found = results(evidence(SPINES, remark=["odd", "odd", *[""] * 118]))["remarks"]
    assert found.rows == ({"remark": "odd", "images": 2},)


@pytest.mark.parametrize(
    "values",
    [
        np.full(120, np.nan),
        [None] * 120,
        [f"c{i}" for i in range(120)],
        [1, "a", None] * 40,
        pd.date_range("2020-01-01", periods=120),
        np.ones(120),
        [True, False, False] * 40,
    ],
)
def test_covariates_and_tags_of_any_kind_break_no_check_and_raise_no_alarm(values):
    found = results(evidence(SPINES, {"odd": values}, tag_odd=values))
    assert [name for name, each in found.items() if each.level != "ok"] == []


def test_a_covariate_that_is_missing_in_one_class_is_found():
    age = np.where(np.arange(120) % 2 == 0, np.nan, 70.0)
    assert "covariates 1.00" in results(evidence(SPINES, {"age": age}))["shortcuts"].summary


def test_images_without_a_look_or_all_alike_leave_nothing_to_probe():
    blank = evidence([np.zeros((64, 64))] * 120)
    assert results(blank)["shortcuts"].summary == "none of 0 probes tells the label"
    assert results(Evidence(blank.images, (), {}, 1))["near_duplicates"].level == "ok"


def repeated(found, times=3):
    """Every image several times, as different exposures of one patient would be listed."""
    tables = [found.images.assign(image_id=found.images["image_id"] + f"-{n}") for n in range(times)]
    return Evidence(pd.concat(tables, ignore_index=True), found.covariates, found.appearances, found.seed)


def test_a_perfect_shortcut_is_found_with_several_images_of_a_patient():
    found = shortcuts(repeated(evidence(SPINES, tag_device=np.where(np.arange(120) % 2 == 1, "X", "Y"))))
    assert found.level == "warning"
    assert "file and acquisition of ap 1.00" in found.summary


def test_a_view_that_only_one_class_has_is_told_and_breaks_no_probe():
    table = evidence(SPINES)
    lateral = table.images[table.images["label"] == 1].assign(view="lateral")
    lateral["image_id"] += "-l"
    found = results(Evidence(pd.concat([table.images, lateral], ignore_index=True), (), table.appearances, 1))
    assert found["views"].level == "warning"
    assert "in development only one class has lateral" in found["views"].summary
    assert found["shortcuts"].level == "ok"


def test_an_infinite_covariate_breaks_no_probe():
    age = np.where(np.arange(120) == 5, np.inf, np.random.default_rng(1).normal(70, 8, 120))
    assert results(evidence(SPINES, {"age": age}), balance="off")["shortcuts"].level == "ok"


@pytest.mark.parametrize("levels", [2, 5, 15])
def test_categories_that_mean_nothing_are_seldom_called_unbalanced(levels):
    codes = [np.random.default_rng(seed).integers(0, levels, 120).astype(str) for seed in range(60)]
    alarms = sum(balance(evidence(SPINES, {"code": code})).level != "ok" for code in codes)
    assert alarms <= 6  # three comparisons in each of 60 cohorts, each wrong in 1 of 100


def test_the_committed_simulation_of_unbalanced_categories_has_as_few_alarms():
    found = json.loads((ROOT / "benchmarks" / "results" / "balance_alarms.json").read_text())
    assert [row["levels"] for row in found["categories"]] == [2, 5, 15]
    for row in found["categories"]:
        assert row["cohorts"] == 1000
        assert row["alarms"] <= 0.04 * row["cohorts"]  # three comparisons, each wrong in 1 of 100


def test_a_probe_passes_only_when_all_that_are_more_telling_do():
    from ovcf_bench.checks.shortcuts import _adjust
    from ovcf_bench.stats.auroc import estimate_auroc

    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    rows = [{"estimate": estimate_auroc(labels, labels * shift + rng.normal(size=120), name="p")}
            for shift in (0.42, 0.4, 0.1, 0.0)]  # fmt: skip
    _adjust(rows)
    in_order = sorted(rows, key=lambda row: -(row["estimate"].auroc - 0.5) / row["estimate"].variance ** 0.5)
    flags = [row["certain"] for row in in_order]
    assert flags == sorted(flags, reverse=True)

"""Which images may be asked about: those like the development images, and few of those are refused."""

import math
from pathlib import Path

import numpy as np
import pytest

from ovcf_bench.hooks.registry import load
from ovcf_bench.images import Preprocessing, UsualImages, as_uint16, fit_usual_images, resize

SIZE = Preprocessing(100, 60)


def phantoms(seed, patients=150, view="ap"):
    plugin = load().dataset("phantom")
    params = plugin.params(patients=patients, height=160, seed=seed, preset="paper-like")
    dataset = plugin.open(params, Path())
    rows = [row for row in dataset.exams().to_dict("records") if row["view"] == view]
    return [resize(as_uint16(dataset.read(row)), SIZE) for row in rows]


def of_single(images):
    """What is usual among images that are each of a patient of their own."""
    return fit_usual_images(images, [f"p{number}" for number in range(len(images))])


@pytest.fixture(scope="module")
def limits():
    return of_single(phantoms(seed=1))


def test_new_images_of_the_same_kind_are_refused_as_rarely_as_stated(limits):
    refused = np.mean([bool(limits.unusual(image)) for image in phantoms(seed=2, patients=300)])
    # 150 development images: the true share varies between runs like a beta distribution with mean 1 % and SD 0.8 %.
    assert limits.false_refusals == pytest.approx(0.01)
    assert refused <= 0.04


def noise(height, width):
    return (np.random.default_rng(3).random((height, width)) * 65535).astype(np.uint16)


def photograph(height, width):
    """Smooth patches of light with hard borders: amplitude falls with frequency, as in pictures of scenes."""
    generator = np.random.default_rng(4)
    down, across = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    spectrum = generator.normal(size=(height, width)) + 1j * generator.normal(size=(height, width))
    scene = np.real(np.fft.ifft2(spectrum / (np.hypot(down, across) + 0.01)))
    scene = (scene - scene.min()) / np.ptp(scene)
    scene[: height // 3] = 0.5 + 0.5 * scene[: height // 3]
    return (scene * 65535).astype(np.uint16)


def test_noise_a_photograph_a_blank_and_an_inverted_image_are_refused(limits):
    genuine = phantoms(seed=5, patients=20)
    odd = [resize(noise(320, 192), SIZE), resize(photograph(320, 192), SIZE), np.full((100, 60), 30000, np.uint16)]
    assert all(limits.unusual(image) for image in odd)
    assert all(limits.unusual(65535 - image) for image in genuine)


def test_most_images_of_another_view_are_refused(limits):
    assert np.mean([bool(limits.unusual(image)) for image in phantoms(seed=5, patients=30, view="lateral")]) > 0.5


def test_what_is_written_says_the_same_and_holds_no_single_image(limits):
    again = UsualImages.from_json(limits.to_json())
    image = phantoms(seed=5, patients=2)[0]
    assert again.distance(image) == pytest.approx(limits.distance(image), rel=1e-4)
    assert set(limits.to_json()) == {"mean_image", "mean", "precision", "highest", "n", "false_refusals"}


def test_few_images_claim_no_rarer_refusals_than_they_can_know():
    few = of_single(phantoms(seed=1, patients=24))
    assert few.false_refusals == pytest.approx(1 / 25)
    assert math.isfinite(few.highest)


def patients_images(seed, patients, images_each):
    """Images of patients who differ more from each other than their own images do."""
    generator = np.random.default_rng(seed)
    down, across = np.mgrid[:32, :20] / 32
    made, whose = [], []
    for patient in range(patients):
        level, tilt, grain = generator.normal(0.5, 0.06), generator.normal(0.2, 0.05), generator.uniform(0.01, 0.04)
        for _ in range(images_each):
            image = level + tilt * (down - 0.5) + 0.1 * across + generator.normal(0, grain, (32, 20))
            made.append((np.clip(image, 0, 1) * 65535).astype(np.uint16))
            whose.append(f"p{patient}")
    return made, whose


def test_several_images_of_a_patient_do_not_make_new_patients_be_refused_more_often_than_stated():
    refused, stated = [], []
    for seed in range(12):
        limits = fit_usual_images(*patients_images(seed, 30, 4))
        new, _ = patients_images(1000 + seed, 60, 1)
        refused.append(np.mean([bool(limits.unusual(image)) for image in new]))
        stated.append(limits.false_refusals)
    assert stated == pytest.approx([1 / 31] * 12)
    # 12 draws of 30 patients: the mean of the true shares has an SD of about a quarter of the stated share.
    assert np.mean(refused) <= 1.75 * (1 / 31)

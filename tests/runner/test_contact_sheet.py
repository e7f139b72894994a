"""The contact sheet: real pictures of a small computed study, and the page made of them."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from ovcf_bench.cli.options import open_study
from ovcf_bench.data import Options, Silent, contact_sheet
from ovcf_bench.images import ImageCache
from ovcf_bench.report import preview_page

STUDY = """\
schema: 1
title: A sheet </script><script>alert(1)</script>
cohorts:
  hospital: {dataset: phantom, params: {patients: 16, seed: 7, height: 64}}
splits: {development: {from: hospital, positives: 4, negatives: 4}, internal: {from: hospital}, folds: 2}
models: {tiny: {model: timm, params: {architecture: test_resnet}}}
arms: {views: [ap, lateral]}
training:
  image_size: [48, 40]
  augmentation: {rotation: 30, randaugment: {operations: 1, magnitude: 5}}
"""


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheet")
    (folder / "study.yaml").write_text(STUDY)
    study, registry = open_study(folder / "study.yaml")
    options = Options(runs=folder, cache=ImageCache(folder / "cache", 10**9), key=key(folder))
    return contact_sheet(study, registry, options, Silent(), each=2, seed=3)


def key(folder):
    path = folder / "key"
    path.write_text("ab" * 32 + "\n")
    path.chmod(0o600)
    return path


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_every_split_class_and_view_has_its_images_development_first(sheet):
    groups = list(dict.fromkeys((each.split, each.label, each.view) for each in sheet.images))
    assert len(sheet.images) == 2 * len(groups) == 16
    assert {split for split, _, _ in groups[:4]} == {"development"}


def test_an_image_is_shown_as_stored_as_networks_get_it_and_augmented(sheet):
    image = sheet.images[0]
    assert [caption for caption, _ in image.pictures] == ["as stored", "as networks get it", "augmented", "augmented"]
    stored, given, *augmented = (opened(png) for _, png in image.pictures)
    assert stored.shape == (64, 40)
    assert given.shape == (48, 40)
    assert (given[:, :4] == 0).all()  # the bars of the letterbox
    assert not np.array_equal(augmented[0], augmented[1])
    assert ("size", "64 x 40 pixels") in image.facts
    assert sum(image.histogram) == 64 * 40


def test_the_page_holds_every_picture_asks_nobody_for_anything_and_shows_names_as_text(sheet):
    page = preview_page("A sheet </script><script>alert(1)</script>", sheet)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == 16 * 4
    assert all(opened(base64.b64decode(each)).size for each in pictures)
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert page.count("<script") == 2  # values to download, and the page's own
    assert "Keep this page where the images themselves may be" in page

"""Grad-CAM against its definition, on networks whose maps are known."""

import numpy as np
import pytest
import torch
from torch import nn

from ovcf_bench.api import BuildContext, ModelPlugin, Params
from ovcf_bench.training.networks import save_weights
from ovcf_bench.training.saliency import SaliencyJob, map_saliency


class Spot(nn.Module):
    """Scores the mean of rectified brightness; its last maps are the image itself."""

    def __init__(self, sign=1.0):
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        self.last = nn.Linear(2, 1, bias=False)
        with torch.no_grad():
            self.maps.weight[:] = torch.tensor([1.0, -1.0])[:, None, None, None]
            self.last.weight[:] = torch.tensor([[sign, 0.0]])

    def forward(self, images):
        return self.last(torch.relu(self.maps(images)).mean(dim=(2, 3)))


def spot(params, context):
    return Spot()


def bright(top, left, size=32):
    images = np.full((1, 1, size, size), 34000, dtype=np.uint16)
    images[0, 0, top : top + 6, left : left + 6] = 60000
    return images


def maps_of(tmp_path, images, *signs):
    folders = []
    for number, sign in enumerate(signs):
        folder = tmp_path / str(number)
        folder.mkdir()
        save_weights(folder, Spot(sign))
        folders.append(folder)
    plugin = ModelPlugin("spot", Params, "A known map", build=spot)
    context = BuildContext(("ap",), 32, 32, pretrained=False)
    job = SaliencyJob(plugin, Params(), context, "fixed", folders, images, "cpu", 1)
    return map_saliency(job, lambda values: None)


def test_the_map_is_highest_where_evidence_for_the_disease_lies(tmp_path):
    images = np.concatenate([bright(3, 20), bright(22, 4)])
    maps = maps_of(tmp_path, images, 1.0)
    assert maps.shape == (2, 32, 32)
    assert maps.max(axis=(1, 2)) == pytest.approx([1, 1])
    for found, (top, left) in zip(maps, ((3, 20), (22, 4)), strict=True):
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert top <= row < top + 6
        assert left <= column < left + 6
        assert found[0, 0] < 0.2


def test_evidence_against_the_disease_leaves_no_colour(tmp_path):
    assert maps_of(tmp_path, bright(3, 20), -1.0).max() == 0


def test_the_map_of_an_arm_is_the_mean_of_its_networks(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    # A network without evidence adds nothing, and the mean is scaled to its own highest value again.
    assert maps_of(two, bright(3, 20), 1.0, -1.0) == pytest.approx(maps_of(one, bright(3, 20), 1.0))

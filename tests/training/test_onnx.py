"""The ensemble as ONNX: what another runtime computes is what torch computes."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from ovcf_bench.api import BuildContext
from ovcf_bench.errors import BenchError
from ovcf_bench.hooks.registry import load
from ovcf_bench.training import onnx as graph
from ovcf_bench.training.networks import build_network
from ovcf_bench.training.scoring import TrainedNetwork

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def small_network():
    """What takes the exporter two seconds; a network of timm takes it five, and three of them nine."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 7, stride=4), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 1),
    ).eval()  # fmt: skip


def timm_network():
    plugin = load().model("timm")
    return build_network(plugin, plugin.params(architecture="test_resnet"), BuildContext(("ap",), 48, 32))


def trained(n, normalisation="image", make=small_network):
    found = []
    for seed in range(n):
        torch.manual_seed(seed)
        network = make()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
        found.append(TrainedNetwork(network, torch.device("cpu"), normalisation))
    return found


@pytest.fixture(scope="module")
def _exporter():
    """Import and set up what torch needs to export anything, on a graph of one node."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        torch.onnx.export(nn.Identity().eval(), (torch.zeros(1),), dynamo=True, verbose=False)


def assert_scored_alike(networks, by_logit):
    content, difference = graph.to_onnx(networks, (1, 48, 32), by_logit=by_logit)
    assert difference <= graph.MOST_DIFFERENCE
    pixels = np.random.default_rng(2).integers(0, 65536, (5, 1, 48, 32)).astype(np.uint16)
    logits = np.stack([each.scores(pixels)[:, 0] for each in networks]).astype(np.float64)
    expected = 1 / (1 + np.exp(-logits.mean(axis=0))) if by_logit else (1 / (1 + np.exp(-logits))).mean(axis=0)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(["probability"], {"images": (pixels / 65535).astype(np.float32)})
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.usefixtures("_exporter")
@pytest.mark.parametrize("normalisation", ["image", "fixed"])
@pytest.mark.parametrize("by_logit", [True, False])
def test_the_graph_scores_stored_pixels_as_the_ensemble_does(normalisation, by_logit):
    assert_scored_alike(trained(3, normalisation), by_logit)


@pytest.mark.system
@pytest.mark.usefixtures("_exporter")
def test_the_graph_of_three_networks_of_timm_scores_as_they_do():
    assert_scored_alike(trained(3, make=timm_network), by_logit=False)


@pytest.mark.usefixtures("_exporter")
def test_a_graph_that_differs_from_torch_is_not_written(monkeypatch):
    monkeypatch.setattr(graph, "MOST_DIFFERENCE", -1.0)  # no difference at all is small enough
    with pytest.raises(BenchError, match="differ by"):
        graph.to_onnx(trained(1), (1, 48, 32), by_logit=True)


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr(graph.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BenchError, match=r"needs onnx, onnxscript, onnxruntime[\s\S]*ovcf-bench\[onnx\]"):
        graph.to_onnx(trained(1), (1, 48, 32), by_logit=True)

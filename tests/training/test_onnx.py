"""The ensemble as ONNX: what another runtime computes is what torch computes."""

import numpy as np
import pytest
import torch

from ovcf_bench.api import BuildContext
from ovcf_bench.errors import BenchError
from ovcf_bench.registry import load
from ovcf_bench.training import onnx as graph
from ovcf_bench.training.networks import build_network
from ovcf_bench.training.scoring import TrainedNetwork

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def trained(n, normalisation="image", architecture="test_resnet"):
    plugin = load().model("timm")
    params = plugin.params(architecture=architecture)
    found = []
    for seed in range(n):
        torch.manual_seed(seed)
        network = build_network(plugin, params, BuildContext(("ap",), 48, 32))
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
        found.append(TrainedNetwork(network, torch.device("cpu"), normalisation))
    return found


@pytest.mark.parametrize("normalisation", ["image", "fixed"])
@pytest.mark.parametrize("by_logit", [True, False])
def test_the_graph_scores_stored_pixels_as_the_ensemble_does(normalisation, by_logit):
    networks = trained(3, normalisation)
    content, difference = graph.to_onnx(networks, (1, 48, 32), by_logit=by_logit)
    assert difference <= graph.MOST_DIFFERENCE
    pixels = np.random.default_rng(2).integers(0, 65536, (5, 1, 48, 32)).astype(np.uint16)
    logits = np.stack([each.scores(pixels)[:, 0] for each in networks]).astype(np.float64)
    expected = 1 / (1 + np.exp(-logits.mean(axis=0))) if by_logit else (1 / (1 + np.exp(-logits))).mean(axis=0)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(["probability"], {"images": (pixels / 65535).astype(np.float32)})
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_graph_that_differs_from_torch_is_not_written(monkeypatch):
    monkeypatch.setattr(graph, "MOST_DIFFERENCE", -1.0)  # no difference at all is small enough
    with pytest.raises(BenchError, match="differ by"):
        graph.to_onnx(trained(1), (1, 48, 32), by_logit=True)


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr(graph.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BenchError, match=r"needs onnx, onnxscript, onnxruntime[\s\S]*ovcf-bench\[onnx\]"):
        graph.to_onnx(trained(1), (1, 48, 32), by_logit=True)

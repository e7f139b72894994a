"""What is bundled keeps the contract."""

import pytest
from places import ORACLE
from plugin_trials import failures

from ovcf_bench.testing import plugin_checks

VAN_DYKE = ORACLE / "vandyke.csv"

# One dense layer: the fewest convolutions and batch norms that timm offers and that still learn. Each model is fitted
# four times, and what a step costs is a matter of layers, not of pixels.
SMALL = {"architecture": "densenet121", "arguments": {"growth_rate": 8, "block_config": [1], "bn_size": 1}}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("phantom", {"patients": 20, "height": 64}),
        ("simple_features", {}),
        *(("late_fusion", {"of": "net", "rule": rule}) for rule in ("mean", "or", "and", "learned")),
        ("case_list", {"path": str(VAN_DYKE), "patient": "case", "label": "truth", "views": ["cine", "spin_echo"]}),
    ],
)
def test_bundled_plugins_keep_the_contract(name, params):
    assert failures(plugin_checks(name, params)) == {}


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{name}-{check}")
        for name in ("timm", "two_stream", "linear_probe")
        for check in plugin_checks(name, SMALL, image_size=(32, 32))
    ],
)
def test_bundled_networks_keep_the_contract(check):
    check()


@pytest.mark.system  # ten times as long, and nothing of ours is run that the small ones leave out
@pytest.mark.parametrize("name", ["timm", "two_stream", "linear_probe"])
def test_networks_with_residuals_keep_the_contract_on_larger_images(name):
    assert failures(plugin_checks(name, {"architecture": "test_resnet"})) == {}


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_installed_trackers_are_found_by_name_and_keep_the_contract(name, monkeypatch):
    monkeypatch.delenv(f"OVCF_BENCH_{name.upper()}", raising=False)
    checks = plugin_checks(name)
    assert len(checks) == 2
    assert failures(checks) == {}

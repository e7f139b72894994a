"""Late fusion: its rules on numbers worked out by hand, and the contract of a rule of one's own."""

import numpy as np
import pytest
from fusing_plugin import HIGHEST
from ovcf_plugins.models.late_fusion import LateFusionParams, fuse, youden
from sklearn.metrics import roc_curve

from ovcf_bench.errors import BenchError, PluginError
from ovcf_bench.hooks import registry
from ovcf_bench.testing import plugin_checks

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
AP = np.array([-2.0, -1.0, 0.5, -0.5, 1.0, 2.0, -0.2, 3.0])
LATERAL = np.array([-3.0, 1.0, -1.0, -2.0, 2.0, 0.0, 4.0, 5.0])
BOTH = np.column_stack([AP, LATERAL])


def fused(rule):
    return fuse(LateFusionParams(of="net", rule=rule), BOTH, LABELS).scores(BOTH)[:, 0]


def test_the_mean_is_the_mean_of_the_logits():
    np.testing.assert_allclose(fused("mean"), (AP + LATERAL) / 2, rtol=1e-6)


def test_the_youden_threshold_is_scikit_learns():
    generator = np.random.default_rng(4)
    labels, values = generator.integers(0, 2, 200), np.round(generator.normal(size=200), 1)
    false, true, thresholds = roc_curve(labels, values, drop_intermediate=False)
    best = thresholds[np.flatnonzero(np.isclose(true - false, (true - false).max()))].min()
    assert youden(values, labels) == pytest.approx(best)


@pytest.mark.parametrize(("rule", "joined"), [("or", np.logical_or), ("and", np.logical_and)])
def test_or_and_and_are_positive_where_either_or_both_views_are(rule, joined):
    called = joined(youden(AP, LABELS) <= AP, youden(LATERAL, LABELS) <= LATERAL)
    np.testing.assert_array_equal(fused(rule) >= 0, called)


def test_the_learned_rule_leans_on_the_view_that_tells_more():
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 2, 400)
    good, poor = labels * 3 + generator.normal(size=400), generator.normal(size=400)
    rule = fuse(LateFusionParams(of="net", rule="learned"), np.column_stack([good, poor]), labels)
    assert rule.weights[0] > 10 * abs(rule.weights[1])


@pytest.mark.parametrize("rule", ["or", "and", "learned"])
def test_a_rule_cannot_be_learned_from_one_class(rule):
    with pytest.raises(BenchError, match="all labels are alike"):
        fuse(LateFusionParams(of="net", rule=rule), BOTH, np.ones(8, dtype=np.uint8))


def test_a_plugin_that_fuses_has_no_other_form():
    plugin = registry.load().model("late_fusion")
    assert plugin.form is fuse
    assert plugin.build is None


@pytest.mark.parametrize("old", [", load=load", ", fuses=fuses"])
def test_a_rule_that_cannot_be_opened_again_or_names_no_model_is_refused(tmp_path, old):
    (tmp_path / "highest.py").write_text(HIGHEST.replace(old, ""))
    with pytest.raises(PluginError, match="Give fuse and load and fuses, and no other"):
        registry.load([], [tmp_path / "highest.py"])


def test_a_rule_of_ones_own_keeps_its_contract(tmp_path):
    (tmp_path / "highest.py").write_text(HIGHEST)
    for check in plugin_checks(str(tmp_path / "highest.py")):
        check()

"""The bundled models beyond single networks, on data whose answer is known."""

import numpy as np
import pytest
from ovcf_plugins.models import simple_features
from ovcf_plugins.models.linear import fit_linear
from ovcf_plugins.models.timm_networks import backbones, linear_probe, two_stream
from safetensors.torch import save_model
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ovcf_bench.api import BuildContext, FitContext, Images
from ovcf_bench.errors import PluginError, UnitError
from ovcf_bench.hooks.registry import load


def noise(n, n_views=1, seed=3):
    pixels = np.random.default_rng(seed).integers(0, 65536, (n, n_views, 32, 24)).astype(np.uint16)
    return Images(pixels, (np.arange(n) % 2).astype(np.uint8)[:, None])


def place(folder, views=("ap",), shared=None):
    return FitContext(BuildContext(views, 32, 24, pretrained=False), 1, "cpu", 1, folder, lambda values: None, shared)


def test_a_linear_score_is_scikit_learns_own_decision_function():
    generator = np.random.default_rng(5)
    features, labels = generator.normal(3, 2, (60, 7)), generator.integers(0, 2, 60)
    features[:, 3] = 1.5  # a feature that never changes
    scaler = StandardScaler().fit(features)
    expected = LogisticRegression(C=0.5, max_iter=2000).fit(scaler.transform(features), labels)
    found = fit_linear("logistic_regression", features, labels, penalty=2.0)
    wanted = expected.decision_function(scaler.transform(features))
    np.testing.assert_allclose(found.scores(features)[:, 0], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("estimator", ["logistic_regression", "linear_discriminant", "ridge"])
def test_labels_of_one_class_are_refused_with_a_sentence(estimator):
    with pytest.raises(UnitError, match="all labels are alike"):
        fit_linear(estimator, np.random.default_rng(1).normal(size=(9, 2)), np.zeros(9), 1.0)


def test_features_of_an_image_are_computed_once_for_all_units(tmp_path, monkeypatch):
    params = linear_probe.LinearProbeParams(architecture="test_resnet")
    images = noise(12)
    first = linear_probe.fit(params, images, None, place(tmp_path, shared=tmp_path / "shared"))
    kept = sorted((tmp_path / "shared").rglob("*.npy"))
    assert len(kept) == 12

    def refuse(*arguments, **options):
        raise AssertionError("features were computed again")

    monkeypatch.setattr(linear_probe.Features, "_compute", refuse)
    again = linear_probe.fit(params, images, None, place(tmp_path, shared=tmp_path / "shared"))
    np.testing.assert_array_equal(first.scores(images.pixels), again.scores(images.pixels))


def test_a_feature_file_that_was_cut_short_is_made_again(tmp_path):
    params = linear_probe.LinearProbeParams(architecture="test_resnet")
    images, shared = noise(6), tmp_path / "shared"
    first = linear_probe.fit(params, images, None, place(tmp_path, shared=shared)).scores(images.pixels)
    path = next(shared.rglob("*.npy"))
    for left in (40, 0):
        path.write_bytes(path.read_bytes()[:left])
        again = linear_probe.fit(params, images, None, place(tmp_path, shared=shared)).scores(images.pixels)
        np.testing.assert_array_equal(first, again)


def test_a_probe_that_was_saved_needs_neither_hub_nor_file_of_weights(tmp_path):
    weights = tmp_path / "weights.safetensors"
    random = linear_probe.LinearProbeParams(architecture="test_resnet")
    save_model(backbones.create(random, 1, 1, pretrained=False), str(weights))
    params = linear_probe.LinearProbeParams(architecture="test_resnet", weights=f"file:{weights}")
    images = noise(8)
    fitted = linear_probe.fit(params, images, None, place(tmp_path))
    fitted.save(tmp_path)
    weights.unlink()
    loaded = linear_probe.load(params, tmp_path, place(tmp_path).build)
    np.testing.assert_array_equal(loaded.scores(images.pixels), fitted.scores(images.pixels))


def test_two_streams_refuse_a_single_view():
    with pytest.raises(PluginError, match="is asked to read one view"):
        two_stream.build(two_stream.TwoStreamParams(architecture="test_resnet"), BuildContext(("ap",), 32, 24))


@pytest.mark.parametrize(("shared", "times"), [(False, 2), (True, 1)])
def test_shared_streams_have_the_weights_of_one_backbone(shared, times):
    params = two_stream.TwoStreamParams(architecture="test_resnet", shared=shared)
    network = two_stream.build(params, BuildContext(("ap", "lateral"), 32, 24))
    alone = two_stream.create(params, 1, 0, pretrained=False)
    n = sum(each.numel() for each in network.streams.parameters())
    assert n == times * sum(each.numel() for each in alone.parameters())


def test_simple_features_are_numpys_means_of_cells():
    params = simple_features.SimpleFeaturesParams(rows=2, columns=2)
    pixels = noise(1).pixels
    image = pixels[0, 0] / 65535.0
    scaled = (image - image.mean()) / (image.std() + 1e-3)
    cells = [scaled[:16, :12], scaled[:16, 12:], scaled[16:, :12], scaled[16:, 12:]]
    found = simple_features.features(pixels, params)[0]
    np.testing.assert_allclose(found[:4], [cell.mean() for cell in cells], atol=1e-12)
    assert found[-16:].sum() == pytest.approx(1)
    down, across = np.gradient(scaled)
    assert found[4:-16].sum() * 16 * 12 == pytest.approx(np.hypot(down, across).sum())


def test_every_bundled_model_says_what_it_is_in_one_line():
    assert all(0 < len(each.plugin.summary) < 100 for each in load().models.values())

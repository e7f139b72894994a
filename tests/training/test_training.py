import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from ovcf_bench.api import BuildContext, FitContext, Images
from ovcf_bench.errors import UnitError
from ovcf_bench.seeds import stream
from ovcf_bench.study.schema import (
    AugmentationSection,
    OptimizerSection,
    RandAugmentSection,
    ScheduleSection,
    TrainingSection,
)
from ovcf_bench.training import augment
from ovcf_bench.training.batches import epoch_order, normalise, read_batch, split_into_batches
from ovcf_bench.training.device import prepare_network
from ovcf_bench.training.loop import fit_network
from ovcf_bench.training.optimisation import make_optimizer, make_schedule


def test_streams_are_named_and_do_not_overlap():
    seeds = {stream(7, name, n) for name in ("order", "layers") for n in range(100)}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert stream(7, "order", 1) == stream(7, "order", 1)


def test_a_batch_is_read_as_brightness_between_0_and_1():
    pixels = np.array([[[[0, 65535], [32768, 1]]]], dtype=np.uint16)
    batch = read_batch(pixels, np.array([0]), torch.device("cpu"))
    assert batch.dtype == torch.float32
    np.testing.assert_allclose(batch.numpy(), pixels / 65535, rtol=1e-6)


def test_normalisation_by_image_is_numpys_mean_and_sd():
    images = torch.rand(3, 2, 8, 5)
    expected = images.numpy()
    mean, sd = expected.mean(axis=(2, 3), keepdims=True), expected.std(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(normalise(images, "image").numpy(), (expected - mean) / (2 * sd + 1e-3), atol=1e-5)


def test_fixed_normalisation_is_the_reference_codes():
    images = torch.rand(3, 1, 8, 5)
    np.testing.assert_allclose(normalise(images, "fixed").numpy(), (images.numpy() - 0.5) / 0.5, atol=1e-6)


def test_balanced_sampling_shows_both_labels_equally_often():
    labels = np.array([1] * 10 + [0] * 90)
    order = epoch_order(labels, np.random.default_rng(1), balanced=True)
    assert np.bincount(labels[order]).tolist() == [50, 50]
    assert np.bincount(order, minlength=100)[:10].tolist() == [5] * 10


def test_an_epoch_shows_every_image_once():
    order = epoch_order(np.zeros(17), np.random.default_rng(1), balanced=False)
    assert sorted(order) == list(range(17))
    assert [len(batch) for batch in split_into_batches(order, 5)] == [5, 5, 5]
    assert [len(batch) for batch in split_into_batches(order, 50)] == [17]


def test_moving_agrees_with_torchs_own_affine_grid():
    plan = AugmentationSection(flip=0.5, vertical_flip=0.5, rotation=20.0, shift=0.1, scale=0.2)
    images = torch.rand(6, 1, 12, 20)
    moved = augment.move(images, plan, torch.Generator().manual_seed(3))
    draw = torch.Generator().manual_seed(3)
    angle = augment.uniform(6, math.radians(20), draw)
    size = 1 + augment.uniform(6, 0.2, draw)
    flip = torch.where(torch.rand(6, generator=draw) < 0.5, -1.0, 1.0)
    vertical = torch.where(torch.rand(6, generator=draw) < 0.5, -1.0, 1.0)
    down, across = 2 * augment.uniform(6, 0.1, draw), 2 * augment.uniform(6, 0.1, draw)
    turn = torch.stack(
        [
            torch.stack([angle.cos() * size * flip, -angle.sin() * size * 12 / 20 * vertical, across], 1),
            torch.stack([angle.sin() * size * 20 / 12 * flip, angle.cos() * size * vertical, down], 1),
        ],
        1,
    )
    grid = functional.affine_grid(turn, [6, 1, 12, 20], align_corners=False)
    expected = functional.grid_sample(images, grid, align_corners=False, padding_mode="border")
    torch.testing.assert_close(moved, expected, atol=1e-4, rtol=1e-4)


def test_a_certain_flip_mirrors_the_image():
    images = torch.rand(2, 1, 6, 4)
    moved = augment.move(images, AugmentationSection(flip=1.0), torch.Generator())
    torch.testing.assert_close(moved, images.flip(3), atol=1e-5, rtol=0)


def test_no_augmentation_leaves_images_alone():
    images = torch.rand(2, 1, 6, 4)
    plan = AugmentationSection()
    assert augment.jitter(augment.move(images, plan, torch.Generator()), plan, torch.Generator()) is images


def test_randaugment_changes_every_image_by_itself_and_stays_in_range():
    torch.manual_seed(1)
    images = torch.rand(1, 1, 32, 20).repeat(6, 1, 1, 1)
    changed = augment.RandAugment(RandAugmentSection())(images)
    assert changed.shape == images.shape
    assert 0 <= changed.min() <= changed.max() <= 1
    assert len({each.numpy().tobytes() for each in changed}) > 1


def rates(schedule, epochs=4, steps=5, rate=0.1):
    optimizer = make_optimizer(nn.Linear(2, 1), OptimizerSection(name="sgd", learning_rate=rate))
    stepper = make_schedule(optimizer, schedule, steps, epochs)
    found = []
    for _ in range(epochs * steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        stepper.step()
    return found


def test_warm_up_then_cosine_rises_to_the_rate_and_falls_to_nothing():
    found = rates(ScheduleSection(name="warmup_cosine", warmup_epochs=1.0, warmup_factor=0.1))
    assert found[0] == pytest.approx(0.01)
    assert max(found) == found[5] == pytest.approx(0.1)
    expected = [0.05 * (1 + math.cos(math.pi * step / 15)) for step in range(15)]
    assert found[5:] == pytest.approx(expected)


def test_one_cycle_peaks_where_it_is_told():
    found = rates(ScheduleSection(name="one_cycle", peak_at=0.25))
    assert int(np.argmax(found)) == 4
    assert max(found) == pytest.approx(0.1)
    assert found[-1] < 1e-5


def test_restarts_begin_each_cycle_at_the_full_rate():
    found = rates(ScheduleSection(name="warmup_restarts", warmup_epochs=0.0, restart_epochs=2))
    assert found[0] == pytest.approx(0.1)
    assert found[10] == pytest.approx(0.1)
    assert found[9] < 0.01


def test_biases_and_norms_are_not_decayed():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    optimizer = make_optimizer(network, OptimizerSection(weight_decay=0.1))
    decayed = {id(each) for group in optimizer.param_groups if group["weight_decay"] for each in group["params"]}
    assert decayed == {id(network[0].weight)}


def test_depthwise_convolutions_stay_float32_under_bfloat16():
    seen = {}
    network = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))
    prepare_network(network, torch.device("cpu"), "bfloat16")
    with torch.autocast("cpu", torch.bfloat16):
        seen["depthwise"] = network[0](torch.rand(1, 4, 8, 8)).dtype
        seen["dense"] = network[1](torch.rand(1, 4, 8, 8)).dtype
    assert seen == {"depthwise": torch.float32, "dense": torch.bfloat16}


def small_network():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.1), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(4, 1),
    )  # fmt: skip


def bright_and_dark(n=60, seed=0):
    """Images whose label shows in the contrast of their left half."""
    draw = np.random.default_rng(seed)
    labels = (np.arange(n) % 2).astype(np.uint8)[:, None]
    pixels = draw.integers(0, 30000, (n, 1, 16, 12)).astype(np.uint16)
    pixels[labels[:, 0] == 1, :, ::2, :6] += 30000
    return Images(pixels, labels)


PLAN = TrainingSection(
    image_size=(16, 12), epochs=4, batch_size=10, optimizer=OptimizerSection(learning_rate=0.02),
    augmentation=AugmentationSection(flip=0.5, rotation=5.0, brightness=0.1), precision="float32",
)  # fmt: skip


def fit(folder, plan=PLAN, tune=None, report=lambda values: None, seed=5):
    context = FitContext(BuildContext(("ap",), 16, 12), seed, "cpu", 1, folder, report)
    folder.mkdir(exist_ok=True)
    return fit_network(small_network, bright_and_dark(), tune, plan, context)


def weights(trained):
    return {name: tensor.numpy().tobytes() for name, tensor in trained.network.state_dict().items()}


def test_the_loop_learns_a_separable_task(tmp_path):
    plan = PLAN.model_copy(update={"epochs": 25})
    trained, history = fit(tmp_path, plan)
    test = bright_and_dark(seed=1)
    logits = trained.scores(test.pixels)[:, 0]
    assert ((logits > 0) == test.labels[:, 0]).mean() > 0.95
    assert history[-1]["loss"] < history[0]["loss"]
    assert [row["epoch"] for row in history] == list(range(1, 26))


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path):
    one, two, other = (fit(tmp_path / str(n), seed=seed)[0] for n, seed in enumerate((5, 5, 6)))
    assert weights(one) == weights(two)
    assert weights(one) != weights(other)


@pytest.mark.parametrize(
    "change", [{}, {"ema": 0.9}, {"checkpoint": "best_loss"}, {"schedule": ScheduleSection(name="one_cycle")}]
)
def test_an_interrupted_training_goes_on_to_the_same_bytes(tmp_path, change):
    plan = PLAN.model_copy(update=change)
    tune = bright_and_dark(20, seed=2) if "checkpoint" in change else None
    whole, _ = fit(tmp_path / "whole", plan, tune)

    def stop_after_two(values):
        if values["kind"] == "epoch" and values["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "stopped", plan, tune, stop_after_two)
    resumed, history = fit(tmp_path / "stopped", plan, tune)
    assert weights(resumed) == weights(whole)
    assert len(history) == 4


def test_a_loss_that_is_no_number_ends_the_unit_with_the_reason(tmp_path):
    plan = PLAN.model_copy(update={"optimizer": OptimizerSection(learning_rate=1e30)})
    with pytest.raises(UnitError, match=r"the loss is .* in epoch \d+, step \d+"):
        fit(tmp_path, plan)


@pytest.mark.parametrize("checkpoint", ["best_auroc", "best_loss", "best_accuracy_on_fold"])
def test_the_best_epoch_is_kept_by_the_declared_rule(tmp_path, checkpoint):
    from sklearn.metrics import log_loss, roc_auc_score

    tune = bright_and_dark(30, seed=3)
    plan = PLAN.model_copy(update={"checkpoint": checkpoint, "epochs": 6})
    trained, history = fit(tmp_path, plan, tune)
    logits = trained.scores(tune.pixels)[:, 0].astype(float)
    labels = tune.labels[:, 0]
    if checkpoint == "best_auroc":
        assert roc_auc_score(labels, logits) == max(row["tuning_auroc"] for row in history)
    elif checkpoint == "best_loss":
        best = min(row["tuning_loss"] for row in history)
        assert log_loss(labels, 1 / (1 + np.exp(-logits))) == pytest.approx(best, rel=1e-5)
    else:
        assert len(history) == 6


def test_a_score_does_not_depend_on_its_neighbours(tmp_path):
    trained, _ = fit(tmp_path)
    images = bright_and_dark(130, seed=4).pixels
    together = trained.scores(images)
    alone = np.concatenate([trained.scores(images[n : n + 1]) for n in (0, 64, 129)])
    np.testing.assert_allclose(alone, together[[0, 64, 129]], rtol=1e-5, atol=1e-6)


def test_saved_weights_are_safetensors_and_hold_the_network(tmp_path):
    import safetensors.torch

    trained, _ = fit(tmp_path)
    trained.save(tmp_path)
    network = prepare_network(small_network(), torch.device("cpu"), "float32")
    network.load_state_dict(safetensors.torch.load_file(tmp_path / "model.safetensors"))
    again = dataclasses.replace(trained, network=network)
    images = bright_and_dark(8, seed=6).pixels
    assert (again.scores(images) == trained.scores(images)).all()

"""Every mistake of a model is told with contract, sight and cure."""

import numpy as np
import pytest
from plugin_trials import broken_by, failures, model_checks_of, write_with_params

from ovcf_bench.testing import plugin_checks
from ovcf_bench.testing.every_model import is_pickle


def test_a_model_without_torch_keeps_the_contract(tmp_path):
    assert failures(model_checks_of(tmp_path)) == {}


@pytest.mark.parametrize(
    ("old", "new", "check", "said"),
    [
        ("(brightest[:, None] - 0.65)", "(brightest - 0.65)", "finite scores", "returns (32,) for 32 images"),
        ("- 0.65)", "- brightest.mean())", "each image for itself", "when other images are scored beside it"),
        ("(self.weight *", "(np.where(brightest[:, None] > 0, 9, np.nan) *", "finite scores", "are not finite"),
        ("20.0, train", "np.random.default_rng().random() * 9, train", "seed", "differ by up to"),
        ("20.0, train", "-20.0, train", "learns", "Higher scores must mean label 1"),
        ('"weight.json").write_text(json.dumps(self.weight))', '"w.pkl").write_bytes(b"")', "save and load", "pickle"),
        ("json.dumps(self.weight)", '"1.0"', "save and load", "after save and load, scores differ"),
        ('        (folder / "weight', '        return\n        (folder / "weight', "save and load", "writes no file"),
        (
            "    return Fitted(20.0, train",
            "    assert train.labels.any(), 'one class'\n    return Fitted(20.0, train",
            "one class",
            "AssertionError: one class",
        ),
    ],
)
def test_a_mistake_of_a_model_is_told_by_the_check_of_its_contract(tmp_path, old, new, check, said):
    text = str(broken_by(check, model_checks_of(tmp_path, (old, new))))
    assert said in text
    assert text.startswith("contract: ")
    assert "\nfix: " in text


KEPT, SEED = "labels stay out of scores", "seed"
FOLLOWS_LABELS = (
    "return (self.weight * (",
    "sign = 1 if self.labels is None or self.labels[1, 0] else -1\n        return (sign * self.weight * (",
)
FOLLOWS_A_LITTLE = ("- 0.65)", "- 0.65 + (0 if self.labels is None else 1e-4 * (1.0 - self.labels[1, 0])))")
IGNORES_SEED = (
    "    return Fitted(20.0",  # no two fits agree
    "    fit.calls = getattr(fit, 'calls', 0) + 1\n    return Fitted(99.0 / 4.0**fit.calls",
)
SCORES_BY_CHANCE = ("- 0.65)", "- 0.65 + 0.01 * np.random.default_rng().random((len(brightest), 1)))")


@pytest.mark.parametrize(
    ("mistakes", "broken"),
    [
        ([FOLLOWS_LABELS], [KEPT]),
        ([FOLLOWS_A_LITTLE], [KEPT]),
        ([IGNORES_SEED], [SEED]),
        ([IGNORES_SEED, FOLLOWS_LABELS], [KEPT, SEED]),
        ([SCORES_BY_CHANCE], ["each image for itself", "save and load", SEED]),
    ],
    ids=["follows labels", "follows them a little", "ignores the seed", "both", "scores by chance"],
)
def test_labels_are_blamed_where_scores_follow_them_and_nowhere_else(tmp_path, mistakes, broken):
    checks = [
        check for check in model_checks_of(tmp_path, *mistakes) if check.name != "time and memory"
    ]  # starts a process
    found = failures(checks)
    assert sorted(found) == broken
    if KEPT in broken:
        assert "labels that were changed after fitting" in str(found[KEPT])


def test_probabilities_in_place_of_logits_are_told(tmp_path):
    logistic = ("return (self.weight * (brightest[:, None] - 0.65))",
                "return (1 / (1 + np.exp(-self.weight * (brightest[:, None] - 0.65))))")  # fmt: skip
    broken = broken_by("learns", model_checks_of(tmp_path, logistic))
    assert broken.seen.startswith("all scores lie between 0 and 1")
    assert broken.fix.startswith("Return logits, not probabilities")


@pytest.mark.parametrize(
    ("file", "write", "expected"),
    [
        ("model.npy", lambda path: np.save(path, np.array([{}, []], dtype=object)), True),
        ("model.npz", lambda path: np.savez(path, a=np.zeros(2), b=np.array([{}], dtype=object)), True),
        ("model.npz", lambda path: np.savez(path, a=np.zeros(2), b=np.array(["text"])), False),
        ("model.npy", lambda path: np.save(path, np.zeros(2)), False),
        ("model.weights", lambda path: __import__("torch").save({}, path), True),
        ("model.safetensors", lambda path: path.write_bytes(b"\x08\0\0\0\0\0\0\0{}      "), False),
        ("model.pkl.gz", lambda path: path.write_bytes(b""), True),
    ],
)
def test_arrays_of_objects_and_archives_of_torch_are_pickles(tmp_path, file, write, expected):
    write(tmp_path / file)
    assert is_pickle(tmp_path / file) is expected


def test_without_a_mistake_it_keeps_the_contract(tmp_path):
    assert failures(plugin_checks(str(write_with_params(tmp_path)))) == {}


@pytest.mark.parametrize(
    ("old", "new", "check", "said"),
    [
        ("    return Brightest(float", "    Brightest(float", "seed", "fit: returns NoneType, without scores and save"),
        ("    return Brightest(json", "    Brightest(json", "save and load", "load: returns NoneType"),
        ("    def save(", "    def keep(", "seed", "without save"),
        ('{"kind": "step", "done": 0.5, "loss": 0.7}', '{"accuracy": 0.5}', "seed", "is of no kind that can be shown"),
        ('"step", "done": 0.5, "loss": 0.7', '"epoch", "epoch": 1', "seed", "lacks epochs, loss, images_per_second"),
        ("    return []", "    raise KeyError(7)", "facts", "KeyError"),
        ("    return []", "    return None", "facts", "TypeError"),
        ('"loss": 0.7', '"loss": "low"', "seed", "has no number as loss"),
    ],
)
def test_the_suite_names_the_mistake(tmp_path, old, new, check, said):
    broken = broken_by(check, plugin_checks(str(write_with_params(tmp_path, old, new))))
    assert said in f"{broken.seen} {broken.fix}"

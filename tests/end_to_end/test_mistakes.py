"""What the installed command says about mistakes."""

import json
import time

import pytest


def test_eight_mistakes_give_eight_located_problems(project, study_text):
    text = study_text
    for right, wrong in (
        ("seed: 7\ncohorts", "seed: seven\ncohorts"),
        ("dataset: phantom, params: {patients: 100", "dataset: phantm, params: {patients: 100"),
        ("site: B", "site: C"),
        ("above: 7", "abov: 7"),
        ("folds: 2", "folds: 1"),
        ("epochs: 3", "epoch: 3"),
        ("a: ap, b: lateral", "a: ap, b: latral"),
        ("primary: {set: internal,", "primary: {set: interna,"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    (project.home / "wrong.yaml").write_text(text)
    found = project.command("check", "wrong.yaml", expect=2)
    errors = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 8, found.stderr
    assert all(line.startswith("error: wrong.yaml, line ") for line in errors)
    assert "Did you mean 'lateral'?" in found.stderr


def test_weights_that_cannot_be_had_fail_at_check_with_the_ways_out(project):
    found = project.command("check", "tiny.yaml", "--set", "models.tiny.params.weights=imagenet", "--set",
                    "models.tiny.params.architecture=efficientnet_b5", "--no-pixels", "--json", expect=2)  # fmt: skip
    (problem,) = json.loads(found.stdout)["problems"]
    assert "weights: none" in problem["allowed"]
    assert "file:PATH.safetensors" in problem["allowed"]


@pytest.mark.slow
def test_weights_that_cannot_be_had_cost_a_check_less_than_15_seconds(project):
    def seconds(*changes, expect):
        begun = time.monotonic()
        project.command("check", "tiny.yaml", *changes, expect=expect)
        return time.monotonic() - begun

    weights = ("--set", "models.tiny.params.weights=imagenet",
               "--set", "models.tiny.params.architecture=efficientnet_b5")  # fmt: skip
    # Beyond a check of the same study without weights: a busy machine slows both.
    assert seconds(*weights, expect=2) - seconds(expect=0) < 15

"""The key of a unit: what may change its scores is part of it, and nothing else."""

import pytest
from planned import planned

from ovcf_bench.plan import make_plan

# With the data held as they are: a seed, for one, also deals patients anew, which would change the keys by itself.
CHANGES_SCORES = [
    "seed=8",
    "training.epochs=3",
    "training.batch_size=8",
    "training.optimizer.learning_rate=1e-2",
    "training.augmentation.flip=0.5",
    "training.normalisation=fixed",
    "training.precision=bfloat16",
    "models.net.params.arguments.stem_width=4",
]
CHANGES_NONE = ["title=Another", "report.exams=2", "threshold=0.5", "prevalences=[0.1]", "comparisons.0.margin=0.1"]


@pytest.fixture(scope="module")
def keys(tiny):
    """Return a function: the keys of the networks of the tiny study with one change, on the same data."""
    maker = planned(*tiny.opened()).maker

    def found(*changes):
        study, _, _ = tiny.opened("tiny.yaml", *changes)
        plan = make_plan(study, maker.models, maker.cases, {}, maker.store)
        return {(unit.arm.name, unit.unit.fold): unit.key for unit in plan.units if unit.arm.model == "net"}

    return found


@pytest.mark.parametrize("change", CHANGES_SCORES)
def test_what_may_change_scores_changes_every_key(keys, change):
    before, after = keys(), keys(change)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize("change", CHANGES_NONE)
def test_what_changes_no_score_changes_no_key(keys, change):
    assert keys(change) == keys()


def test_folds_arms_and_views_have_keys_of_their_own(keys):
    assert len(set(keys().values())) == len(keys()) == 4


@pytest.mark.parametrize("version", ["TRAINING_VERSION", "PREPROCESSING_VERSION"])
def test_a_version_that_was_raised_changes_every_key(keys, monkeypatch, version):
    before = keys()
    monkeypatch.setattr(f"ovcf_bench.plan.{version}", 99)  # as another version of the program would have it
    assert not set(before.values()) & set(keys().values())

import pandas as pd
import pytest
from examples import few
from hypothesis import given
from hypothesis import strategies as st

from ovcf_bench.errors import DataError, LeakError
from ovcf_bench.splits import NO_FOLD, assign, from_csv, prove_no_leak, reuse, to_csv, tuning_part
from ovcf_bench.vocabulary import SplitRule

PAPER = (
    SplitRule("development", "hospital", 399, 400),
    SplitRule("internal", "hospital"),
    SplitRule("external", "external"),
)


def patients(positives, negatives, cohort="hospital", prefix="P"):
    label = [1] * positives + [0] * negatives
    ids = [f"{prefix}{i:05d}" for i in range(len(label))]
    return pd.DataFrame({"patient_id": ids, "cohort": cohort, "label": label})


def paper():
    return pd.concat([patients(753, 754), patients(52, 52, "external", "E")], ignore_index=True)


def with_labels(splits, people):
    return splits.merge(people[["patient_id", "label"]], on="patient_id", validate="one_to_one")


def test_the_published_numbers_come_out():
    people = paper()
    found = with_labels(assign(people, PAPER, 5, 2024), people)
    counts = found.groupby(["split", "label"]).size()
    assert counts.to_dict() == {
        ("development", 0): 400, ("development", 1): 399, ("external", 0): 52, ("external", 1): 52,
        ("internal", 0): 354, ("internal", 1): 354,
    }  # fmt: skip
    folds = found[found["split"] == "development"].groupby(["fold", "label"]).size()
    assert set(folds.xs(0, level="label")) == {80}
    assert sorted(folds.xs(1, level="label")) == [79, 80, 80, 80, 80]


@few
@given(
    positives=st.integers(10, 60),
    negatives=st.integers(10, 60),
    folds=st.integers(2, 5),
    seed=st.integers(0, 2**40),
    order=st.randoms(use_true_random=False),
)
def test_no_patient_sits_in_two_folds_and_row_order_changes_nothing(positives, negatives, folds, seed, order):
    people = patients(positives, negatives)
    rules = (SplitRule("development", "hospital", positives // 2, negatives // 2), SplitRule("internal", "hospital"))
    rows = list(range(len(people)))
    order.shuffle(rows)
    found = assign(people, rules, folds, seed)
    other = assign(people.iloc[rows].reset_index(drop=True), rules, folds, seed)
    assert not found["patient_id"].duplicated().any()
    assert len(found) == len(people)
    pd.testing.assert_frame_equal(
        found.sort_values("patient_id").reset_index(drop=True), other.sort_values("patient_id").reset_index(drop=True)
    )
    development = with_labels(found, people)[lambda table: table["split"] == "development"]
    sizes = development.groupby(["label", "fold"]).size().unstack(fill_value=0)
    assert (sizes.max(axis=1) - sizes.min(axis=1) <= 1).all()
    assert (found.loc[found["split"] != "development", "fold"] == NO_FOLD).all()


def test_another_seed_gives_another_assignment():
    people = paper()
    one, two = (assign(people, PAPER, 5, seed)["split"].tolist() for seed in (1, 2))
    assert one != two


def test_asking_for_more_patients_than_there_are_is_an_error_that_counts():
    with pytest.raises(DataError, match="asks for 399 positive patients, 30 are left in 'hospital'"):
        assign(patients(30, 500), PAPER[:1], 5, 1)


def test_folds_without_both_labels_are_refused():
    with pytest.raises(DataError, match="not every fold has patients of both labels"):
        assign(patients(3, 50), (SplitRule("development", "hospital"),), 5, 1)


def test_a_frozen_assignment_is_reused_as_it_is():
    people = pd.concat([patients(30, 40), patients(6, 5, "external", "E")], ignore_index=True)
    rules = (SplitRule("development", "hospital", 20, 25), *PAPER[1:])
    found = assign(people, rules, 5, 2024)
    again = reuse(from_csv(to_csv(found), "splits.csv"), people, rules, 5, "splits.csv")
    pd.testing.assert_frame_equal(again, found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(patient_id="X" + table["patient_id"]), "1611 of its 1611 patients are not in"),
        (lambda table: table.assign(split=table["split"].replace("internal", "inner")), "The study names"),
        (lambda table: table.assign(cohort="hospital"), "other cohorts"),
    ],
)
def test_a_frozen_assignment_that_does_not_fit_is_refused(change, message):
    people = paper()
    found = change(assign(people, PAPER, 5, 2024))
    with pytest.raises(DataError, match=message):
        reuse(found, people, PAPER, 5, "splits.csv")


def test_a_frozen_file_with_a_patient_twice_is_a_leak():
    text = to_csv(assign(paper(), PAPER, 5, 1))
    first = text.splitlines()[1]
    with pytest.raises(LeakError, match="1 patient stands twice"):
        from_csv(text + first + "\n", "splits.csv")


def test_the_tuning_part_has_its_share_of_each_label():
    people = patients(300, 100)
    part = tuning_part(people["patient_id"].tolist(), people["label"].tolist(), 0.1, 5)
    label = people.set_index("patient_id")["label"]
    assert (label[list(part)] == 1).sum() == 30
    assert (label[list(part)] == 0).sum() == 10


def images():
    return pd.DataFrame(
        {
            "patient_id": ["a", "a", "b", "c"],
            "image_id": ["i0", "i1", "i2", "i3"],
            "split": ["development", "development", "development", "internal"],
            "fold": [0, 0, 1, NO_FOLD],
            "digest": ["1", "2", "3", "4"],
        }
    )


def test_a_clean_study_is_proven_clean():
    proof = prove_no_leak(images())
    assert (proof.patients_checked, proof.images_checked) == (3, 4)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (3, "patient_id", "a", "1 patient stands in two splits or folds"),
        (2, "patient_id", "a", "1 patient stands in two splits or folds"),
        (3, "digest", "1", "1 image has identical pixels in two splits or folds: i0 = i3"),
        (2, "digest", "2", "1 image has identical pixels in two splits or folds: i1 = i2"),
    ],
)
def test_a_planted_leak_stops_the_study(row, column, value, message):
    leaky = images()
    leaky.loc[row, column] = value
    with pytest.raises(LeakError, match=message):
        prove_no_leak(leaky)

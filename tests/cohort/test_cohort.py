import pandas as pd
import pytest

from ovcf_bench.cohort import apply_eligibility, cases, check_exams, count_cohort, patient_table
from ovcf_bench.errors import DataError
from ovcf_bench.vocabulary import CohortCounts, Eligibility


def exams(n=6, **columns):
    """Two views of one exam per patient; patients alternate between the labels."""
    rows = [
        {
            "patient_id": f"P{i}",
            "exam_id": f"P{i}-1",
            "image_id": f"P{i}-1-{view}",
            "view": view,
            "label": i % 2,
            "site": "A",
            "source": str(i),
        }
        for i in range(n)
        for view in ("ap", "lateral")
    ]
    table = pd.DataFrame(rows)
    return table.assign(**{name: [value for value in values for _ in range(2)] for name, values in columns.items()})


def test_the_two_columns_of_the_reference_study_come_out_of_their_own_steps():
    # Kim 2024, participant flow of the cases: 2349 - 832 = 1517; - 477 - 268 - 17 - 0 - 1 = 754; - 1 = 753.
    dropped = {"mri": 832, "refracture": 477, "surgery": 268, "scoliosis": 17, "tb": 0, "ankylosing": 1, "twice": 1}
    n = 2349
    table = exams(n).assign(label=1)
    start = 0
    for column, count in dropped.items():
        gone = {f"P{i}" for i in range(start, start + count)}
        table[column] = table["patient_id"].isin(gone).astype(int)
        start += count
    rules = [Eligibility(name, name, "equals", 1) for name in dropped]
    cohort = apply_eligibility("cases", check_exams(table, "t"), rules)
    assert [step.after.patients for step in cohort.steps] == [2349, 1517, 1040, 772, 755, 755, 754, 753]
    assert [step.dropped.images for step in cohort.steps[1:]] == [2 * count for count in dropped.values()]
    assert cohort.steps[-1].after.views == {"ap": 753, "lateral": 753}


def test_an_exam_goes_as_a_whole_when_one_of_its_images_meets_the_rule():
    table = exams(4)
    table["artefact"] = [1, 0, 0, 0, 0, 0, 0, 0]
    cohort = apply_eligibility("c", table, [Eligibility("artefact", "artefact", "equals", 1)])
    assert set(cohort.images["patient_id"]) == {"P1", "P2", "P3"}


def test_a_patient_who_keeps_an_exam_is_not_counted_as_dropped():
    table = exams(4)
    table.loc[2:3, "patient_id"] = "P0"  # the second patient's exam becomes a second exam of the first
    table["old"] = [1, 1, 0, 0, 0, 0, 0, 0]
    step = apply_eligibility("c", table, [Eligibility("old film", "old", "equals", 1)]).steps[1]
    assert (step.before.patients, step.dropped.patients, step.after.patients) == (3, 0, 3)
    assert (step.dropped.exams, step.dropped.images) == (1, 2)


@pytest.mark.parametrize(
    ("condition", "value", "kept"),
    [
        ("above", 7, ["P0", "P1", "P3"]),
        ("below", 7, ["P2", "P3"]),
        ("equals", 9, ["P0", "P1", "P3"]),
        ("not_equals", 9, ["P2", "P3"]),
        ("missing", None, ["P0", "P1", "P2"]),
    ],
)
def test_a_missing_value_meets_only_the_rule_that_asks_for_it(condition, value, kept):
    table = exams(4, days=[1, 2, 9, None])
    cohort = apply_eligibility("c", table, [Eligibility("r", "days", condition, value)])
    assert sorted(set(cohort.images["patient_id"])) == kept


def test_a_rule_for_another_cohort_is_no_step_here():
    cohort = apply_eligibility("c", exams(), [Eligibility("r", "absent", "missing", cohort="elsewhere")])
    assert len(cohort.steps) == 1


def test_an_unknown_column_is_an_error_with_a_suggestion():
    with pytest.raises(DataError, match="Did you mean 'days_to_mri'"):
        apply_eligibility("c", exams(days_to_mri=range(6)), [Eligibility("r", "days_to_mr", "above", 7)])


def test_a_rule_with_numbers_on_a_column_of_words_is_an_error():
    with pytest.raises(DataError, match="holds words"):
        apply_eligibility("c", exams(sex=list("FMFMFM")), [Eligibility("r", "sex", "above", 7)])


def test_everything_wrong_with_an_exam_table_is_said_at_once_and_without_identifiers():
    table = exams()
    table["label"] = table["label"].astype(object)
    table.loc[0, "label"] = 7
    table.loc[2, "view"] = None
    table.loc[5, "image_id"] = table.loc[4, "image_id"]
    with pytest.raises(DataError) as caught:
        check_exams(table, "cohort 'c'")
    text = str(caught.value)
    assert "row 1: unknown label" in text
    assert "row 3: a required value is missing" in text
    assert "row 5: the image_id" in text
    assert "P2" not in text


def test_views_of_one_exam_with_two_labels_are_counted_not_named():
    table = exams()
    table.loc[0, "label"] = 1
    with pytest.raises(DataError, match="1 exam has views with different labels") as caught:
        check_exams(table, "c")
    assert "P0" not in str(caught.value)


def test_a_patient_in_two_cohorts_is_an_error():
    cohorts = [apply_eligibility(name, exams(), []) for name in ("a", "b")]
    with pytest.raises(DataError, match="6 patient_ids stand in more than one cohort"):
        patient_table(cohorts, one_label=True)


def test_a_patient_with_exams_of_both_labels_needs_the_exam_as_case():
    table = exams(4)
    table.loc[2:3, "patient_id"] = "P0"
    cohort = apply_eligibility("c", table, [])
    with pytest.raises(DataError, match="analysis_level: exam"):
        patient_table([cohort], one_label=True)
    assert dict(patient_table([cohort], one_label=False).set_index("patient_id")["label"]) == {
        "P0": 1,
        "P2": 0,
        "P3": 1,
    }


def prepared(table):
    return table.assign(split="development", fold=0, cache_key="k" + table["image_id"], digest="d" + table["image_id"])


def test_a_view_brings_one_case_per_image():
    found = cases(prepared(exams(3)), ["lateral"])
    assert found["image_id"].tolist() == ["P0-1-lateral", "P1-1-lateral", "P2-1-lateral"]
    assert found["cache_keys"].tolist() == [["kP0-1-lateral"], ["kP1-1-lateral"], ["kP2-1-lateral"]]


def test_several_views_are_joined_by_exam_and_never_by_position():
    shuffled = prepared(exams(4)).sample(frac=1, random_state=3).reset_index(drop=True)
    found = cases(shuffled, ["lateral", "ap"])
    expected = [[f"k{exam}-lateral", f"k{exam}-ap"] for exam in found["exam_id"]]
    assert found["cache_keys"].tolist() == expected
    assert set(found["image_id"]) == {""}


def test_an_exam_without_one_of_the_views_is_no_case_of_both():
    table = prepared(exams(3)).drop(index=0)
    assert cases(table, ["ap", "lateral"])["exam_id"].tolist() == ["P1-1", "P2-1"]


def test_an_unknown_view_is_an_error_with_a_suggestion():
    with pytest.raises(DataError, match="Did you mean 'lateral'"):
        cases(prepared(exams(3)), ["latral"])


def test_counts_of_nobody_are_zero():
    assert count_cohort(exams().iloc[:0]) == CohortCounts(0, 0, 0, 0, 0, {})

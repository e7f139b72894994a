"""Table 1: numbers and categories by split and label, and no text that could tell who a patient is."""

import pandas as pd
import pytest
from score_tables import development, find, rows, study

from ovcf_bench.records import to_json


def cohort():
    return pd.DataFrame(
        {
            "patient_id": [f"p{i}" for i in range(8)],
            "cohort": "hospital", "site": "A", "fold": None,
            "split": ["development"] * 6 + ["internal", ""],
            "label": [1, 1, 1, 0, 0, 0, 1, 0],
            "age": [70.5, 80.5, None, 60.5, 70.5, 65.5, 90.5, 1.0],
            "sex": ["F", "F", "M", "M", "F", "M", "F", "F"],
            "grade": [1, 2, 3, 0, 0, 0, 2, 0],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return find(study(), [*development(), *rows("s03_n104_rho03")], cohort=cohort())


def test_table_1_describes_numbers_and_categories_by_split_and_label(found):
    age, sex, grade = found.table1
    assert (age.kind, sex.kind, grade.kind) == ("numeric", "categorical", "categorical")
    positives = age.splits["development"].positives
    assert (positives.n, positives.missing, positives.mean, positives.median) == (2, 1, 75.5, 75.5)
    assert positives.sd == pytest.approx(50**0.5)
    # (75.5 - 65.5) / sqrt((50 + 25) / 2)
    assert age.splits["development"].smd == pytest.approx(10 / 37.5**0.5)
    levels = {one.level: (one.n, one.share) for one in sex.splits["development"].positives.levels}
    assert levels == {"F": (2, pytest.approx(2 / 3)), "M": (1, pytest.approx(1 / 3))}
    # shares of M 1/3 and 2/3: (1/3) / sqrt(2/9)
    assert sex.splits["development"].smd == pytest.approx((1 / 3) / (2 / 9) ** 0.5)
    assert [one.level for one in grade.splits["development"].all.levels] == ["0", "1", "2", "3"]


def test_table_1_leaves_out_unused_patients_and_says_why_a_difference_is_missing(found):
    internal = found.table1[0].splits["internal"]
    assert (internal.all.n, internal.negatives.n, internal.smd) == (1, 0, None)
    assert internal.reason == "a class has too few values"
    assert found.table1[2].splits["development"].reason.startswith("the classes do not overlap")


def test_table_1_never_lists_texts_that_could_tell_who_a_patient_is():
    table = pd.DataFrame(
        {
            "patient_id": range(30), "split": "internal", "label": [0, 1] * 15,
            "accession": [f"secret{i}" for i in range(30)],
        }
    )  # fmt: skip
    found = find(study(), [*development(), *rows("s03_n104_rho03")], cohort=table)
    assert found.table1[0].kind == "text"
    assert "secret" not in to_json(found)

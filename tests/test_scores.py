import math

import numpy as np
import pandas as pd
import pytest

from ovcf_bench import scores
from ovcf_bench.errors import RecordError
from ovcf_bench.vocabulary import SCORE_COLUMNS


def row(**changes):
    return {
        "set": "internal", "kind": "test", "target": "label", "arm": "ap/net", "view": "ap", "model": "net",
        "repeat": 0, "fold": 1, "ensemble": "none", "patient_id": "p1", "exam_id": "e1", "image_id": "i1",
        "site": "A", "label": 1, "score": 0.75, "logit": math.log(3),
    } | changes  # fmt: skip


def ensemble(**changes):
    return row(repeat=None, fold=None, ensemble="mean_logit", **changes)


def random_table(n=300):
    rng = np.random.default_rng(5)
    logits = rng.standard_normal(n) * 30
    return scores.build(
        row(
            patient_id=f"{i:05d}", exam_id=f"{i:05d}", image_id=f"{i:05d}", logit=logit,
            score=1 / (1 + math.exp(-logit)), age=int(rng.integers(50, 90)), code=f"{i:03d}",
            dose=None if i == 7 else float(rng.random()), sex=("F", "M")[i % 2],
        )
        for i, logit in enumerate(logits)
    )  # fmt: skip


def test_a_table_comes_back_from_csv_to_the_last_bit():
    table = random_table()
    again = scores.from_csv(scores.to_csv(table))
    pd.testing.assert_frame_equal(again, table, check_exact=True, check_dtype=False)
    assert scores.to_csv(again) == scores.to_csv(table)


def test_identifiers_and_codes_keep_their_leading_zeros():
    again = scores.from_csv(scores.to_csv(random_table(3)))
    assert again["patient_id"].tolist() == ["00000", "00001", "00002"]
    assert again["code"].tolist() == ["000", "001", "002"]
    assert again["age"].dtype == "int64"


def test_columns_stand_in_the_declared_order_before_the_covariates():
    shuffled = dict(reversed(row(age=70).items()))
    assert tuple(scores.build([shuffled]).columns) == (*SCORE_COLUMNS, "age")


def test_empty_cells_stay_empty():
    table = scores.build([ensemble(image_id=None, logit=None)])
    again = scores.from_csv(scores.to_csv(table))
    for one in (table, again):
        assert one.loc[0, "image_id"] == ""
        assert one.loc[0, ["repeat", "fold", "logit"]].isna().all()


def test_a_missing_view_has_an_empty_score():
    table = scores.from_csv(scores.to_csv(scores.build([row(score=None, logit=None)])))
    assert math.isnan(table.loc[0, "score"])


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        (row(kind="train"), "kind"),
        (row(ensemble="median"), "ensemble"),
        (row(label=2), "label"),
        (row(score=1.5), "score"),
        (row(logit=math.inf), "logit"),
        (row(patient_id=""), "patient_id"),
        (row(fold=None), "repeat"),
        (ensemble() | {"fold": 0}, "repeat"),
    ],
)
def test_each_breach_is_named_by_column_and_row(wrong, column):
    with pytest.raises(RecordError, match=f"column '{column}': 1 row breaks the contract: row 3"):
        scores.build([row(image_id="other"), wrong])


def test_all_breaches_are_reported_at_once_and_without_identifiers():
    with pytest.raises(RecordError) as caught:
        scores.build([row(kind="train", score=-1, patient_id="secret"), row(), row()])
    assert len(caught.value.problems) == 3
    assert "secret" not in str(caught.value)


def test_missing_columns_are_named():
    with pytest.raises(RecordError, match="columns are missing: score, logit"):
        scores.build([{name: value for name, value in row().items() if name not in ("score", "logit")}])


def test_a_value_of_another_type_names_its_column():
    with pytest.raises(RecordError, match="column 'fold'"):
        scores.build([row(fold="first")])


def test_a_table_without_rows_keeps_its_columns():
    empty = scores.from_csv(scores.to_csv(pd.DataFrame(columns=[*SCORE_COLUMNS])))
    assert (len(empty), tuple(empty.columns)) == (0, SCORE_COLUMNS)

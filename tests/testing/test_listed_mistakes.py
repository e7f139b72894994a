"""Scores that exist already: read as a run would, or refused."""

import pytest
from plugin_trials import broken_by, changed, failures

from ovcf_bench.testing import NotApplicable, plugin_checks

READERS = "exam_id,senior,junior,lateral\na,1,2,3\nb,2,,4\n"
COLUMNS = {"oblique": ["senior", "junior"], "ap": ["lateral"]}


def listed_checks_of(tmp_path, text, **columns):
    (tmp_path / "scores.csv").write_text(text)
    return plugin_checks("readers", {"path": "scores.csv", "columns": columns or COLUMNS}, folder=tmp_path)


def test_scores_that_exist_are_read_for_every_view_that_the_parameters_name(tmp_path):
    checks = listed_checks_of(tmp_path, READERS)
    assert checks[0]() == ("view 'ap': 2 exams, readers: 1; view 'oblique': 2 exams, readers: 2, 1 score missing")
    assert failures(checks) == {}


def test_scores_that_are_refused_on_purpose_for_all_views_are_not_looked_at(tmp_path):
    checks = plugin_checks("readers", {"path": "nowhere.csv"}, folder=tmp_path)
    with pytest.raises(NotApplicable, match=r"'nowhere.csv' cannot be read"):
        checks[0]()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (READERS.replace("b,", "a,"), "1 exam has two scores of one reader"),
        (READERS.replace("2,,4", "2,,high"), "1 score is no finite number"),
        (READERS.replace("2,,4", "2,,inf"), "1 score is no finite number"),
        (READERS.replace("b,", ","), "1 score names no exam"),
    ],
)
def test_scores_that_a_run_would_refuse_are_told(tmp_path, text, said):
    assert broken_by("scores", listed_checks_of(tmp_path, text)).seen == f"view 'ap': {said}"


LISTED = """
import pandas as pd

from ovcf_bench.api import ModelPlugin, Params, hookimpl

CALLS = []


def listed(params, folder, views):
    CALLS.append(views)
    table = pd.DataFrame({"exam_id": ["a", "b"], "reader": "", "score": [1.0, 2.0]})
    return table


@hookimpl
def register_models(register):
    register(ModelPlugin(name="lists", params=Params, summary="Lists scores", listed=listed))
"""


@pytest.mark.parametrize(
    ("returned", "check", "said"),
    [
        ("table.to_dict()", "scores", "returns dict"),
        ("table.drop(columns='reader')", "scores", "lacks reader"),
        ("table.assign(score=len(CALLS))", "same table again", "different tables"),
        ("table.loc['SECRET']", "scores", "model 'lists', listed, view 'ap': KeyError (lists.py, line 12"),
    ],
)
def test_a_mistake_of_a_plugin_that_lists_scores_is_told(tmp_path, returned, check, said):
    (tmp_path / "lists.py").write_text(LISTED)
    checks = plugin_checks(changed(tmp_path / "lists.py", "return table", f"return {returned}"))
    broken = broken_by(check, checks)
    assert said in broken.seen
    assert "SECRET" not in str(broken).replace("table.loc['SECRET']", "")  # the line is shown, the words are not

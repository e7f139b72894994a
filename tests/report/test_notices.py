import json

import pytest

from ovcf_bench.report.notices import notices
from ovcf_bench.report.read import read_run


@pytest.fixture
def quiet(run):
    run.change("provenance.json", lambda said: said.update(synthetic=[]))
    return run


def told(run):
    return [(notice.title, notice.text, notice.items) for notice in notices(read_run(run.path))]


def test_a_plain_run_on_real_data_has_no_notice(quiet):
    assert told(quiet) == []


def test_failed_units_come_first_with_their_reasons(run):
    run.change("provenance.json", lambda said: said["units"][3].update(status="failed", reason="loss is NaN"))
    first = notices(read_run(run.path))[0]
    assert first.grave
    assert first.title == "1 of 10 units failed"
    assert first.items == ("ap/efficientnet_b5, fold 4: loss is NaN",)
    assert "Nothing was imputed" in first.text


def test_synthetic_data_say_that_no_patient_was_examined(run):
    ((title, text, _),) = told(run)
    assert title == "Synthetic data"
    assert text.startswith("The radiographs of hospital and external were computed; no patient was examined.")


def test_random_weights_name_the_model(quiet):
    quiet.change("provenance.json", lambda said: said["models"]["efficientnet_b5"].update(weights="none"))
    assert told(quiet) == [
        ("Random starting weights", "efficientnet_b5 started from random, not from pretrained, weights.", ())
    ]


@pytest.mark.parametrize(
    ("profile", "title"), [("quick", "Reduced by the profile quick"), (None, "Changed on the command line")]
)
def test_what_was_reduced_is_listed(quiet, profile, title):
    changes = ["training.epochs: 20 -> 8"]
    quiet.change("provenance.json", lambda said: said.update(profile=profile, reduced=changes))
    ((said, _, items),) = told(quiet)
    assert (said, items) == (title, tuple(changes))


def test_optimistic_checkpoints_are_called_so(quiet):
    quiet.change("provenance.json", lambda said: said.update(optimistic_checkpoint=True))
    assert [title for title, _, _ in told(quiet)] == ["Optimistic checkpoints"]


def test_comparisons_that_were_not_declared_are_named_once(quiet):
    def add_late(found):
        for each in found["sets"].values():
            each["comparisons"][0]["declared"] = False

    quiet.change("findings.json", add_late)
    ((title, text, _),) = told(quiet)
    assert title == "Not declared in advance"
    assert "exploratory: ap_vs_lateral." in text


def test_units_of_different_precision_are_pointed_out(quiet):
    quiet.change("provenance.json", lambda said: said["units"][1].update(precision="float32"))
    ((title, text, _),) = told(quiet)
    assert title == "Units made in different ways"
    assert text.endswith("cuda with bfloat16 and cuda with float32.")


def checked(run, **levels):
    rows = [{"probe": "marks at the border", "view": "ap", "n": 799, "auroc": 0.9712, "lower": 0.9555}]
    found = [
        {"check": name, "level": level, "summary": f"what {name} found", "rows": rows if name == "shortcuts" else []}
        for name, level in levels.items()
    ]
    (run.path / "checks.json").write_text(json.dumps(found))
    return run


def test_a_shortcut_that_a_probe_found_is_a_grave_notice(quiet):
    checked(quiet, shortcuts="warning", near_duplicates="warning", balance="warning")
    shortcut, alike = notices(read_run(quiet.path))
    assert shortcut.grave
    assert shortcut.text.startswith("In development what shortcuts found. Networks may have learnt that")
    assert (alike.title, alike.text) == ("Images that look alike", "What near_duplicates found.")


def test_checks_that_found_nothing_stand_in_their_table_alone(quiet):
    checked(quiet, shortcuts="ok", near_duplicates="ok")
    assert told(quiet) == []
    page = quiet.page()
    assert "Checks of the data before training" in page
    assert "what shortcuts found" in page
    assert ".971" in page
    assert ".955" in page or ".956" in page

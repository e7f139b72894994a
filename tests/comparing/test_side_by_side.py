"""Runs side by side: what changed, the paired tests, and when there is none."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from report.conftest import FLOW, ORACLE, all_scores, build_run, cohort

from ovcf_bench import scores
from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError, RecordError
from ovcf_bench.findings import rebuild

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]
CASES = {"internal": "s02_n20_rho08_ties5", "external": "s03_n104_rho03"}  # few cases: each pair is resampled
ARMS = ("ap/efficientnet_b5", "lateral/efficientnet_b5")
SWAPPED = dict(zip(ARMS, reversed(ARMS), strict=True))


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-14)


def invoke(*arguments):
    return CliRunner().invoke(ovcf_bench_command, ["report", *map(str, arguments)], catch_exceptions=False)


def refused(*arguments):
    with pytest.raises(BenchError) as caught:
        invoke(*arguments)
    assert caught.value.exit_code == 2
    return str(caught.value)


def side_by_side(*runs, to):
    result = invoke(*runs, "--to", to)
    assert result.exit_code == 0, result.output
    return result.output


def read(folder, name):
    return json.loads((folder / name).read_text("utf-8"))


def comparisons(folder, name="internal"):
    return {one["id"]: one for one in read(folder, "findings.json")["sets"][name]["comparisons"]}


def shared(folder):
    return {(each["set"], each["run"]): each for each in read(folder, "side_by_side.json")["shared"]}


def change_scores(run, edit):
    table = edit(scores.from_csv((run / "scores.csv").read_text("utf-8")))
    (run / "scores.csv").write_text(scores.to_csv(scores.build(table)), encoding="utf-8")


def change(run, name, edit):
    record = read(run, name)
    edit(record)
    (run / name).write_text(json.dumps(record), encoding="utf-8")


def write_run(run, *, of=ARMS, cases=CASES, rename=None, **changes):
    table = all_scores(of, cases).replace({"arm": rename or {}})
    build_run(run, table, **changes)
    (run / "scores.csv").write_text(scores.to_csv(table), encoding="utf-8")
    (run / "flow.json").write_text(json.dumps(FLOW), encoding="utf-8")
    (run / "cohort.csv").write_text(cohort().to_csv(index=False), encoding="utf-8")
    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs of one cohort: in `after` each arm has the scores that the other one has in `before`."""
    folder = tmp_path_factory.mktemp("made")
    write_run(folder / "before")
    after = write_run(folder / "after", rename=SWAPPED, seed=7)
    change(after, "provenance.json", lambda said: said["versions"].update(torch="2.14.0"))
    return folder


@pytest.fixture(scope="module")
def least(tmp_path_factory):
    """Two runs of one arm, scored on one set of 20 cases: for claims about folders and records, not about figures."""
    folder = tmp_path_factory.mktemp("least")
    alone = {"arms": {"views": ["ap"]}, "comparisons": [], "primary": None}
    for name, seed in (("one", 2024), ("two", 7)):
        write_run(folder / name, of=ARMS[:1], cases={"internal": CASES["internal"]}, seed=seed, **alone)
    return folder


@pytest.fixture(scope="module")
def both(made, tmp_path_factory):
    """The two runs side by side, for reading only."""
    folder = tmp_path_factory.mktemp("both") / "to"
    side_by_side(made / "before", made / "after", to=folder)
    return folder


@pytest.fixture
def before(made, tmp_path):
    return Path(shutil.copytree(made / "before", tmp_path / "before"))


@pytest.fixture
def after(made, tmp_path):
    return Path(shutil.copytree(made / "after", tmp_path / "after"))


@pytest.fixture
def one(least, tmp_path):
    return Path(shutil.copytree(least / "one", tmp_path / "one"))


@pytest.fixture
def two(least, tmp_path):
    return Path(shutil.copytree(least / "two", tmp_path / "two"))


def other_patients(table):
    return table.assign(patient_id="q" + table["patient_id"], exam_id="q" + table["exam_id"])


def test_identical_runs_differ_by_0_with_p_1(one, tmp_path):
    side_by_side(one, one, to=tmp_path / "to")
    (found,) = comparisons(tmp_path / "to").values()
    assert found["id"] == f"{ARMS[0]} [run 2] - {ARMS[0]} [run 1]"
    assert (found["difference"], found["p"], found["n"]) == (0, 1, 20)
    assert "in nothing that is recorded of study and program" in (tmp_path / "to" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(("name", "case"), CASES.items())
def test_the_second_run_minus_the_first_is_delongs_paired_test(both, name, case):
    expected, found = REFERENCE[case]["ap_vs_lat"], comparisons(both, name)
    ap, lateral = (found[f"{arm} [run 2] - {arm} [run 1]"] for arm in ARMS)
    assert ap["difference"] == close(-expected["diff"])  # run 2 holds the lateral scores under the name of ap
    assert lateral["difference"] == close(expected["diff"])
    for one in (ap, lateral):
        assert one["p"] == close(expected["delong_paired"]["p"])
        assert (one["paired"], one["declared"], one["p_holm"]) == (True, False, None)


def test_what_changed_in_study_and_program_is_listed_before_the_results(both):
    first, second = read(both, "side_by_side.json")["runs"]
    assert (first["study"], first["program"]) == ([], [])
    assert "seed: 2024 -> 7" in second["study"]
    assert second["program"] == ["versions.torch: 2.13.0 -> 2.14.0"]
    html = (both / "report.html").read_text("utf-8")
    assert html.index("versions.torch: 2.13.0 -&gt; 2.14.0") < html.index("AUROC by run") < html.index("Table 3.")


def test_aurocs_stand_as_each_run_found_them(made, both):
    for listed in read(both, "side_by_side.json")["runs"]:
        for name, found in read(made / listed["name"], "findings.json")["sets"].items():
            for arm, each in found["arms"].items():
                told = listed["aurocs"][name][arm]
                assert (told["auroc"], told["ci"], told["n"]) == (each["auroc"], each["ci"], each["n"])


def test_synthetic_cohorts_stay_a_notice(both):
    assert "Radiographs of run 1 and run 2 were computed" in (both / "report.html").read_text("utf-8")


def test_other_patients_are_not_tested_and_the_page_says_so_with_counts_only(before, after, tmp_path):
    change_scores(after, other_patients)
    output = side_by_side(before, after, to=tmp_path / "to")
    assert "internal, run 2: no test" in output
    assert "other patients, or pseudonyms of another key" in output
    assert read(tmp_path / "to", "findings.json")["sets"] == {}
    html = (tmp_path / "to" / "report.html").read_text("utf-8")
    assert "No test set could be tested in pairs" in html
    assert "AUROC by run" in html
    identifier = scores.from_csv((before / "scores.csv").read_text("utf-8"))["patient_id"].iloc[-1]
    assert identifier not in html + (tmp_path / "to" / "side_by_side.json").read_text("utf-8") + output


def test_only_the_set_whose_patients_are_the_same_is_tested(before, after, tmp_path):
    def edit(table):
        return table.where(table["set"] != "external", other_patients(table))

    change_scores(after, edit)
    side_by_side(before, after, to=tmp_path / "to")
    assert list(read(tmp_path / "to", "findings.json")["sets"]) == ["internal"]
    found = shared(tmp_path / "to")
    assert found["internal", 2]["arms"] == list(ARMS)
    assert found["external", 2]["arms"] == []


@pytest.mark.parametrize("column", ["label", "exam_id"])
def test_one_exam_or_label_that_differs_forbids_the_test(before, after, tmp_path, column):
    def edit(table):
        one = table["patient_id"] == table.loc[table["set"] == "internal", "patient_id"].iloc[0]
        return table.assign(**{column: table[column].mask(one, 1 - table["label"] if column == "label" else "e-other")})

    change_scores(after, edit)
    side_by_side(before, after, to=tmp_path / "to")
    found = shared(tmp_path / "to")["internal", 2]
    assert (found["arms"], found["n"]) == ([], 19)
    assert "20 patients are in both" in found["reason"]


def test_arms_of_one_run_only_are_shown_and_not_tested(one, two, tmp_path):
    lock = (two / "study.lock.yaml").read_text("utf-8").replace("efficientnet_b5", "other")
    (two / "study.lock.yaml").write_text(lock, encoding="utf-8")
    change_scores(two, lambda table: table.assign(arm=table["arm"].str.replace("efficientnet_b5", "other")))
    rebuild(two)
    output = side_by_side(one, two, to=tmp_path / "to")
    assert "no arm of it has the name of an arm of run 1" in output
    html = (tmp_path / "to" / "report.html").read_text("utf-8")
    assert "the run has no such arm on such a set" in html


def test_an_arm_with_a_failed_unit_has_no_test_and_its_reason_is_shown(one, two, tmp_path):
    change_scores(two, lambda table: table[table["ensemble"] == "none"])
    change(two, "provenance.json", lambda said: said["units"][0].update(status="failed", reason="out of memory"))
    rebuild(two)
    side_by_side(one, two, to=tmp_path / "to")
    found = comparisons(tmp_path / "to")[f"{ARMS[0]} [run 2] - {ARMS[0]} [run 1]"]
    assert (found["status"], found["p"]) == ("absent", None)
    assert "out of memory" in (tmp_path / "to" / "report.html").read_text("utf-8")


def test_the_answer_is_about_a_set_that_was_tested(before, after, tmp_path):
    third = Path(shutil.copytree(after, tmp_path / "third"))
    for run in (before, after, third):  # two test sets are enough: the other arm is left out
        change_scores(run, lambda table: table[table["arm"] == ARMS[0]])
    change_scores(after, lambda table: table.where(table["set"] != "internal", other_patients(table)))
    side_by_side(before, after, third, to=tmp_path / "to")
    found = read(tmp_path / "to", "findings.json")
    assert found["primary"] == {"set": "external", "comparison": f"{ARMS[0]} [run 2] - {ARMS[0]} [run 1]"}
    assert "has no result" not in found["summary"][0]["text"]


def test_every_further_run_is_compared_with_the_first_and_with_no_other(one, two, tmp_path):
    side_by_side(one, two, one, to=tmp_path / "to")
    pairs = {(each["a"][-7:], each["b"][-7:]) for each in comparisons(tmp_path / "to").values()}
    assert pairs == {("[run 2]", "[run 1]"), ("[run 3]", "[run 1]")}


def test_scores_from_elsewhere_are_shown_and_not_tested(before, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    table = ["compare", f"{ORACLE}/s03_n104_rho03.csv", "--label", "y", "--arm", "ap", "--arm", "lat"]
    options = ["--patient", "patient_id", "--resamples", "100", "--runs", str(tmp_path / "compared")]
    CliRunner().invoke(ovcf_bench_command, table + options, catch_exceptions=False)
    (compared,) = (tmp_path / "compared").iterdir()
    side_by_side(compared, compared, to=tmp_path / "to")
    assert "scores from elsewhere" in shared(tmp_path / "to")["all", 2]["reason"]
    side_by_side(before, compared, to=tmp_path / "mixed")
    assert read(tmp_path / "mixed", "side_by_side.json")["runs"][1]["study"] == [
        "one of the two runs comes from a study, the other from a table of scores"
    ]


def test_the_folder_is_a_run_that_can_be_rebuilt_to_the_same_bytes(one, two, tmp_path):
    folder = tmp_path / "runs" / "to"
    side_by_side(one, two, to=folder)
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in ("findings.json", "report.html"):
        (folder / name).unlink()
    assert invoke(folder).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
    (listed,) = json.loads(CliRunner().invoke(ovcf_bench_command, ["runs", str(folder.parent), "--json"]).stdout)
    assert (listed["broken"], listed["synthetic"]) == ("", ["run 1", "run 2"])


def test_untested_runs_can_be_rebuilt_as_well(before, after, tmp_path):
    change_scores(after, other_patients)
    side_by_side(before, after, to=tmp_path / "to")
    html = (tmp_path / "to" / "report.html").read_bytes()
    assert invoke(tmp_path / "to").exit_code == 0
    assert (tmp_path / "to" / "report.html").read_bytes() == html


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids such names")
def test_folders_named_alike_are_told_apart_by_number(one, two, tmp_path):
    hostile = '<script>"&[red]'
    for parent, run in (("1", one), ("2", two)):
        (tmp_path / parent).mkdir()
        run.rename(tmp_path / parent / hostile)
    side_by_side(tmp_path / "1" / hostile, tmp_path / "2" / hostile, to=tmp_path / "to")
    assert [run["name"] for run in read(tmp_path / "to", "side_by_side.json")["runs"]] == [hostile, hostile]
    assert {each["a"][-7:] for each in comparisons(tmp_path / "to").values()} == {"[run 2]"}
    assert (tmp_path / "to" / "report.html").read_text("utf-8").count("<script") == 2  # those of the page


def test_without_to_the_same_runs_land_in_the_same_folder_beside_the_first(one, two):
    assert invoke(one, two).exit_code == 0
    (folder,) = one.parent.glob("side-by-side-*")
    assert len(folder.name) == len("side-by-side-") + 8
    assert invoke(one, two).exit_code == 0
    assert list(one.parent.glob("side-by-side-*")) == [folder]


def test_every_folder_that_is_no_run_is_named_and_nothing_is_written(before, tmp_path):
    (tmp_path / "empty").mkdir()
    said = refused(before, tmp_path / "empty", tmp_path / "absent", "--to", tmp_path / "to")
    assert "run empty" in said
    assert "run absent" in said
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ("findings.json", "{}"),
        ("provenance.json", "[]"),
        ("scores.csv", "set\nx\n"),
        ("scores.csv", ""),
        ("study.lock.yaml", "schema: 9"),
    ],
)
def test_a_broken_record_is_an_error_and_nothing_is_written(before, after, tmp_path, record, text):
    (after / record).write_text(text, encoding="utf-8")
    assert "run after" in refused(before, after, "--to", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_folder_that_holds_something_else_is_never_written_over(before, after, tmp_path):
    records = {path.name: path.read_bytes() for path in after.iterdir()}
    assert "holds something else" in refused(before, after, "--to", after)
    assert {path.name: path.read_bytes() for path in after.iterdir()} == records


def test_runs_that_stand_side_by_side_already_are_refused(before, both):
    assert "is several runs side by side" in refused(before, both)


def test_no_run_at_all_and_one_run_with_to_are_errors_of_use(before, tmp_path):
    assert invoke().exit_code == 2
    assert invoke(before, "--to", tmp_path / "to").exit_code == 2
    with pytest.raises(RecordError):
        invoke(tmp_path)

"""Scores from elsewhere: how a table is understood, what is refused, and that the findings are those of a run."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from places import ORACLE

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError, RecordError
from ovcf_bench.records import SOURCE, RunFolder

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())
MOVER = json.loads((ORACLE / "mover.json").read_text())
WIDE = ("--label", "y", "--arm", "ap", "--arm", "lat", "--patient", "patient_id")
FEW = ("--resamples", "100")


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.fixture(autouse=True)
def own_key(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(ovcf_bench_command, ["compare", *map(str, arguments)], catch_exceptions=False)


def findings(*arguments):
    found = invoke(*arguments, *FEW, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def first(found, name="all"):
    return found["sets"][name]["comparisons"][0]


def refused(*arguments):
    with pytest.raises(BenchError) as caught:
        invoke(*arguments, *FEW, "--json")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_example_gives_one_set_named_all_and_arms_named_by_their_columns():
    found = findings(ORACLE / "s07_n708_rho03.csv", *WIDE)
    expected = REFERENCE["cases"]["s07_n708_rho03"]["ap_vs_lat"]
    assert list(found["sets"]) == ["all"]
    assert list(found["sets"]["all"]["arms"]) == ["ap", "lat"]
    one = first(found)
    assert (one["a"], one["b"], one["n"], one["declared"]) == ("ap", "lat", 708, False)
    assert one["difference"] == close(expected["diff"])
    assert one["p"] == close(expected["delong_paired"]["p"])
    assert one["p_holm"] is None
    assert one["conclusion"].endswith("It was not declared before the test scores existed.")
    assert not list(Path().glob("reports"))


@pytest.mark.parametrize(("margin", "verdict"), [("0.05", "equivalent"), ("0.01", "inconclusive"), (None, None)])
def test_identical_scores_are_equivalent_only_within_a_margin(margin, verdict):
    options = ("--margin", margin) if margin else ()
    one = first(findings(ORACLE / "s05_n104_identical.csv", *WIDE, "--claim", "equivalence", *options))
    assert (one["difference"], one["p"]) == (0, 1)
    assert one["equivalence"]["ci"] == close(MOVER["s05_n104_identical"]["ci90"])
    assert one["equivalence"]["verdict"] == verdict
    if verdict is None:
        assert "no margin was declared" in one["equivalence"]["reason"]


@pytest.mark.parametrize("missing", ["complete_pairs", "all_data"])
def test_missing_views_give_both_estimates_and_the_named_one_leads(missing):
    claim = ("--claim", "noninferiority", "--margin", "0.1")
    found = findings(ORACLE / "s10_n708_rho03_partial.csv", *WIDE, *claim, "--missing", missing)
    one, expected = first(found), REFERENCE["cases"]["s10_n708_rho03_partial"]["ap_vs_lat"]
    assert one["difference"] == close(expected["diff"])
    assert one["n"] + one["missing"] == 708
    assert one["all_data"]["difference"] == close(expected["zhou_gatsonis"]["diff"])
    assert one["all_data"]["z"] == close(expected["zhou_gatsonis"]["z"])
    assert one["primary_estimate"] == missing
    shown = one["all_data"] if missing == "all_data" else one
    assert f"{shown['difference']:+.3f}".replace("-", "−") in found["summary"][1]["text"]
    low = one["noninferiority"]["ci"][0]
    assert low == close(MOVER["s10_n708_rho03_partial"]["ci95"][0]) if missing == "complete_pairs" else low < -0.04


def test_one_class_and_repeated_patients_are_refused_with_the_way_out(tmp_path):
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
    table.assign(y=1).to_csv(tmp_path / "one.csv", index=False)
    assert "one class only (104 positive, 0 negative)" in refused(tmp_path / "one.csv", *WIDE)
    said = refused(ORACLE / "c01_clustered_p200.csv", *WIDE)
    assert "--cluster patient_id" in said
    assert "P0000" not in said


def test_with_clusters_no_method_for_independent_cases_is_left():
    options = ("--label", "y", "--arm", "ap", "--arm", "lat", "--cluster", "patient_id", "--threshold", "0.5")
    found = findings(ORACLE / "c01_clustered_p200.csv", *options, "--prevalence", "0.05")
    one, expected = first(found), REFERENCE["clustered"]["c01_clustered_p200"]
    assert (one["z"], one["p"]) == (close(expected["z"]), close(expected["p"]))
    text = json.dumps(found)
    for independent in ("Wilson", "Newcombe", "McNemar", "Moskowitz", "Kosinski", "Mercaldo", "Simel", '"DeLong"'):
        assert independent not in text
    methods = dict(_methods(found))
    assert methods
    assert all("patient" in value for value in methods.values()), methods
    point = found["sets"]["all"]["arms"]["ap"]["operating_point"]["achieved"]
    for name in ("lr_positive", "lr_negative"):
        assert point[name]["ci"] is None and point[name]["reason"]  # noqa: PT018
    assert found["sets"]["all"]["arms"]["ap"]["calibration"]["spiegelhalter_p"] is None


def _methods(value, path=""):
    """Every method by which an interval or a p-value was made, by where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("ci_method", "p_method") and inner is not None:
                yield f"{path}.{key}", inner
            else:
                yield from _methods(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _methods(inner, f"{path}.{position}")


def test_readers_get_the_published_analysis_of_van_dyke():
    arms = [f"t{test}=" + ",".join(f"t{test}_r{reader}" for reader in range(1, 6)) for test in (1, 2)]
    found = findings(ORACLE / "vandyke.csv", "--label", "truth", "--arm", arms[0], "--arm", arms[1])
    expected = json.loads((ORACLE / "vandyke.json").read_text())
    one = first(found)
    assert (one["difference"], one["p"]) == (close(expected["difference"]), close(expected["p"]))
    assert (one["readers"]["f"], one["readers"]["df2"]) == (close(expected["F"]), close(expected["df2"]))
    assert list(one["readers"]["aurocs"]["t1"]) == close(expected["auroc"][0])
    assert found["sets"]["all"]["arms"]["t1"]["auroc"] == close(expected["means"][0])
    assert "readers and cases like these" in found["summary"][1]["text"]


def long_table():
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
    return table.melt(["patient_id", "y"], ["ap", "lat"], "arm", "score").rename(columns={"y": "label"})


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "xlsx"])
def test_long_tables_of_every_kind_are_understood_without_options(tmp_path, suffix):
    table, path = long_table().sample(frac=1, random_state=3), tmp_path / f"long.{suffix}"
    write = {"csv": table.to_csv, "tsv": table.to_csv, "parquet": table.to_parquet, "xlsx": table.to_excel}[suffix]
    write(path, index=False, **({"sep": "\t"} if suffix == "tsv" else {}))
    shown = invoke(path, *FEW, "--json", "--pair", "ap", "lat")
    one = first(json.loads(shown.stdout))
    expected = REFERENCE["cases"]["s03_n104_rho03"]["ap_vs_lat"]
    assert (one["difference"], one["p"]) == (close(expected["diff"]), close(expected["delong_paired"]["p"]))
    assert "one row per arm: arms in arm, scores in score, cases in patient_id" in shown.stderr


def test_a_wide_table_is_guessed_aloud_and_only_when_it_is_plain(tmp_path):
    shown = invoke(ORACLE / "s03_n104_rho03.csv", *FEW, "--json")
    assert "Read as: one column per arm: ap, lat, third." in shown.stderr
    comparisons = json.loads(shown.stdout)["sets"]["all"]["comparisons"]
    expected = REFERENCE["cases"]["s03_n104_rho03"]["multi"]
    assert [f"{one['a']} vs {one['b']}" for one in comparisons] == expected["pairs"]
    assert [one["p_bh"] for one in comparisons] == close(expected["bh"])  # none was declared: exploratory
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
    table.assign(truth=table["y"]).to_csv(tmp_path / "two.csv", index=False)
    assert "several columns could be the label: y, truth" in refused(tmp_path / "two.csv")
    table[["y", "sex"]].to_csv(tmp_path / "none.csv", index=False)
    assert "no column is plainly a score" in refused(tmp_path / "none.csv")


def test_a_threshold_is_fitted_on_another_set_or_marked_as_optimistic(tmp_path):
    table = pd.read_csv(ORACLE / "s07_n708_rho03.csv")
    table["split"] = np.where(table.index < 200, "validation", "test")
    table.to_csv(tmp_path / "sets.csv", index=False)
    found = findings(tmp_path / "sets.csv", *WIDE, "--set", "split", "--fit-on", "validation")
    assert list(found["sets"]) == ["test"]
    point = found["sets"]["test"]["arms"]["ap"]["operating_point"]
    assert (point["fitted_on"], point["optimistic"]) == ("validation", False)
    assert point["development"]["tp"] + point["development"]["fn"] == int(table["y"][:200].sum())
    own = findings(ORACLE / "s07_n708_rho03.csv", *WIDE, "--threshold", "youden")
    point = own["sets"]["all"]["arms"]["ap"]["operating_point"]
    youden = REFERENCE["cases"]["s07_n708_rho03"]["ap"]["youden"][0]
    assert point["optimistic"]
    assert point["achieved"]["sensitivity"]["value"] == close(youden["sensitivity"])
    assert point["achieved"]["specificity"]["value"] == close(youden["specificity"])
    shared = table.assign(patient_id=[f"p{i % 600}" for i in range(708)])
    shared.to_csv(tmp_path / "shared.csv", index=False)
    assert "are in another set as well" in refused(
        tmp_path / "shared.csv", *WIDE, "--set", "split", "--fit-on", "validation"
    )


def test_subgroups_give_the_reference_difference_of_differences():
    found = findings(ORACLE / "s07_n708_rho03.csv", *WIDE, "--subgroup", "sex")
    (interaction,) = first(found)["interactions"]
    expected = REFERENCE["cases"]["s07_n708_rho03"]["subgroup_sex"]
    assert abs(interaction["difference"]) == close(abs(expected["dod"]))  # groups stand in alphabetical order
    assert interaction["p"] == close(expected["p"])
    assert {group["group"]: group["estimate"]["n"] for group in interaction["groups"]} == {"F": 363, "M": 345}


@pytest.mark.parametrize("name", ["site", "model", "view"])
def test_a_subgroup_may_bear_the_name_of_a_column_that_says_nothing_here(name):
    table = pd.read_csv(ORACLE / "s07_n708_rho03.csv").rename(columns={"sex": name})
    table.to_csv("named.csv", index=False)
    (interaction,) = first(findings("named.csv", *WIDE, "--subgroup", name))["interactions"]
    assert interaction["p"] == close(REFERENCE["cases"]["s07_n708_rho03"]["subgroup_sex"]["p"])


@pytest.mark.parametrize("name", ["fold", "arm", "patient"])
def test_a_subgroup_that_means_something_else_in_a_table_of_scores_is_refused(tmp_path, name):
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv").rename(columns={"sex": name})
    table.to_csv(tmp_path / "named.csv", index=False)
    assert "has another meaning" in refused(tmp_path / "named.csv", *WIDE, "--subgroup", name)


def test_raw_scores_have_no_calibration_and_ranks_alone_matter():
    plain = findings(ORACLE / "s03_n104_rho03.csv", *WIDE)
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
    table[["ap", "lat"]] = np.exp(3 * table[["ap", "lat"]])
    table.to_csv("raw.csv", index=False)
    raw = findings("raw.csv", *WIDE)
    assert first(raw)["p"] == close(first(plain)["p"])
    calibration = raw["sets"]["all"]["arms"]["ap"]["calibration"]
    assert calibration["figures"] == []
    assert "not probabilities" in calibration["reason"]
    assert plain["sets"]["all"]["arms"]["ap"]["calibration"]["figures"]


def test_every_mistake_in_a_table_is_told_without_naming_a_patient(tmp_path):
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv").astype({"y": object, "ap": object})
    wrong = table.copy()
    wrong.loc[3, "y"] = 2
    wrong.to_csv(tmp_path / "label.csv", index=False)
    assert "1 row (5) holds something else than 0 or 1" in refused(tmp_path / "label.csv", *WIDE)
    wrong = table.copy()
    wrong.loc[7, "ap"] = "high"
    wrong.to_csv(tmp_path / "text.csv", index=False)
    said = refused(tmp_path / "text.csv", *WIDE)
    assert "1 row (9) is no number" in said
    assert "P000" not in said
    assert "Did you mean 'lat'?" in refused(ORACLE / "s03_n104_rho03.csv", "--label", "y", "--arm", "latt")
    long = long_table()
    long.loc[0, "label"] = 1 - long.loc[0, "label"]
    long.to_csv(tmp_path / "differs.csv", index=False)
    assert "differs between the arms of 1 case" in refused(tmp_path / "differs.csv")
    assert "is not a table" in refused(ORACLE / "oracle.json")
    assert "is no threshold" in refused(ORACLE / "s03_n104_rho03.csv", *WIDE, "--threshold", "often")


def test_the_command_leaves_a_report_and_prints_nothing_else_with_json(tmp_path):
    printed = invoke(ORACLE / "s03_n104_rho03.csv", *WIDE, *FEW, "--json")
    written = invoke(ORACLE / "s03_n104_rho03.csv", *WIDE, *FEW)
    assert written.exit_code == 0
    (folder,) = Path("reports/comparisons").iterdir()
    assert (folder / "findings.json").read_text() == printed.stdout
    assert f"Report: {folder / 'report.html'}" in written.stdout
    assert {path.name for path in folder.iterdir()} == {
        "analysis.json", "source.json", "scores.csv", "findings.json", "report.html",
    }  # fmt: skip
    for path in folder.iterdir():
        assert "P00001" not in path.read_text(), path.name
        assert str(tmp_path) not in path.read_text(), path.name
    page = (folder / "report.html").read_text()
    assert "Not declared in advance" in page
    assert "these scores" in page
    before = {path: path.read_bytes() for path in folder.iterdir()}
    again = CliRunner().invoke(ovcf_bench_command, ["report", str(folder)], catch_exceptions=False)
    assert again.exit_code == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert RunFolder(folder).read(SOURCE).rows == 104


def test_a_comparison_that_lost_its_analysis_is_told_so_and_not_taken_for_a_run():
    invoke(ORACLE / "s03_n104_rho03.csv", *WIDE, *FEW)
    (folder,) = Path("reports/comparisons").iterdir()
    (folder / "analysis.json").unlink()
    again = r"Make it again by `ovcf-bench compare`, or by `report` with the runs\."
    with pytest.raises(RecordError, match=rf"analysis\.json cannot be read\n +{again}$"):
        CliRunner().invoke(ovcf_bench_command, ["report", str(folder)], catch_exceptions=False)


def test_scores_of_a_comparison_without_its_subgroup_are_an_error_that_names_the_file_and_the_way_out():
    invoke(ORACLE / "s03_n104_rho03.csv", *WIDE, *FEW, "--subgroup", "sex")
    (folder,) = Path("reports/comparisons").iterdir()
    table = pd.read_csv(folder / "scores.csv")
    table.drop(columns="sex").to_csv(folder / "scores.csv", index=False)
    with pytest.raises(RecordError, match=f"run {folder.name}, scores.csv: lacks sex") as caught:
        CliRunner().invoke(ovcf_bench_command, ["report", str(folder)], catch_exceptions=False)
    assert "Make it again by `ovcf-bench compare`" in str(caught.value)


@pytest.mark.system
def test_the_installed_command_finds_the_same_in_another_process_and_ends_with_2_after_a_mistake():
    program, table = str(Path(sys.executable).with_name("ovcf-bench")), str(ORACLE / "s03_n104_rho03.csv")
    printed = subprocess.run([program, "compare", table, *WIDE, *FEW, "--json"], capture_output=True, check=True)
    assert printed.stdout.decode("utf-8") == invoke(table, *WIDE, *FEW, "--json").stdout
    wrong = subprocess.run(
        [program, "compare", table, "--label", "y", "--arm", "latt"], capture_output=True, check=False
    )
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert b"Did you mean 'lat'?" in wrong.stderr

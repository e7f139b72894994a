"""The list of runs: what each found, links that lead to the reports, and broken runs that stop nothing."""

import json
import os
import re
import shutil
import urllib.parse
from pathlib import Path

import pytest
from click.testing import CliRunner

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError
from ovcf_bench.report import write_report
from ovcf_bench.report.runs_index import index_page, read_runs, write_index

HOSTILE = "<script>alert(1)</script>".replace("/", "_") + ' "a b":c&d%2f#?[red]'


@pytest.fixture(scope="module")
def listed(finished, tmp_path_factory):
    """A folder with one finished run, and a store of units beside it, which is no run; for reading only."""
    folder = tmp_path_factory.mktemp("listed") / "runs"
    shutil.copytree(finished, folder / "paper-8e98cc09")
    write_report(folder / "paper-8e98cc09")
    (folder / "units").mkdir()
    return folder


@pytest.fixture
def runs(listed, tmp_path):
    """A copy of that folder which a test may change."""
    return Path(shutil.copytree(listed, tmp_path / "runs"))


def change(run, name, edit):
    record = json.loads((run / name).read_text("utf-8"))
    edit(record)
    (run / name).write_text(json.dumps(record), encoding="utf-8")


def invoke(*arguments):
    return CliRunner().invoke(ovcf_bench_command, ["runs", *map(str, arguments)], catch_exceptions=False)


def test_a_run_tells_its_primary_comparison_with_the_numbers_of_its_findings(runs):
    (run,) = read_runs(runs)
    found = json.loads((runs / run.name / "findings.json").read_text("utf-8"))
    expected = found["sets"]["internal"]["comparisons"][0]
    assert (run.primary.set, run.primary.a, run.primary.b) == ("internal", expected["a"], expected["b"])
    assert (run.primary.difference, list(run.primary.ci)) == (expected["difference"], expected["ci"])
    assert run.primary.verdict.startswith(expected["noninferiority"]["verdict"])
    assert (run.units, run.failed, run.profile, run.synthetic) == (10, 0, None, ("hospital", "external"))
    assert run.title == "AP and lateral radiographs for OVCF"


def test_failed_units_and_the_profile_are_told(runs):
    def edit(said):
        said["profile"] = "quick"
        said["units"][3] |= {"status": "failed", "reason": "out of memory"}

    change(runs / "paper-8e98cc09", "provenance.json", edit)
    (run,) = read_runs(runs)
    assert (run.failed, run.units, run.profile) == (1, 10, "quick")
    assert "1 of 10" in index_page([run])


def test_without_a_primary_comparison_the_arms_of_the_first_set_stand_instead(runs):
    change(runs / "paper-8e98cc09", "findings.json", lambda found: found.update(primary=None))
    (run,) = read_runs(runs)
    assert run.primary is None
    assert {(arm.set, arm.arm.split("/")[0]) for arm in run.arms} == {("internal", "ap"), ("internal", "lateral")}
    assert "AUROC on internal: ap" in index_page([run])


@pytest.mark.parametrize(
    ("ci", "verdict"),
    [([0.01, 0.05], "superior"), ([-0.05, -0.01], "inferior"), ([-0.01, 0.05], "difference not shown"), (None, "")],
)
def test_a_claimed_difference_is_judged_by_the_interval_that_is_shown(runs, ci, verdict):
    def edit(found):
        found["sets"]["internal"]["comparisons"][0] |= {"claim": "difference", "ci": ci}

    change(runs / "paper-8e98cc09", "findings.json", edit)
    assert read_runs(runs)[0].primary.verdict == verdict


def test_a_comparison_of_scores_is_listed_without_units(runs):
    run = runs / "paper-8e98cc09"
    for record in ("provenance.json", "study.lock.yaml", "history.csv"):
        (run / record).unlink()
    change(run, "findings.json", lambda found: found.update(flow=None))
    (found,) = read_runs(runs)
    assert (found.broken, found.units, found.failed, found.synthetic) == ("", None, None, ())


def test_the_newest_run_stands_first(runs):
    shutil.copytree(runs / "paper-8e98cc09", runs / "a-older")
    shutil.copytree(runs / "paper-8e98cc09", runs / "z-newer")
    for name, time in (("a-older", 1_000_000_000), ("paper-8e98cc09", 1_100_000_000), ("z-newer", 1_200_000_000)):
        os.utime(runs / name / "findings.json", (time, time))
    found = read_runs(runs)
    assert [run.name for run in found] == ["z-newer", "paper-8e98cc09", "a-older"]
    assert found[2].made == "2001-09-09T01:46:40+00:00"


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ("findings.json", b"{"),
        ("findings.json", b'{"schema": 1}'),
        ("findings.json", b"\xff\xfe"),
        ("history.csv", b"\xff\xfe"),
        ("provenance.json", b"[]"),
        ("study.lock.yaml", b"schema: 9"),
    ],
)
def test_a_broken_run_is_listed_with_the_record_and_stops_no_other(runs, record, text):
    shutil.copytree(runs / "paper-8e98cc09", runs / "broken")
    (runs / "broken" / record).write_bytes(text)
    found = {run.name: run for run in read_runs(runs)}
    assert record in found["broken"].broken
    assert found["broken"].report == "broken/report.html"
    assert found["paper-8e98cc09"].broken == ""
    assert "1 of them cannot be read" in index_page(list(found.values()))


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids such names")
def test_links_lead_to_the_reports_whatever_the_folders_are_called(runs):
    shutil.copytree(runs / "paper-8e98cc09", runs / HOSTILE)
    shutil.copytree(runs / "paper-8e98cc09", runs / "javascript:alert(1)")
    change(runs / HOSTILE, "findings.json", lambda found: found["study"].update(title="</td><script>"))
    html = write_index(runs, read_runs(runs)).read_text("utf-8")
    assert html.count("<script") == 2  # values to download, and the page's own
    links = [link for link in re.findall(r'href="([^"]*)"', html) if not link.startswith("#")]
    assert len(links) == 3
    for link in links:
        parts = urllib.parse.urlsplit(link)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert (runs / urllib.parse.unquote(parts.path)).is_file()


@pytest.mark.skipif(os.name == "nt", reason="Windows names folders in Unicode only")
def test_a_folder_whose_name_is_not_utf8_is_listed_and_linked(runs):
    shutil.copytree(runs / "paper-8e98cc09", runs / os.fsdecode(b"r\xff\n"))
    html = write_index(runs, read_runs(runs)).read_text("utf-8")
    assert 'href="r%FF%0A/report.html"' in html
    assert "r\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}" in html


def test_a_run_without_a_report_has_no_link(runs):
    (runs / "paper-8e98cc09" / "report.html").unlink()
    assert read_runs(runs)[0].report is None
    assert "report.html" not in index_page(read_runs(runs))


def test_the_command_prints_the_list_and_writes_the_index(runs, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    result = invoke(runs)
    assert result.exit_code == 0
    assert "paper-8e98cc09" in result.stdout
    assert (runs / "index.html").read_text("utf-8") == index_page(read_runs(runs))


def test_json_holds_what_the_list_holds(runs):
    (run,) = json.loads(invoke(runs, "--json").stdout)
    assert (run["name"], run["failed"], run["report"]) == ("paper-8e98cc09", 0, "paper-8e98cc09/report.html")
    assert run["primary"]["set"] == "internal"


def test_the_folder_is_reports_runs_unless_another_is_named(runs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    runs.rename(tmp_path / "reports" / "runs")
    assert len(json.loads(invoke("--json").stdout)) == 1


@pytest.mark.parametrize("name", ["absent", "runs/paper-8e98cc09", "runs/units"])
def test_a_folder_without_runs_is_refused_and_gets_no_index(runs, tmp_path, name):
    with pytest.raises(BenchError, match="Allowed: a folder whose subfolders are runs") as caught:
        invoke(tmp_path / name)
    assert caught.value.exit_code == 2
    assert not (tmp_path / name / "index.html").exists()


def test_the_command_is_listed_and_explains_itself_with_an_example():
    assert "\n  runs " in CliRunner().invoke(ovcf_bench_command, ["--help"]).output
    assert "ovcf-bench runs reports/comparisons" in invoke("--help").output

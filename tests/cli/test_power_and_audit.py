"""`ovcf-bench power` and `ovcf-bench audit` at the command line."""

import json

import pytest
from click.testing import CliRunner

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import StatisticsError
from ovcf_bench.stats.power import Design, power


def invoke(*arguments):
    found = CliRunner().invoke(ovcf_bench_command, list(arguments), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_the_published_figures_are_told_apart():
    internal = ("audit", "--auroc", "0.915", "0.953", "--positives", "354", "--negatives", "354", "--p", "0.604")
    said = invoke(*internal)
    assert said.startswith("IMPOSSIBLE")
    assert "p cannot exceed 0.318" in said
    external = ("audit", "--auroc", "0.982", "0.979", "--positives", "52", "--negatives", "52", "--p", "0.604")
    assert invoke(*external).startswith("POSSIBLE")
    assert json.loads(invoke(*internal, "--json"))["verdict"] == "impossible"


def test_the_digits_that_were_published_set_the_rounding():
    coarse = ("audit", "--auroc", "0.9", "0.95", "--positives", "354", "--negatives", "354", "--p", "0.6")
    fine = ("audit", "--auroc", "0.900", "0.950", "--positives", "354", "--negatives", "354", "--p", "0.600")
    assert invoke(*coarse).startswith("POSSIBLE")  # .85 to .95 against .85 to 1
    assert invoke(*fine).startswith("IMPOSSIBLE")


def test_power_at_a_size_is_that_of_the_statistics(tmp_path):
    page = tmp_path / "power.html"
    options = ("--auroc", "0.91", "0.95", "--correlation", "0.5", "--positives", "100", "--negatives", "150")
    found = json.loads(invoke("power", *options, "--json", "--html", str(page)))
    assert found["power"] == power(Design(0.91, 0.95, 0.5, 100, 150))
    assert [point["patients"] for point in found["curve"]] == [63, 125, 187, 250, 313, 375, 500]
    html = page.read_text()
    assert "Power of a planned comparison" in html
    assert html.count("<script") == 2  # values to download, and the page's own


def test_a_sample_size_reaches_the_wanted_power():
    options = ("--claim", "noninferiority", "--margin", "0.05", "--power", "0.9", "--ratio", "2")
    found = json.loads(invoke("power", "--auroc", "0.93", "0.93", "--correlation", "0.5", *options, "--json"))
    assert found["power"] >= 0.9
    assert found["negatives"] == 2 * found["positives"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--auroc", "0.9", "0.9", "--correlation", "0.5"), "no difference to find"),
        (("--auroc", "0.9", "0.9", "--correlation", "0.5", "--claim", "equivalence"), "needs a margin"),
        (("--auroc", "0.9", "0.8", "--correlation", "1.5"), "between -1 and 1"),
    ],
)
def test_what_cannot_be_planned_is_said(options, why):
    with pytest.raises(StatisticsError, match=why):
        CliRunner().invoke(ovcf_bench_command, ["power", *options], catch_exceptions=False)

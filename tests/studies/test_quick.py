"""What the bundled studies promise of their quick profiles, run through the installed command."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from docs_reader import Reader
from sklearn.metrics import roc_auc_score

pytestmark = pytest.mark.slow

SETS = ("internal", "external")
SINGLE = ("ap/network", "lateral/network")
FUSED = ("ap+lateral/mean", "ap+lateral/learned")
MOST_LOST = 0.01  # of AUROC, by a fusion against the better single view
# The arms that are looked at: the others cost as much again.
ARMS = "arms.include=[{views: [ap, lateral], model: mean}, {views: [ap, lateral], model: learned}]"
COMPARISONS = "comparisons=[{id: mean_vs_lateral, a: ap+lateral/mean, b: lateral/network}]"


@pytest.fixture(scope="module")
def fusion(tmp_path_factory):
    """The run folder of the study that fuses views."""
    laptop = Reader(tmp_path_factory.mktemp("laptop"), Path(sys.executable).parent)
    found = subprocess.run(
        ["ovcf-bench", "run", "studies/fusion.yaml", "--profile", "quick", "--set", ARMS, "--set", COMPARISONS],
        cwd=laptop.folder, env=laptop.environment, capture_output=True, text=True, timeout=3000, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]
    (run,) = (laptop.folder / "reports" / "runs").glob("fusion-*")
    return run


def findings_of(run):
    return json.loads((run / "findings.json").read_text("utf-8"))


@pytest.mark.parametrize("arm", [*SINGLE, *FUSED])
@pytest.mark.parametrize("name", SETS)
def test_the_auroc_of_the_findings_is_that_of_scikit_learn(fusion, name, arm):
    findings = findings_of(fusion)
    table = pd.read_csv(fusion / "scores.csv", dtype=str)
    of_arm = (table["set"] == name) & (table["arm"] == arm) & (table["ensemble"] == findings["study"]["ensemble"])
    scored = table[of_arm]
    assert scored["patient_id"].is_unique
    assert len(scored) == findings["sets"][name]["n"]
    expected = roc_auc_score(scored["label"].map(int), scored["score"].map(float))
    assert findings["sets"][name]["arms"][arm]["auroc"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("fused", FUSED)
@pytest.mark.parametrize("name", SETS)
def test_two_views_fused_are_not_below_the_better_one(fusion, name, fused):
    arms = findings_of(fusion)["sets"][name]["arms"]
    aurocs = {arm: record["auroc"] for arm, record in arms.items()}
    assert aurocs[fused] >= max(aurocs[single] for single in SINGLE) - MOST_LOST, aurocs

"""What the findings say in words: verdicts, warnings, and what a p-value never becomes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from score_tables import AP, BOTH, LATERAL, development, find, rows, study

from ovcf_bench.records import to_json
from ovcf_bench.vocabulary import Comparison


def test_a_large_p_never_becomes_a_statement_of_likeness():
    claim = Comparison("ap_vs_lat", AP, LATERAL)
    found = find(study(comparisons=(claim,)), [*development(), *rows("s06_n708_rho0")])
    (comparison,) = found.sets["internal"].comparisons
    assert comparison.estimate.p > 0.3
    assert "A difference is not shown" in comparison.conclusion
    assert "does not show that the two are alike" in comparison.conclusion
    assert comparison.noninferiority.reason.startswith("no margin was declared")
    text = to_json(found)
    assert "comparable" not in text
    assert "no difference" not in text


def test_a_perfect_view_marks_its_p_in_the_answer():
    found = find(study(), [*development(), *rows("s04_n104_rho08_perfect_lat")])
    assert "DeLong p = .005; one AUROC has no variance" in found.summary[1].text
    assert "anti-conservative" in found.summary[1].text
    assert any("separate the classes completely" in note for note in found.notes)


def test_claims_without_a_margin_say_why_there_is_no_verdict():
    claim = replace(BOTH, margin=None)
    found = find(study(comparisons=(claim,)), [*development(), *rows("s06_n708_rho0")])
    assert found.sets["internal"].comparisons[0].conclusion.startswith("There is no verdict: no margin")


@pytest.mark.parametrize(
    ("margin", "words"),
    [(0.05, "are equivalent at the declared margin of 0.05"), (0.02, "is not shown")],
)
def test_an_equivalence_claim_is_judged_by_the_ninety_percent_interval(margin, words):
    claim = replace(BOTH, claim="equivalence", margin=margin)
    found = find(study(comparisons=(claim,)), [*development(), *rows("s06_n708_rho0")])
    assert words in found.sets["internal"].comparisons[0].conclusion


def test_a_high_internal_auroc_with_chance_outside_is_called_a_shortcut():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 52)
    chance = pd.DataFrame({"patient_id": [f"x{i}" for i in range(104)], "y": y})
    chance["ap"], chance["lat"] = rng.random(104), rng.random(104)
    a_study = study(sets=("internal", "external"))
    found = find(
        a_study,
        [*development(shift=5), *rows("s07_n708_rho03"), *rows(chance, set_name="external")],
    )
    assert found.sets["external"].arms[AP].covers_half
    note = found.notes[0]
    assert note.startswith("This is the pattern of a shortcut: ap/net and lat/net reach")
    assert "development and internal" in note
    assert "burned-in marker" in note
    assert found.summary[-1].text == note


def test_chance_everywhere_is_no_shortcut_but_is_said():
    rng = np.random.default_rng(1)
    chance = pd.DataFrame({"patient_id": [f"x{i}" for i in range(104)], "y": np.repeat([0, 1], 52)})
    chance["ap"], chance["lat"] = rng.random(104), rng.random(104)
    found = find(study(), [*development(shift=0), *rows(chance)])
    assert not any("shortcut" in note for note in found.notes)
    assert any("holds 0.5" in note for note in found.notes)


def test_a_study_without_a_primary_comparison_still_gets_an_answer():
    found = find(study(comparisons=()), [*development(), *rows("s03_n104_rho03")])
    assert found.primary is None
    assert found.summary[0].text == "The study declares no primary comparison."
    assert "for ap/net and" in found.summary[1].text

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from ovcf_bench import findings, scores
from ovcf_bench.errors import RecordError
from ovcf_bench.report import write_report
from ovcf_bench.report.flow import flow_chart
from ovcf_bench.report.format import duration, interval, number, p_value, signed
from ovcf_bench.study import parse

STUDY = """\
schema: 1
title: TITLE
question: Which view is better?
cohorts: {hospital: {dataset: d}, elsewhere: {dataset: d}}
covariates: [age]
splits:
  development: {from: hospital, positives: 20, negatives: 20}
  internal: {from: hospital}
  external: {from: elsewhere}
  folds: 2
models: {net: {model: m}}
arms: {views: [ap, lateral]}
comparisons: [{id: ap_vs_lateral, a: ap, b: lateral, claim: noninferiority, margin: 0.05}]
primary: {set: internal, comparison: ap_vs_lateral}
published:
  source: Somebody 2024
  figures: [{set: internal, auroc: {ap: 0.915}, positives: 354, negatives: 354}, {p: 0.604}]
"""

PLAIN = STUDY.replace("TITLE", "A study")


def score_rows(arm, view, draw):
    rows = []
    for split, n in (("development", 40), ("internal", 60), ("external", 30)):
        label = np.arange(n) % 2
        logits = label + draw.normal(size=(2, n))
        for case in range(n):
            row = {"set": split, "target": "label", "arm": arm, "view": view, "model": "net", "site": "A",
                   "patient_id": f"p-{split}{case}", "exam_id": f"e-{split}{case}", "image_id": f"i-{case}{view}",
                   "label": label[case], "age": 60.0 + case}  # fmt: skip
            if split == "development":
                rows.append(
                    {**row, "kind": "oof", "repeat": 0, "fold": case % 2, "ensemble": "none", "logit": logits[0, case]}
                )
                continue
            for fold in (0, 1):
                rows.append(
                    {**row, "kind": "test", "repeat": 0, "fold": fold, "ensemble": "none", "logit": logits[fold, case]}
                )
            mean = logits[:, case].mean()
            rows.append({**row, "kind": "test", "repeat": None, "fold": None, "ensemble": "mean_logit", "logit": mean})
    table = pd.DataFrame(rows)
    return table.assign(score=1 / (1 + np.exp(-table["logit"])))


def counts(n):
    return {
        "patients": n,
        "exams": n,
        "images": 2 * n,
        "positives": n // 2,
        "negatives": n // 2,
        "views": {"ap": n, "lateral": n},
    }


def step(reason, before, dropped, after):
    rule = "" if reason == "listed by the dataset" else "days above 7"
    return {
        "reason": reason,
        "rule": rule,
        "before": counts(before),
        "dropped": counts(dropped),
        "after": counts(after),
    }


FLOW = {
    "cohorts": {
        "hospital": {"steps": [step("listed by the dataset", 120, 0, 120), step("MRI over 7 days", 120, 20, 100)]},
        "elsewhere": {"steps": [step("listed by the dataset", 30, 0, 30)]},
    },
    "splits": {
        "development": {"cohort": "hospital", **counts(40)},
        "internal": {"cohort": "hospital", **counts(60)},
        "external": {"cohort": "elsewhere", **counts(30)},
    },
    "unused": {},
}  # fmt: skip

PROVENANCE = {
    "project_version": "0.1.0", "command": "ovcf-bench run study.yaml", "study_file": "study.yaml",
    "study_hash": "ab" * 32,
    "profile": None, "set": [], "reduced": [], "synthetic": [],
    "models": {"net": {"class": "timm.ResNet", "parameters": 1234567, "weights": "imagenet"}},
    "units": [{"arm": arm, "repeat": 0, "fold": fold, "key": "cd" * 32, "status": "done", "reason": "", "seconds": 12.3,
               "device": "cpu", "precision": "float32"} for arm in ("ap/net", "lateral/net") for fold in (0, 1)],
    "versions": {"torch": "2.13.0"}, "python": "3.11.7", "platform": "Linux x86_64", "device": "cpu", "threads": 1,
    "workers": 2, "seed": 0, "seconds": 61.0, "optimistic_checkpoint": False, "declared": {"ap_vs_lateral": True},
    "leakage": {"patients_checked": 130, "images_checked": 260, "statement": "Nothing leaks."},
}  # fmt: skip

HISTORY = "arm,repeat,fold,epoch,loss,learning_rate,tuning_loss,tuning_auroc,images_per_second\n" + "".join(
    f"{arm},0,{fold},{epoch},{0.8 / epoch},0.001,,,100\n" for arm in ("ap/net", "lateral/net") for fold in (0, 1)
    for epoch in (1, 2, 3)
)  # fmt: skip


@pytest.fixture
def make_run(tmp_path):
    """Write the records of a run and return its folder; what differs from a plain run is given by name."""

    def make(study=PLAIN, history=HISTORY, failed=(), rename=None, **provenance):
        draw = np.random.default_rng(3)
        table = pd.concat([score_rows("ap/net", "ap", draw), score_rows("lateral/net", "lateral", draw)])
        parsed = parse(study, None)
        if failed:
            gone = (table["arm"] == "ap/net") & ((table["fold"] == 0) | (table["ensemble"] != "none"))
            table = table[~gone]
        cohort = pd.DataFrame({"patient_id": [f"p{n}" for n in range(130)], "cohort": "hospital", "site": "A",
                               "split": ["development"] * 40 + ["internal"] * 60 + ["external"] * 30,
                               "label": np.arange(130) % 2, "age": np.arange(130) % 30 + 60})  # fmt: skip
        units = [{**unit, "status": "failed", "reason": reason} if (unit["arm"], unit["fold"]) == (arm, fold) else unit
                 for unit in PROVENANCE["units"] for arm, fold, reason in failed or [("", 0, "")]]  # fmt: skip
        said = {**PROVENANCE, "units": units, **provenance}
        found = findings.build(parsed, scores.build(table), flow=FLOW, cohort_table=cohort, declared=said["declared"],
                               failed=[unit for unit in units if unit["status"] == "failed"])  # fmt: skip
        (tmp_path / "findings.json").write_text(findings.to_json(found))
        (tmp_path / "provenance.json").write_text(json.dumps(said))
        (tmp_path / "study.lock.yaml").write_text(parsed.to_yaml())
        if history is not None:
            (tmp_path / "history.csv").write_text(history)
        return tmp_path

    return make


def html_of(run):
    return write_report(run).read_text("utf-8")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(0.91549), "0.915"), (number(None), "–"), (number(-0.0001), "0.000"), (signed(-0.0214), "−0.021"),
        (signed(0.0031), "+0.003"), (signed(0.0), "0.000"), (interval((0.8932, 0.934)), "0.893 to 0.934"),
        (interval(None), "–"), (p_value(0.02651), "0.027"), (p_value(0.00002), "< 0.001"), (p_value(1.0), "1.000"),
        (duration(45), "45 s"), (duration(600), "10.0 min"), (duration(7200), "2.0 h"),
    ],
)  # fmt: skip
def test_numbers_are_printed_as_journals_do(shown, expected):
    assert shown == expected


def test_the_page_asks_for_nothing_from_anywhere(make_run):
    html = html_of(make_run())
    assert "<script" not in html
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:,)""", html)
    assert "url(" not in html.replace("url(#arrow)", "")
    assert "@import" not in html
    assert len(html) < 300_000


class Outline(HTMLParser):
    def __init__(self):
        super().__init__()
        self.levels, self.captions, self.tables, self.ids, self.open = [], 0, 0, [], []

    def handle_starttag(self, tag, attributes):
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.captions += tag == "caption"
        self.tables += tag == "table"
        self.ids += [value for name, value in attributes if name == "id"]


def test_headings_are_in_order_tables_have_captions_and_ids_are_unique(make_run):
    outline = Outline()
    outline.feed(html_of(make_run()))
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(outline.levels, outline.levels[1:], strict=False))
    assert outline.tables == outline.captions > 5
    assert len(outline.ids) == len(set(outline.ids))


def test_every_auroc_of_the_findings_is_shown(make_run):
    run = make_run()
    html = html_of(run)
    for found in json.loads((run / "findings.json").read_text())["sets"].values():
        for arm in found["arms"].values():
            assert f"<strong>{arm['auroc']:.3f}</strong>" in html
            assert f"{arm['ci'][0]:.3f} to {arm['ci'][1]:.3f}" in html


def test_hostile_names_are_shown_as_text(make_run):
    hostile = "</title><script>alert(1)</script><svg onload=x> אבג " + "x" * 300
    html = html_of(make_run(STUDY.replace("TITLE", json.dumps(hostile, ensure_ascii=False))))
    assert "<script>" not in html
    assert "<svg onload" not in html
    assert "אבג" in html


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"synthetic": ["hospital"]}, "Synthetic data"),
        ({"models": {"net": {"weights": "none"}}}, "Random initial weights"),
        ({"profile": "quick", "reduced": ["training.epochs: 20 -> 2"]}, "training.epochs: 20 -&gt; 2"),
        ({"optimistic_checkpoint": True}, "Optimistic checkpoint"),
        ({"declared": {"ap_vs_lateral": False}}, "Not pre-declared"),
    ],
)
def test_what_a_reader_must_know_stands_in_a_banner(make_run, change, words):
    assert words not in html_of(make_run())
    assert words in html_of(make_run(**change))


def test_a_failed_unit_is_shown_with_its_reason_and_nothing_is_imputed(make_run):
    html = html_of(make_run(failed=[("ap/net", 0, "the loss is nan in epoch 3")]))
    assert "1 of 4 units failed" in html
    assert "the loss is nan in epoch 3" in html


def test_a_run_without_history_is_a_whole_page(make_run):
    assert "no record of its training" in html_of(make_run(history=None))


def test_a_missing_record_is_named(make_run):
    run = make_run()
    (run / "findings.json").unlink()
    with pytest.raises(RecordError, match=r"findings\.json cannot be read"):
        write_report(run)


def test_an_unchanged_report_is_left_alone(make_run):
    run = make_run()
    before = write_report(run).stat().st_mtime_ns
    assert write_report(run).stat().st_mtime_ns == before


def test_published_figures_stand_beside_ours(make_run):
    html = html_of(make_run())
    assert "Somebody 2024" in html
    assert "0.915" in html
    assert "p = 0.604" in html


def test_the_flow_shows_every_count_and_no_boxes_overlap():
    chart = flow_chart(FLOW)
    text = " ".join(line for box in chart.boxes for line in box.lines)
    for expected in ("120 patients", "20 patients", "100 patients", "40 patients", "60 patients", "30 patients"):
        assert expected in text
    for one in chart.boxes:
        for other in chart.boxes:
            apart = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert one is other or apart or one.y + one.height <= other.y or other.y + other.height <= one.y
        assert one.x + one.width <= chart.width
        assert one.y + one.height <= chart.height

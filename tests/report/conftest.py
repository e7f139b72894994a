import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from garbage import little_to_collect  # noqa: F401
from places import ORACLE
from scipy.special import expit, logit

from ovcf_bench import findings, records, scores
from ovcf_bench.report import write_report
from ovcf_bench.study import parse
from ovcf_bench.vocabulary import SCORE_COLUMNS

VIEWS = ("ap", "lateral")
CASES = {"internal": "s07_n708_rho03", "external": "s03_n104_rho03"}  # where the scores of each test set come from
STUDY = {
    "schema": 1,
    "title": "AP and lateral radiographs for OVCF",
    "question": "Is a model that reads AP radiographs non-inferior to one that reads lateral ones?",
    "seed": 2024,
    "cohorts": {"hospital": {"dataset": "phantom"}, "external": {"dataset": "phantom"}},
    "covariates": ["age", "sex"],
    "splits": {
        "development": {"from": "hospital", "positives": 399, "negatives": 400},
        "internal": {"from": "hospital"},
        "external": {"from": "external"},
    },
    "models": {"efficientnet_b5": {"model": "timm"}},
    "arms": {"views": list(VIEWS)},
    "comparisons": [{"id": "ap_vs_lateral", "a": "ap", "b": "lateral", "claim": "noninferiority", "margin": 0.05}],
    "primary": {"set": "internal", "comparison": "ap_vs_lateral"},
    "published": {
        "source": "Kim et al., Sci Rep 2024;14:28388",
        "doi": "10.1038/s41598-024-79610-w",
        "figures": [
            {"set": "internal", "auroc": {"ap": 0.915, "lateral": 0.953}, "positives": 354, "negatives": 354},
            {"set": "external", "auroc": {"ap": 0.982, "lateral": 0.979}, "positives": 52, "negatives": 52},
            {"p": 0.604},
        ],
    },
}
# Kim et al. 2024, figure 1: cases and controls dropped at each step
KIM = {
    "MRI to X-ray over 7 days": (832, 2715),
    "Duplicate": (1, 43),
    "Refracture": (477, 0),
    "Previous spinal surgery": (268, 378),
    "Severe scoliosis": (17, 44),
    "Tuberculosis": (0, 3),
    "Ankylosing spondylitis": (1, 0),
    "No overt history": (0, 63),
}


def counts(positives, negatives):
    patients = positives + negatives
    return {
        "patients": patients, "exams": patients, "images": 2 * patients,
        "positives": positives, "negatives": negatives, "views": dict.fromkeys(VIEWS, patients),
    }  # fmt: skip


def flow_of(positives, negatives, dropped):
    steps = [
        {
            "reason": "listed by the dataset", "rule": "", "before": counts(positives, negatives),
            "dropped": counts(0, 0), "after": counts(positives, negatives),
        }
    ]  # fmt: skip
    for reason, (lost_positives, lost_negatives) in dropped.items():
        before = steps[-1]["after"]
        after = counts(before["positives"] - lost_positives, before["negatives"] - lost_negatives)
        lost = counts(lost_positives, lost_negatives)
        steps.append({"reason": reason, "rule": "a column equals 1", "before": before, "dropped": lost, "after": after})
    return {"unusable": [], "steps": steps}


FLOW = {
    "cohorts": {"hospital": flow_of(2349, 4000, KIM), "external": flow_of(52, 52, {})},
    "splits": {
        "development": {"cohort": "hospital", **counts(399, 400)},
        "internal": {"cohort": "hospital", **counts(354, 354)},
        "external": {"cohort": "external", **counts(52, 52)},
    },
    "unused": {"hospital": counts(0, 0), "external": counts(0, 0)},
}


def provenance(arms):
    units = [
        {
            "arm": arm, "repeat": 0, "fold": fold, "key": f"{fold}{position}" * 32, "status": "done", "reason": "",
            "seconds": 1510.0 + fold, "device": "cuda", "precision": "bfloat16",
        }
        for position, arm in enumerate(arms)
        for fold in range(5)
    ]  # fmt: skip
    return {
        "project_version": "0.1.0",
        "command": "ovcf-bench run studies/paper.yaml --device cuda",
        "study_file": "studies/paper.yaml",
        "study_hash": "8e98cc09e9b99c1144e003a4ed2d515cd9f94ca9f20f9dd114a290362055ad80",
        "profile": None,
        "set": [],
        "reduced": [],
        "synthetic": ["hospital", "external"],
        "models": {"efficientnet_b5": {"class": "timm.EfficientNet", "parameters": 28342833, "weights": "imagenet"}},
        "units": units,
        "versions": {"ovcf-bench": "0.1.0", "torch": "2.13.0", "timm": "1.0.31"},
        "python": "3.11.9",
        "platform": "Linux x86_64",
        "cores": 8,
        "device": "cuda",
        "threads": 1,
        "workers": 1,
        "seed": 2024,
        "seconds": 15120.0,
        "optimistic_checkpoint": False,
        "training_version": 1,
        "preprocessing_version": 1,
        "declared": {"ap_vs_lateral": True},
        "leakage": {
            "patients_checked": 1611,
            "images_checked": 3222,
            "statement": "No patient stands in two splits or folds; no two images of different splits are identical.",
        },
    }


def counted(table, number):
    """A number, or none, for every case: with a type, so that parts with and without it lie in one table."""
    return pd.array([number] * len(table), dtype="Int64")


def score_rows(arm, set_name, table, column, *, fold=None):
    """Rows of the score table from a reference file with a score for each view."""
    oof = set_name == "development"
    return pd.DataFrame(
        {
            "set": set_name, "kind": "oof" if oof else "test", "target": "label", "arm": arm, "view": arm.split("/")[0],
            "model": "efficientnet_b5", "repeat": counted(table, None if fold is None else 0),
            "fold": counted(table, fold), "ensemble": "mean_logit" if fold is None else "none",
            "patient_id": table["patient_id"], "exam_id": "e-" + table["patient_id"],
            "image_id": f"{arm}-" + table["patient_id"], "site": "A",
            "label": table["y"], "score": table[column], "logit": logit(table[column]),
        }
    )[[*SCORE_COLUMNS]]  # fmt: skip


def all_scores(arms, cases=CASES):
    rng = np.random.default_rng(7)
    parts = []
    for arm in arms:
        column = "ap" if arm.startswith("ap") else "lat"
        for set_name, case in cases.items():
            table = pd.read_csv(ORACLE / f"{case}.csv")
            parts.append(score_rows(arm, set_name, table, column))
            for fold in range(5):
                noisy = expit(logit(table[column]) + rng.normal(0, 1.2, len(table)))
                parts.append(score_rows(arm, set_name, table.assign(**{column: noisy}), column, fold=fold))
        for fold in range(5):
            y = np.repeat([0, 1], 80)[: 159 if fold == 4 else 160]
            table = pd.DataFrame({"patient_id": [f"d{fold}-{i}" for i in range(y.size)], "y": y})
            score = expit(rng.normal(0, 1, y.size) + 2.1 * (y - 0.5))
            parts.append(score_rows(arm, "development", table.assign(**{column: score}), column, fold=fold))
    return scores.build(pd.concat(parts, ignore_index=True))


def cohort():
    rng = np.random.default_rng(3)
    rows = []
    for split, (positives, negatives) in {
        "development": (399, 400),
        "internal": (354, 354),
        "external": (52, 52),
    }.items():
        for label, n in ((1, positives), (0, negatives)):
            for index in range(n):
                age = round(rng.normal(74.0 + label, 8.0), 1)
                rows.append((f"{split}-{label}-{index}", split, label, age, "F" if rng.random() < 0.74 else "M"))
    return pd.DataFrame(rows, columns=["patient_id", "split", "label", "age", "sex"])


def history(arms, epochs=20):
    rng = np.random.default_rng(5)
    lines = ["arm,repeat,fold,epoch,loss,learning_rate,tuning_loss,tuning_auroc,images_per_second"]
    for arm in arms:
        for fold in range(5):
            for epoch in range(1, epochs + 1):
                loss = 0.22 + 0.48 * np.exp(-epoch / 6) + rng.normal(0, 0.012)
                lines.append(f"{arm},0,{fold},{epoch},{loss},0.0005,,,105.2")
    return "\n".join(lines) + "\n"


def build_run(folder, table=None, **changes):
    """Write the records of a finished run; `table` are its scores, `changes` are keys of the study file."""
    study = parse(yaml.safe_dump(STUDY | changes, sort_keys=False), None)
    arms = [arm.name for arm in study.arms]
    found = findings.build(
        replace(findings.from_study(study), resamples=40),
        all_scores(arms) if table is None else table,
        flow=records.parse(records.FLOW, json.dumps(FLOW), "flow"),
        cohort_table=cohort(),
        declared={one.id: True for one in study.comparisons},
        failed=[],
    )
    folder.mkdir(parents=True)
    write = {
        "study.lock.yaml": study.to_yaml(),
        "provenance.json": json.dumps(provenance(arms)),
        "history.csv": history(arms),
        "findings.json": records.to_json(found),
    }
    for name, text in write.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class Run:
    """A run folder whose records a test may change before it asks for the page."""

    def __init__(self, path):
        self.path = path

    def change(self, name, edit):
        record = json.loads((self.path / name).read_text("utf-8"))
        edit(record)
        (self.path / name).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")

    def page(self):
        return write_report(self.path).read_text("utf-8")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    return build_run(tmp_path_factory.mktemp("runs") / "paper-8e98cc09")


@pytest.fixture
def run(finished, tmp_path):
    folder = tmp_path / finished.name
    folder.mkdir()
    for record in ("findings.json", "provenance.json", "history.csv", "study.lock.yaml"):
        (folder / record).write_bytes((finished / record).read_bytes())
    return Run(folder)

"""Score tables of a small study with a network for each view, and the findings that are made of them."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import yaml
from places import ORACLE
from scipy.special import logit

from ovcf_bench import scores as score_table
from ovcf_bench.findings import build, from_study
from ovcf_bench.study import parse
from ovcf_bench.vocabulary import Comparison

AP, LATERAL, THIRD = "ap/net", "lat/net", "third/net"
RESAMPLES = 40  # what resampling gives is tested with its statistics
BOTH = Comparison("ap_vs_lat", AP, LATERAL, "noninferiority", 0.05)


def study(*, views=("ap", "lat"), comparisons=(BOTH,), sets=("internal",), **changes):
    document = {
        "schema": 1,
        "title": "AP and lateral",
        "question": "Which view?",
        "cohorts": {name: {"dataset": "phantom"} for name in ("hospital", *sets)},
        "splits": {"development": {"from": "hospital"}} | {name: {"from": name} for name in sets},
        "models": {"net": {"model": "timm"}},
        "arms": {"views": list(views)},
        "comparisons": [
            {name: value for name, value in asdict(one).items() if value is not None} for one in comparisons
        ],
    } | changes
    if comparisons:
        document["primary"] = {"set": sets[0], "comparison": comparisons[0].id}
    return parse(yaml.safe_dump(document), None)


def rows(case, *, set_name="internal", views=("ap", "lat"), kind="ensemble", fold=0, shuffle=None):
    """Rows of the score table from a reference file; `kind` is ensemble, network or oof."""
    table = pd.read_csv(ORACLE / f"{case}.csv") if isinstance(case, str) else case
    single = kind != "ensemble"
    for view in views:
        part = table if shuffle is None else table.loc[shuffle.permutation(table.index)]
        columns = (part["patient_id"], part["y"], part[view], logit(part[view]))
        for patient, label, score, on_logit_scale in zip(*(each.tolist() for each in columns), strict=True):
            yield {
                "set": "development" if kind == "oof" else set_name,
                "kind": "oof" if kind == "oof" else "test",
                "target": "label", "arm": f"{view}/net", "view": view, "model": "net",
                "repeat": 0 if single else None, "fold": fold if single else None,
                "ensemble": "none" if single else "mean_logit",
                "patient_id": patient, "exam_id": f"e-{patient}",
                "image_id": f"{view}-{patient}", "site": "A", "label": label,
                "score": score, "logit": on_logit_scale,
            }  # fmt: skip


def development(*, views=("ap", "lat"), shift=2.0, n=120):
    """Out-of-fold rows of two folds."""
    rng = np.random.default_rng(11)
    for fold in range(2):
        y = np.repeat([0, 1], n // 4)
        frame = pd.DataFrame({"patient_id": [f"d{fold}-{i}" for i in range(y.size)], "y": y})
        for view in views:
            frame[view] = 1 / (1 + np.exp(-(rng.standard_normal(y.size) + shift * (y - 0.5))))
        yield from rows(frame, views=views, kind="oof", fold=fold)


def find(a_study, all_rows, *, declared=None, failed=(), cohort=None, flow=None):
    table = score_table.build(all_rows)
    cohort = pd.DataFrame({"patient_id": [], "split": [], "label": []}) if cohort is None else cohort
    if declared is None:
        declared = {one.id: True for one in a_study.comparisons}
    return build(
        replace(from_study(a_study), resamples=RESAMPLES),
        table,
        flow=flow,
        cohort_table=cohort,
        declared=declared,
        failed=failed,
    )


def close(expected):
    return pytest.approx(expected, rel=1e-9)

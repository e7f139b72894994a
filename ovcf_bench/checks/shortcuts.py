"""Can the label be told without looking at the bones? Probes on size, file, marks and covariates alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ovcf_bench.checks.results import Evidence, found
from ovcf_bench.images import THUMBNAIL
from ovcf_bench.records import CheckResult
from ovcf_bench.stats.auroc import AurocEstimate, estimate_auroc
from ovcf_bench.stats.clusters import estimate_clustered
from ovcf_bench.stats.covariates import MANY_LEVELS, covariate_kind
from ovcf_bench.stats.intervals import auroc_interval
from ovcf_bench.vocabulary import DEVELOPMENT

Floats = npt.NDArray[np.float64]

TELLING = 0.6  # a probe below is no shortcut worth a warning, however certain
_LEVEL = 0.95
_FOLDS = 5
_FEW = 20  # patients of the smaller class
_RING = 4  # thumbnail pixels of the border, and the side of its blocks
_STRENGTH = 0.1  # of the logistic regression (scikit-learn's C): many features, few patients


def shortcuts(evidence: Evidence) -> CheckResult:
    """Cross-validate a logistic regression on each kind of knowledge, in development.

    A probe is a warning when its AUROC exceeds .6 and the lower limit, adjusted for the number of probes after Holm,
    exceeds .5.
    """
    images = evidence.images[evidence.images["split"] == DEVELOPMENT]
    patients = images.drop_duplicates("patient_id")
    smaller = int(patients["label"].value_counts().reindex([0, 1], fill_value=0).min())
    if smaller < _FEW:
        return found("shortcuts", False, f"not probed: development has {smaller} patients of one class")
    rows = [
        {"probe": name, "view": view, **_probe(values, part, evidence.seed)}
        for name, view, values, part in _knowledge(evidence, images, patients)
    ]
    _adjust(rows)
    telling = [row for row in rows if row["auroc"] > TELLING and row["certain"]]
    named = (f"{row['probe']} of {row['view']}" if row["view"] else row["probe"] for row in telling)
    said = ", ".join(f"{name} {row['auroc']:.2f}" for name, row in zip(named, telling, strict=True))
    summary = f"the label can be told from {said}" if telling else f"none of {len(rows)} probes tells the label"
    shown = [{name: row[name] for name in ("probe", "view", "n", "auroc", "lower")} for row in rows]
    return found("shortcuts", bool(telling), summary, shown)


def _knowledge(
    evidence: Evidence, images: pd.DataFrame, patients: pd.DataFrame
) -> Iterator[tuple[str, str, Floats, pd.DataFrame]]:
    """Yield the name of a probe, its view, what it may look at (n, k), and whose it is; nothing that is constant."""
    covariates = encode(patients[list(evidence.covariates)])
    if covariates.size and covariates.std(axis=0).any():
        yield "covariates", "", covariates, patients
    tags = [name for name in images.columns if name.startswith("tag_")]
    for view, part in images[images["digest"].isin(evidence.appearances)].groupby("view", sort=True):
        if part.groupby("label")["patient_id"].nunique().reindex([0, 1], fill_value=0).min() < _FOLDS:
            continue  # too few to train on; a view that only one class has is told with the views
        seen = [evidence.appearances[digest] for digest in part["digest"]]
        sizes = pd.DataFrame({"height": [each.height for each in seen], "width": [each.width for each in seen]})
        sizes["shape"] = sizes["height"].astype(str) + "x" + sizes["width"].astype(str)
        border = np.stack([border_features(each.pixels) for each in seen])
        kinds = (
            ("image size", encode(sizes)),
            ("file and acquisition", encode(part[tags])),
            ("marks at the border", border),
        )
        for name, values in kinds:
            if values.size and values.std(axis=0).any():
                yield name, str(view), values, part


def encode(table: pd.DataFrame) -> Floats:
    """Return columns as numbers: categories as indicators, missing values as their own indicator and the median."""
    columns: list[npt.NDArray[Any]] = []
    for name in table.columns:
        values = table[name]
        kind = "text" if values.dropna().empty else covariate_kind(values)
        if kind == "numeric":
            numbers = values.astype(float).replace([np.inf, -np.inf], np.nan)
            columns.append(numbers.fillna(numbers.median()).to_numpy())
        elif kind == "categorical" or values.nunique() <= MANY_LEVELS:
            columns += [(values == level).to_numpy(dtype=float) for level in values.dropna().unique()]
        columns.append(values.isna().to_numpy(dtype=float))
    return np.column_stack(columns).astype(np.float64) if columns else np.zeros((len(table), 0))


def border_features(thumbnail: npt.NDArray[np.uint8]) -> Floats:
    """Return how far the brightest spot of each of the 60 blocks at the border stands out from its median, (60,).

    Burned-in letters stand out; the bones that the border cuts, which may well tell the label, hardly do.
    """
    n = THUMBNAIL // _RING
    blocks = thumbnail.reshape(n, _RING, n, _RING).swapaxes(1, 2).reshape(n, n, -1).astype(np.float64)
    rim = np.ones((n, n), dtype=bool)
    rim[1:-1, 1:-1] = False
    features: Floats = blocks[rim].max(axis=1) - np.median(blocks[rim], axis=1)
    return features


def _probe(values: Floats, part: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return the AUROC of out-of-fold predictions; folds keep patients together."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    label, patients = part["label"].to_numpy(), part["patient_id"].to_numpy()
    scores = np.zeros(len(part))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed % 2**32)
    for train, held_out in folds.split(values, label, patients):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=1000))
        scores[held_out] = model.fit(values[train], label[train]).decision_function(values[held_out])
    alone = estimate_auroc(label, scores, name="probe")
    estimate = alone
    if pd.Series(patients).duplicated().any():
        estimate = estimate_clustered(label.astype(bool), scores, patients)
    # At an AUROC of 1 clusters have no variance; Newcombe's interval of single cases is there all the same.
    return {"auroc": estimate.auroc, "n": len(part), "estimate": estimate if estimate.variance else alone}


def _adjust(rows: list[dict[str, Any]]) -> None:
    """Give every row its lower limit at the level that Holm's procedure leaves it, most telling first.

    A row is `certain` when its limit exceeds .5 and so did all before it.
    """
    certain = True
    for rank, row in enumerate(sorted(rows, key=lambda row: -_evidence(row["estimate"]))):
        level = 1 - (1 - _LEVEL) / (len(rows) - rank)
        interval = auroc_interval(row["estimate"], level=level)
        row["lower"] = interval.low if interval else 0.0
        certain = certain and row["lower"] > 0.5
        row["certain"] = certain


def _evidence(estimate: AurocEstimate) -> float:
    spread = float(np.sqrt(estimate.variance or 0))
    return (estimate.auroc - 0.5) / spread if spread else float("inf") * np.sign(estimate.auroc - 0.5)

"""Who is there: labels, views and sites of every split."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ovcf_bench.checks.results import Evidence, found
from ovcf_bench.records import CheckResult
from ovcf_bench.vocabulary import DEVELOPMENT

_FEW = 10  # patients of the smaller class, below which an interval says little
_RARE = 0.05


def labels(evidence: Evidence) -> CheckResult:
    """Look for splits with few patients of one class, or with a rare one."""
    patients = evidence.images.groupby(["split", "patient_id"], sort=False)["label"].max().reset_index()
    counts = {
        str(split): (int(part["label"].sum()), int((part["label"] == 0).sum()))
        for split, part in patients.groupby("split", sort=False)
    }
    thin = [split for split, classes in counts.items() if min(classes) < max(_FEW, _RARE * sum(classes))]
    summary = ", ".join(
        f"{split} {positive} positive and {rest} negative" for split, (positive, rest) in counts.items()
    )
    summary += f"; few of one class in {', '.join(thin)}" if thin else ""
    rows = [{"split": split, "positives": p, "negatives": n} for split, (p, n) in counts.items()]
    return found("labels", bool(thin), summary, rows)


def views(evidence: Evidence) -> CheckResult:
    """Count the exams that have all views, and those that lack one or have several images of one."""
    images = evidence.images
    known = sorted(images["view"].unique())
    counted = images.groupby(["split", "exam_id", "view"], sort=False).size().unstack("view", fill_value=0)
    rows: list[dict[str, Any]] = []
    for split, part in counted.groupby(level="split", sort=False):
        has = part.reindex(columns=known, fill_value=0)
        row: dict[str, Any] = {"split": str(split), "exams": len(has), "all views": int((has > 0).all(axis=1).sum())}
        for view in known:
            row[f"only {view}"] = int(((has[view] > 0) & (has.drop(columns=view) == 0).all(axis=1)).sum())
        rows.append({**row, "several of a view": int((has > 1).any(axis=1).sum())})
    lacking = sum(row["exams"] - row["all views"] for row in rows)
    several = sum(row["several of a view"] for row in rows)
    exams = sum(row["exams"] for row in rows)
    summary = f"{exams - lacking} of {exams} exams have every view ({', '.join(known)})"
    summary += f"; {several} have several images of one view" if several else ""
    classes = images[images["split"] == DEVELOPMENT].groupby("view")["label"].nunique()
    alike = [str(view) for view, n in classes.items() if n < 2]
    summary += f"; in development only one class has {', '.join(alike)}" if alike else ""
    return found("views", lacking > 0 or bool(alike), summary, rows if lacking or several else [])


def sites(evidence: Evidence) -> CheckResult:
    """Look for patients who stand under several sites."""
    per_patient = evidence.images.groupby("patient_id", sort=False)["site"].nunique()
    n, known = int((per_patient > 1).sum()), sorted(evidence.images["site"].unique())
    summary = (
        "all patients are of one site" if len(known) == 1 else f"no patient stands under two of {len(known)} sites"
    )
    summary = f"{n} patients stand under several sites" if n else summary
    return found("sites", n > 0, summary)


def remarks(evidence: Evidence) -> CheckResult:
    """Count what datasets remark about images that are used all the same."""
    said = evidence.images.get("remark", pd.Series(dtype=str)).fillna("")
    counted = said[said != ""].value_counts()
    rows = [{"remark": str(text), "images": int(n)} for text, n in counted.items()]
    summary = "; ".join(f"{row['images']} images: {row['remark']}" for row in rows) or "nothing odd about an image"
    return found("remarks", bool(rows), summary, rows)

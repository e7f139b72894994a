"""At the other site: scores its images with every arm of a package, and packs them under pseudonyms."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ovcf_bench import registry, scores
from ovcf_bench.api import Fitted, Progress, silent
from ovcf_bench.cohort import cases, check_exams, list_exams, open_dataset, separate
from ovcf_bench.errors import BenchError, DataError, Problem
from ovcf_bench.files import write_atomically
from ovcf_bench.images import Pixels16, Preprocessing, as_uint16, resize
from ovcf_bench.predict import Bundle, open_bundle
from ovcf_bench.provenance import versions
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.sites.package import PACKAGE
from ovcf_bench.study import read_params
from ovcf_bench.vocabulary import SCORE_COLUMNS

SCORES, ABOUT, SCHEMA = "scores.csv", "site.json", 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DATASET = "manifest"


def check_site_name(site: str, where: str) -> None:
    """Raise BenchError for a name that cannot be that of a test set and of a folder."""
    if not _NAME.fullmatch(site):
        allowed = "A site's name has letters, digits, dot, dash and underscore, and starts with a letter or digit."
        raise BenchError(Problem(where, "its site has no name that can be used", allowed))


def validate_site(
    package: Path, data: Path, site: str, key: bytes, out: Path, progress: Progress, device: str, threads: int
) -> str:
    """Write the scores of the images that `data` lists as a zip file; return its hash (SHA-256).

    Raises BenchError when the package or the data cannot be used; then nothing is written.
    """
    check_site_name(site, "--site")
    try:
        said = json.loads((package / PACKAGE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        advice = "It is made by `ovcf-bench export RUN --for-site --to FOLDER`."
        raise BenchError(Problem(package.name, f"{PACKAGE} cannot be read", advice)) from error
    bundles = [open_bundle(package / folder, name) for name, folder in said["arms"].items()]
    images, read = _images(data, site, Pseudonyms(key))
    _check_images(images, dict.fromkeys(view for bundle in bundles for view in bundle.arm.views))
    tables = []
    unusual: dict[str, int] = {}
    for bundle in bundles:
        part = cases(images, bundle.arm.views)
        pixels = _pixels(part, read, bundle.preprocessing, bundle.arm.name, progress)
        for place, view in enumerate(bundle.arm.views):
            limits = bundle.limits.get(view)
            odd = [bool(limits and limits.unusual(each[place])) for each in pixels]
            unusual[view] = max(unusual.get(view, 0), sum(odd))  # an arm of several views may read fewer
        tables += list(_scored(bundle, bundle.load_all(device, threads), part, pixels, site))
    covariates = [name for name in bundles[0].study.document.covariates if name in images.columns]
    table = pd.concat(tables, ignore_index=True)
    table = table.join(images.drop_duplicates("exam_id").set_index("exam_id")[covariates], on="exam_id")
    text = scores.to_csv(scores.build(table))
    about = {
        "schema": SCHEMA,
        "site": site,
        "study": said["study"],
        "units": said["units"],
        "scores_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "patients": int(images["patient_id"].nunique()),
        "images": len(images),
        "unusual_images": unusual,
        "versions": versions(),
    }
    packed = _packed({SCORES: text, ABOUT: json.dumps(about, indent=1) + "\n"})
    write_atomically(out, packed)
    return hashlib.sha256(packed).hexdigest()


def _images(data: Path, site: str, pseudonyms: Pseudonyms) -> tuple[pd.DataFrame, Any]:
    """Return the listed images under pseudonyms, and what reads the pixels of a row."""
    plugin = registry.load().dataset(_DATASET)
    params = read_params(plugin.params, {"path": data.name, "site": site}, "--data")
    dataset = open_dataset(plugin, params, data.parent)
    listed, unusable = separate(list_exams(plugin, dataset, silent), "--data")
    if unusable:
        raise DataError(*(Problem(each.place, each.reason, "Mend it, or leave the row out.") for each in unusable[:20]))
    exams = check_exams(listed, "--data")
    hidden = {f"{kind}_id": pseudonyms.all(kind, exams[f"{kind}_id"]) for kind in ("patient", "exam", "image")}
    rows: list[Any] = exams.to_dict("records")
    images = exams.assign(**hidden, split=site, fold=-1, cache_key=[str(row) for row in range(len(exams))], digest="")
    return images, lambda number: dataset.read(rows[number])


def _check_images(images: pd.DataFrame, views: Iterable[str]) -> None:
    """Raise DataError when the images cannot make a test set of the study."""
    problems = []
    for view in views:
        if view not in set(images["view"]):
            problems.append(Problem("--data", f"lists no image of the view {view!r}", "The networks read that."))
    if images["label"].nunique() < 2:
        problems.append(
            Problem("--data", "all labels are alike", "Discrimination needs positive and negative patients.")
        )
    if problems:
        raise DataError(*problems)


def _pixels(
    part: pd.DataFrame, read: Any, preprocessing: Preprocessing, arm: str, progress: Progress
) -> np.ndarray[Any, Any]:
    """Return (n, n_views, H, W) uint16 of the cases of an arm."""
    done: list[list[Pixels16]] = []
    for number, keys in enumerate(part["cache_keys"], start=1):
        done.append([resize(as_uint16(read(int(key))), preprocessing) for key in keys])
        progress(f"Reading images for {arm}", number, len(part))
    return np.stack([np.stack(views) for views in done])


def _scored(
    bundle: Bundle, models: Sequence[Fitted], part: pd.DataFrame, pixels: np.ndarray[Any, Any], site: str
) -> Iterator[pd.DataFrame]:
    """Yield the scores of every unit and of both ensembles."""
    made = [model.scores(pixels)[:, 0].astype(np.float64) for model in models]
    about: dict[str, Any] = {
        "set": site,
        "kind": "test",
        "target": "label",
        "arm": bundle.arm.name,
        "view": bundle.arm.view,
        "model": bundle.arm.model,
    }
    folds = bundle.study.document.splits.folds
    made_of: list[dict[str, Any]] = [
        {"repeat": number // folds, "fold": number % folds, "ensemble": "none", "logit": logit, "score": expit(logit)}
        for number, logit in enumerate(made)
    ]
    nobody = {"repeat": None, "fold": None}
    mean, score = np.mean(made, axis=0), np.mean(expit(made), axis=0)
    made_of.append({**nobody, "ensemble": "mean_logit", "logit": mean, "score": expit(mean)})
    made_of.append({**nobody, "ensemble": "mean_probability", "logit": np.nan, "score": score})
    for values in made_of:
        yield part.drop(columns=["fold"]).assign(**about, **values)[[*SCORE_COLUMNS]]


def _packed(files: Mapping[str, str]) -> bytes:
    """Return a zip file whose bytes depend on its content alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()

"""At the other site: scores its images with every arm of a package, and packs them under pseudonyms."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.special import expit

from ovcf_bench import records, scores
from ovcf_bench.cohort import cases
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import write_atomically
from ovcf_bench.hooks.contracts import Progress, silent
from ovcf_bench.predict import Bundle, open_bundle
from ovcf_bench.provenance import versions
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.records import SITE_ANSWER, SITE_PACKAGE, SITES_SCHEMA, RunFolder, SiteAnswer, to_json
from ovcf_bench.scores import Doubles
from ovcf_bench.sites.scoring import check_images, list_site_images, score_arms

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Sent:
    """What was written.

    digest : SHA-256 of the zip file; unusual : images of each view unlike those of development, None: not known;
    left_out : images of views that the study does not read.
    """

    digest: str
    unusual: Mapping[str, int | None]
    left_out: Mapping[str, int]


def check_site_name(site: str, where: str) -> None:
    """Raise BenchError for a name that cannot be that of a test set and of a folder."""
    if not _NAME.fullmatch(site):
        allowed = "A site's name has letters, digits, dot, dash and underscore, and starts with a letter or digit."
        raise BenchError(Problem(where, "its site has no name that can be used", allowed))


def validate_site(
    package: Path,
    data: Path,
    site: str,
    key: bytes,
    out: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    device: str = "cpu",
    threads: int = 1,
    progress: Progress = silent,
) -> Sent:
    """Write the scores of the images that `data` lists as a zip file.

    settings : parameters of the dataset that reads this site's files. Raises BenchError when the package or the
    data cannot be used; then nothing is written.
    """
    check_site_name(site, "--site")
    said = RunFolder(package, "package").read(SITE_PACKAGE)
    bundles = [open_bundle(package / folder, name) for name, folder in said.arms.items()]
    views_of_arms = list(dict.fromkeys(bundle.arm.views for bundle in bundles))
    read = {view for views in views_of_arms for view in views}
    given = list_site_images(data, {**_shown(bundles[0]), **(settings or {})}, Pseudonyms(key), site, read)
    check_images(given.images, views_of_arms)
    scored, unusual = score_arms(bundles, given, device, threads, progress)
    tables = [
        table
        for bundle in bundles
        for table in _tables(bundle, scored[bundle.arm.name], cases(given.images, bundle.arm.views), site)
    ]
    covariates = [name for name in bundles[0].study.document.covariates if name in given.images.columns]
    of_exam = given.images.drop_duplicates("exam_id").set_index("exam_id")[covariates]
    text = scores.to_csv(scores.build(pd.concat(tables, ignore_index=True).join(of_exam, on="exam_id")))
    about = SiteAnswer(
        schema=SITES_SCHEMA,
        site=site,
        study=said.study,
        units=said.units,
        scores_sha256=hashlib.sha256(text.encode()).hexdigest(),
        patients=int(given.images["patient_id"].nunique()),
        images=len(given.images),
        unusual_images=unusual,
        versions=versions(),
    )
    packed = _packed({records.SCORES: text, SITE_ANSWER.file: to_json(about)})
    write_atomically(out, packed)
    return Sent(hashlib.sha256(packed).hexdigest(), unusual, given.left_out)


def _shown(bundle: Bundle) -> Mapping[str, Any]:
    """Return what makes a site's files look as those of the study do."""
    development = bundle.study.document.splits.development
    assert development is not None, "the arm was trained"
    section = bundle.study.document.cohorts[development.from_]
    shown = bundle.plugins.dataset(section.dataset).shown
    return shown(section.params) if shown else {}


def _tables(bundle: Bundle, logits: Doubles, part: pd.DataFrame, site: str) -> Iterator[pd.DataFrame]:
    """Yield the scores of every unit and of both ensembles."""
    known, folds = part.assign(set=site), bundle.study.document.splits.folds
    for number, each in enumerate(logits):
        place = number // folds, number % folds
        yield scores.network_rows(known, bundle.arm, *place, score=expit(each), logit=each)
    for name, (logit, score) in scores.ensembles_of(logits).items():
        yield scores.ensemble_rows(known, bundle.arm, name, score=score, logit=logit)


def _packed(files: Mapping[str, str]) -> bytes:
    """Return a zip file whose bytes depend on its content alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()

"""The folder that goes to another site: every trained arm of a run, and what the site must bring."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ovcf_bench import records
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import write_atomically
from ovcf_bench.predict import export_bundle, open_bundle
from ovcf_bench.records import RunFolder

PACKAGE = "site_package.json"
SCHEMA = 1
_TOLD = """# External validation: {title}

Here are the trained networks of a study. They score your images on your machine; what you send back is a table of
scores under pseudonyms, no image and no identifier.

1. Install: `pip install ovcf-bench` (for DICOM: `pip install "ovcf-bench[dicom]"`).
2. List your images in a CSV file, one row for each, with the columns
   - `patient_id`: your own; it is replaced by a pseudonym under a key that stays with you;
   - `view`: {views};
   - `label`: 1 or 0, by the reference standard of the study;
   - `path`: the image file, from the folder of the CSV file;
   - optional: `exam_id`, where a patient has several examinations; {covariates}.
3. Run: `ovcf-bench validate . --data images.csv --site NAME --to scores.zip`.
4. Look into scores.zip, then send it, and tell the hash that was printed by another way.
"""


def export_for_site(run: Path, folder: Path, say: Callable[[str], None]) -> None:
    """Write every arm of a run that was trained here, and SITE.md, into a new or empty folder."""
    if folder.exists() and any(folder.iterdir()):
        raise BenchError(Problem(folder.name, "the folder is there and not empty", "Choose another one."))
    said = RunFolder(run).read_json(records.PROVENANCE)
    first = open_bundle(run, said["units"][0]["arm"])
    parts: dict[str, str] = {}
    for arm in first.study.arms:
        bundle = open_bundle(run, arm.name) if any(each["arm"] == arm.name for each in said["units"]) else None
        if bundle is None or bundle.plugin.fuse is not None:
            say(f"Left out: {arm.name}, whose scores come from elsewhere.")
            continue
        parts[arm.name] = f"arm-{len(parts) + 1}"
        export_bundle(bundle, folder / parts[arm.name], say, onnx=False)
    keys = sorted(each["key"] for each in said["units"])
    package = {"schema": SCHEMA, "study": said["study_hash"], "units": keys, "arms": parts}
    views = sorted({view for arm in first.study.arms for view in arm.views})
    covariates = ", ".join(f"`{name}`" for name in first.study.document.covariates) or "no others are read"
    text = _TOLD.format(title=first.study.document.title, views=" or ".join(f"`{each}`" for each in views),
                        covariates=covariates)  # fmt: skip
    write_atomically(folder / "SITE.md", text)
    write_atomically(folder / PACKAGE, json.dumps(package, indent=1) + "\n")

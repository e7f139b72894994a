"""The folder that goes to another site: every trained arm of a run, and what the site must bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ovcf_bench import records
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import whole_folder, write_atomically
from ovcf_bench.predict import Bundle, export_bundle, open_bundle
from ovcf_bench.records import SITES_SCHEMA, RunFolder, SitePackage
from ovcf_bench.study import Study, for_others

_TOLD = """# External validation: {title}

Here are the trained networks of a study. They score your images on your machine; what you send back is a table of
scores under pseudonyms, no image and no identifier.
{code}
1. Install: `pip install {packages}` (for DICOM: `pip install "ovcf-bench[dicom]"`).
2. List the images of patients like those of the study{left_out}. A CSV file, one row for each image, with the columns
   - `patient_id`: your own; it is replaced by a pseudonym under a key that stays with you;
   - `view`: {views};
   - `label`: 1 or 0, by the reference standard of the study;
   - `path`: the image file, from the folder of the CSV file;
   - optional: `exam_id`, where a patient has several examinations; {covariates}.
3. Run: `ovcf-bench validate . --data images.csv --site NAME --to scores.zip`.
4. Look into scores.zip, then send it, and tell the hash that was printed by another way.
"""


def export_for_site(run: Path, folder: Path, say: Callable[[str], None]) -> None:
    """Write every arm of a run that was trained here, and SITE.md, into a new or empty folder.

    Raises BenchError when there is none, when a unit is not at hand, or when the folder is taken.
    """
    said = RunFolder(run).read(records.PROVENANCE)
    trained = dict.fromkeys(each.unit.arm for each in said.units)
    bundles = sorted((open_bundle(run, arm) for arm in trained), key=lambda each: len(each.members))
    if not bundles:
        raise BenchError(
            Problem(f"run {run.name}", "holds no model of images", "Scores of readers stay where they are.")
        )
    study = bundles[0].study
    sent = {bundle.arm.name: f"arm-{number}" for number, bundle in enumerate(bundles, start=1)}
    for arm in study.arms:
        if arm.name not in sent:
            say(f"Left out: {arm.name}, whose scores come from elsewhere.")
    package = SitePackage(SITES_SCHEMA, said.study_hash, tuple(sorted(each.key for each in said.units)), sent)
    with whole_folder(folder) as made:
        for bundle in bundles:
            beside = [f"../{sent[member.arm.name]}" for member in bundle.members]
            export_bundle(bundle, made / sent[bundle.arm.name], say, onnx=False, beside=beside)
        write_atomically(made / "SITE.md", _told(study, bundles))
        RunFolder(made).write(records.SITE_PACKAGE, package)


def _told(study: Study, bundles: Sequence[Bundle]) -> str:
    views = dict.fromkeys(view for bundle in bundles for view in bundle.arm.views)
    steps = dict.fromkeys(step.reason for step in for_others(study).document.eligibility)
    plugins = bundles[0].plugins
    used = [plugins.models[bundle.plugin.name] for bundle in bundles]
    listed = [plugins.datasets[cohort.dataset] for cohort in study.document.cohorts.values()]
    others = dict.fromkeys([*(each.distribution for each in used), *(each.distribution for each in listed)])
    files = [Path(each).name for each in study.document.plugins]
    installed = [name for name in others if name != "ovcf-bench" and not name.startswith("file ")]
    return _TOLD.format(
        title=study.document.title,
        packages=" ".join(["ovcf-bench", *installed]),
        views=" or ".join(f"`{each}`" for each in views),
        covariates=", ".join(f"`{name}`" for name in study.document.covariates) or "no others are read",
        code=f"\nThe study has code of its own, which runs on your machine: look into {', '.join(files)} first.\n"
        if files
        else "",
        left_out=f"; the study left out: {'; '.join(steps)}" if steps else "",
    )

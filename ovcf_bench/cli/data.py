"""`ovcf-bench data`: cohorts as files, as a list, and as a contact sheet."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ovcf_bench.cli.options import FILE, FOLDER, data_options, key_option, open_all, open_study, study_options
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import write_atomically

if TYPE_CHECKING:
    from ovcf_bench.export import Form


@click.group("data")
def command() -> None:
    """Look at the cohorts of a study, list their images, export them as files."""


_EXPORT_EXAMPLES = """\b
Examples:
  ovcf-bench data export studies/paper.yaml --to exported
  ovcf-bench data export studies/paper.yaml --to dicom --format dicom --codec jpeg2000
  ovcf-bench run exported/study.yaml
"""


@command.command("export", epilog=_EXPORT_EXAMPLES)
@study_options
@data_options
@click.option("--to", "folder", required=True, type=FOLDER, help="The folder.")
@click.option("--format", "file_format", type=click.Choice(("png", "dicom")), default="png", show_default=True)
@click.option(
    "--codec", type=click.Choice(("none", "jpeg2000", "rle", "jpeg-ls")), default="none", help="DICOM: lossless codec."
)
@click.option("--bits", type=click.Choice(("12", "16")), default="16", help="DICOM: bits stored.")
@click.option("--dark-bone", is_flag=True, help="DICOM: write MONOCHROME1.")
@click.option("--window", is_flag=True, help="DICOM: write a VOI window over the full range.")
def export(
    folder: Path,
    file_format: Literal["png", "dicom"],
    codec: Any,
    bits: Any,
    dark_bone: bool,
    window: bool,
    **asked: Any,
) -> None:
    """Write the cohorts of STUDY as 16-bit PNG or de-identified DICOM, with frozen splits and a study that reads them.

    All ids are pseudonyms under your key; with the same key a run of the exported study keeps its patients. Columns
    that the study neither declares as covariates nor uses for eligibility are left out. DICOM files are written anew
    and hold nothing of the source but its pixels (basic profile of PS3.15); text burned into the pixels stays.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.data import share_study
    from ovcf_bench.export import ExportedCohort, export_cohorts

    study, registry, options = open_all(**asked)
    with watching() as watch:
        shared = share_study(study, registry, options, watch, file_format)
        form = _form(file_format, codec, bits, dark_bone, window, synthetic=shared.synthetic)
        cohorts = {name: ExportedCohort(table, shared.readers[name]) for name, table in shared.tables.items()}
        watch.stage("Writing images", sum(map(len, shared.tables.values())))
        export_cohorts(cohorts, shared.splits, shared.study, folder, study.digest, form, watch.advance, options.workers)
    click.echo(f"Exported to {folder}. Run it: ovcf-bench run {folder / 'study.yaml'}")


def _form(file_format: str, codec: Any, bits: Any, dark_bone: bool, window: bool, *, synthetic: bool) -> Form:
    from ovcf_bench.export import Png

    if file_format == "png":
        if codec != "none" or bits != "16" or dark_bone or window:
            raise BenchError(Problem("--format png", "--codec, --bits, --dark-bone and --window are of DICOM"))
        return Png()
    from ovcf_bench.export.dicom import INSTALL, Dicom

    if importlib.util.find_spec("pydicom") is None:
        raise BenchError(Problem("--format dicom", "needs pydicom", f"Install: {INSTALL}"))
    return Dicom(codec, 12 if bits == "12" else 16, "MONOCHROME1" if dark_bone else "MONOCHROME2", window, synthetic)


_LIST_EXAMPLES = "\b\nExample:\n  ovcf-bench data list my_study.yaml --to ~/private/images.csv"


@command.command("list", epilog=_LIST_EXAMPLES)
@study_options
@key_option
@click.option("--to", "file", required=True, type=FILE, help="The CSV file.")
def list_(study_path: Path, profile: str | None, overrides: tuple[str, ...], key: Path | None, file: Path) -> None:
    """List every image of STUDY: its file, its pseudonym, the evidence for its view, and why it cannot be used.

    This is the only command that writes identifiers and paths, so that you can find what messages only number. The
    file is readable by you alone; keep it out of the project.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.data import list_images

    study, registry = open_study(study_path, profile, overrides)
    with watching() as watch:
        listed = list_images(study, registry, key, watch)
    before = os.umask(0o077)
    try:
        write_atomically(file, listed.to_csv(index=False, lineterminator="\n"))
    finally:
        os.umask(before)
    unusable = int((listed["unusable"].fillna("") != "").sum()) if "unusable" in listed else 0
    click.echo(f"{len(listed)} images, {unusable} of them cannot be used. The list holds identifiers.")


_PREVIEW_EXAMPLES = "\b\nExample:\n  ovcf-bench data preview studies/paper.yaml --profile quick --to preview.html"


@command.command("preview", epilog=_PREVIEW_EXAMPLES)
@study_options
@data_options
@click.option("--to", "file", type=FILE, default=Path("preview.html"), show_default=True)
@click.option("--each", type=click.IntRange(1, 50), default=4, show_default=True, help="Exams of each class and view.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Another seed shows other exams."
)
def preview(file: Path, each: int, seed: int, **asked: Any) -> None:
    """Write a contact sheet of STUDY: random exams of each class and view, as stored, as networks see them, augmented.

    With histograms, sizes, acquisition tags, and the pairs of images that look alike side by side. The page holds
    pictures of patients: keep it where the images may be.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.data import contact_sheet
    from ovcf_bench.report import preview_page

    study, registry, options = open_all(**asked)
    with watching() as watch:
        sheet = contact_sheet(study, registry, options, watch, each=each, seed=seed)
    write_atomically(file, preview_page(study.document.title, sheet))
    click.echo(f"Contact sheet: {file}")

"""`ovcf-bench predict`: scores of new images from what a run trained."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ovcf_bench.cli.options import FILE, FOLDER
from ovcf_bench.files import write_atomically

if TYPE_CHECKING:
    from ovcf_bench.predict import Bundle, Prediction

_NOT_ALL = 1  # exit code: an image was refused or could not be read

_EXAMPLES = """\b
Examples:
  ovcf-bench predict reports/runs/paper-1a2b3c4d --arm ap/efficientnet_b5 new.dcm
  ovcf-bench predict exported/ folder_of_images --csv scores.csv
  ovcf-bench predict exported/ new.png --prevalence 0.08 --saliency pictures
  ovcf-bench predict run --arm ap+lateral/two_stream folder_of_ap folder_of_lateral
"""


@click.command("predict", epilog=_EXAMPLES)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--arm", metavar="VIEW/MODEL", help="Which arm of the run. [default: the only one]")
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Also give a calibrated probability where this share of patients is positive.",
)
@click.option("--saliency", type=FOLDER, help="Folder for where networks looked.")
@click.option("--csv", "csv_file", type=FILE, help="Write the results as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda", "mps")), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of torch.")
def command(
    run: Path, images: tuple[Path, ...], arm: str | None, csv_file: Path | None, as_json: bool, **how: Any
) -> int:
    """Score IMAGEs (PNG, JPEG, TIFF, DICOM, or folders of them) by one arm of RUN, or of an exported folder.

    An arm of several views takes one file, or one folder, for each view, in their order; files of two folders belong
    together when they have one name.

    Given are the ensemble's probability and whether it reaches the frozen threshold. Images unlike those of
    development are refused. Results name files as you named them: keep them where the images may be. For research, not
    for the care of patients. Exit code 1 when an image was refused or could not be read.
    """
    import pandas as pd

    from ovcf_bench.cli.progress import watching
    from ovcf_bench.predict import open_bundle, predict_images

    bundle = open_bundle(run, arm)
    for view in bundle.unlimited:
        missing = "development had too few patients to tell what is usual"
        click.echo(f"warning: no image of the view {view} is refused: {missing}", err=True)
    with watching() as watch:
        found = predict_images(bundle, images, progress=watch.progress, **how)
    if csv_file is not None:
        write_atomically(csv_file, pd.DataFrame(found).to_csv(index=False, lineterminator="\n"))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1))
    else:
        _print(bundle, found)
    return 0 if all(each.status == "scored" for each in found) else _NOT_ALL


def _print(bundle: Bundle, found: list[Prediction]) -> None:
    threshold = "none" if bundle.threshold is None else f"{bundle.threshold:.3f}"
    click.echo(f"{bundle.arm.name}, {len(bundle.units)} units, threshold {threshold}. Not for the care of patients.")
    for each in found:
        if each.status != "scored":
            click.echo(f"{each.image}: {each.status}: {each.reason}")
            continue
        call = {True: "positive", False: "negative", None: "no threshold"}[each.positive]
        calibrated = "" if each.calibrated is None else f", calibrated {each.calibrated:.3f}"
        click.echo(f"{each.image}: {each.probability:.3f}, {call}{calibrated}")

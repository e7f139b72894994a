"""`ovcf-bench export` and `validate`: arms leave a run, and another site scores its own images by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ovcf_bench.cli.options import FILE, FOLDER, key_option

_EXAMPLES = """\b
Examples:
  ovcf-bench export reports/runs/paper-1a2b3c4d --arm lateral/efficientnet_b5 --to lateral_model
  ovcf-bench export reports/runs/paper-1a2b3c4d --for-site --to for_hospital_b
"""


@click.command("export", epilog=_EXAMPLES)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--arm", metavar="VIEW/MODEL", help="Which arm of the run. [default: the only one]")
@click.option("--to", "folder", required=True, type=FOLDER, help="A new or empty folder.")
@click.option("--for-site", is_flag=True, help="Every arm, for another site that is to score its own images.")
@click.option("--onnx/--no-onnx", default=True, show_default=True, help="Also one ONNX graph of the ensemble.")
def command(run: Path, arm: str | None, folder: Path, for_site: bool, onnx: bool) -> None:
    """Write an arm of RUN: weights (safetensors), ONNX, the resolved study, limits of use, and a model card.

    Nothing in the folder comes from a single patient. `ovcf-bench predict FOLDER IMAGE...` uses it.
    """
    from ovcf_bench.predict import export_bundle, open_bundle
    from ovcf_bench.sites import export_for_site

    if for_site and arm is not None:
        raise click.UsageError("--for-site takes every arm of the run: leave --arm out.")
    if for_site:
        export_for_site(run, folder, click.echo)
        click.echo(f"Exported to {folder}. What the site does stands in {folder / 'SITE.md'}.")
        return
    bundle = open_bundle(run, arm)
    export_bundle(bundle, folder, click.echo, onnx=onnx)
    one_each = " ".join(f"{view.upper()}_IMAGE" for view in bundle.arm.views) if len(bundle.arm.views) > 1 else "IMAGE"
    click.echo(f"Exported {bundle.arm.name} to {folder}. Try it: ovcf-bench predict {folder} {one_each}")


_VALIDATE_EXAMPLES = """\b
Example:
  ovcf-bench validate for_hospital_b --data images.csv --site hospital_b --to scores.zip
"""


@click.command("validate", epilog=_VALIDATE_EXAMPLES)
@click.argument("package", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--data", required=True, type=FILE, help="CSV of your images.")
@click.option("--site", required=True, metavar="NAME", help="What your site is called in the report.")
@click.option("--to", "out", required=True, type=FILE, help="The zip file.")
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda", "mps")), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of torch.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="PARAM=VALUE",
    help="How your files are read: a parameter of the dataset manifest, such as inverted=true; may be repeated.",
)
@key_option
def validate_command(
    package: Path, data: Path, site: str, out: Path, assignments: tuple[str, ...], key: Path | None, **computing: Any
) -> None:
    """Score your images with every network in FOLDER, and pack the scores under pseudonyms.

    FOLDER comes from `ovcf-bench export --for-site`; its SITE.md says what the CSV holds. No image and no identifier is
    in the zip file; the key of the pseudonyms stays with you.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.pseudonyms import load_key
    from ovcf_bench.sites import validate_site
    from ovcf_bench.study import read_assignments

    settings = read_assignments(assignments)
    with watching() as watch:
        progress = watch.progress
        sent = validate_site(package, data, site, load_key(key), out, settings=settings, progress=progress, **computing)
    for view, left_out in sent.left_out.items():
        click.echo(f"Left out, for the study does not read that view: {left_out} images of {view}")
    for view, n in sent.unusual.items():
        click.echo(f"Images of the view {view} that are unlike the study's: {'not known' if n is None else n}")
    click.echo(f"Wrote {out}. Send it, and tell this hash by another way:\n{sent.digest}")

"""`ovcf-bench export`: one arm as a folder that can leave the machine."""

from __future__ import annotations

from pathlib import Path

import click

_EXAMPLES = """\b
Examples:
  ovcf-bench export reports/runs/paper-1a2b3c4d --arm lateral/efficientnet_b5 --to lateral_model
  ovcf-bench export reports/runs/paper-1a2b3c4d --for-site --to for_hospital_b
"""


@click.command("export", epilog=_EXAMPLES)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--arm", metavar="VIEW/MODEL", help="Which arm of the run. [default: the only one]")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder."
)
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

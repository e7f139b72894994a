"""`ovcf-bench schema`: for editors that complete and check study files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ovcf_bench.cli.options import open_registry, params_models

_EXAMPLES = """\b
Examples:
  ovcf-bench schema > study.schema.json
  ovcf-bench schema --output study.schema.json --plugins my_model.py

With the line `# yaml-language-server: $schema=study.schema.json` at the top of a study, an editor completes it.
"""


@click.command("schema", epilog=_EXAMPLES)
@click.option(
    "--plugins", multiple=True, type=click.Path(path_type=Path, dir_okay=False), help="A plugin file; may be repeated."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def command(plugins: tuple[Path, ...], output: Path | None) -> None:
    """Write the JSON Schema of study files, with the parameters of the installed plugins and of plugin files."""
    from ovcf_bench.files import write_atomically
    from ovcf_bench.study import json_schema

    text = json.dumps(json_schema(params_models(open_registry(plugins))), indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text)

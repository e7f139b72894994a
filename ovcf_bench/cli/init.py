"""`ovcf-bench init`: five questions, and a study for your data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ovcf_bench.scaffold.survey import Survey

_EXAMPLES = """\b
Examples:
  ovcf-bench init
  ovcf-bench init my_study.yaml --data images.csv --views ap,lateral --positive fracture --margin 0.05 --yes
"""
_SCHEMA = "study.schema.json"


@click.command("init", epilog=_EXAMPLES)
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=Path("study.yaml"))
@click.option("--data", type=click.Path(path_type=Path), help="Folder VIEW/CLASS/image, or a CSV of images or scores.")
@click.option("--views", metavar="VIEW,VIEW", help="Which views to compare, the first against the second.")
@click.option("--positive", metavar="CLASS", help="The class that is to be found.")
@click.option("--question", metavar="TEXT", help="What the study asks.")
@click.option("--margin", metavar="NUMBER|none", help="Margin of non-inferiority, as a difference of AUROCs.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what the data suggest.")
def command(
    file: Path,
    data: Path | None,
    views: str | None,
    positive: str | None,
    question: str | None,
    margin: str | None,
    yes: bool,
) -> None:
    """Write a commented study FILE for your images, after a look at them.

    For a table of scores it tells the `compare` command instead: that needs no study.
    """
    from ovcf_bench.errors import BenchError, Problem
    from ovcf_bench.files import write_atomically
    from ovcf_bench.scaffold.study import Answers, write_study
    from ovcf_bench.scaffold.survey import survey

    if file.exists():
        advice = f"Name another file for the study. If these are your data: --data {file}"
        raise BenchError(Problem(file.name, "is there already", advice))

    def ask(text: str, given: str | None, proposed: str) -> str:
        return given if given is not None else proposed if yes else str(click.prompt(text, default=proposed, err=True))

    place = Path(ask("1. Where are your data (a folder, or a CSV file)?", str(data) if data else None, "images"))
    found = survey(place)
    if found.kind == "scores":
        click.echo(f"These are scores: no study is needed. Try: ovcf-bench compare {place}")
        return
    _tell(found)
    answers = Answers(
        data=place,
        views=tuple(each.strip() for each in ask("2. Which views?", views, ",".join(found.views)).split(",")),
        positive=ask("3. Which class is to be found?", positive, _proposed(found)),
        question=ask("4. What does the study ask?", question, f"Do {' and '.join(found.views)} show it equally well?"),
        margin=_margin(ask("5. Margin of non-inferiority (a difference of AUROCs), or none?", margin, "none")),
    )
    text = write_study(answers, found, file)
    write_atomically(file, text)
    _write_schema(file.parent / _SCHEMA)
    click.echo(f"Wrote {file}. Next: ovcf-bench check {file}")


def _tell(found: Survey) -> None:
    classes = ", ".join(f"{name} ({n} patients)" for name, n in found.classes)
    click.echo(f"Found views {', '.join(found.views)}; classes {classes}.", err=True)


def _proposed(found: Survey) -> str:
    """Return the class that is probably looked for: 1, else the rarest."""
    names = [name for name, _ in found.classes]
    return "1" if "1" in names else names[0]


def _margin(text: str) -> float | None:
    from ovcf_bench.errors import BenchError, Problem

    if text.strip().lower() in ("none", ""):
        return None
    try:
        margin = float(text)
    except ValueError:
        margin = 0.0
    if not 0 < margin < 1:
        raise BenchError(Problem("--margin", f"{text!r} is no margin", "Allowed: a number between 0 and 1, or none."))
    return margin


def _write_schema(path: Path) -> None:
    import json

    from ovcf_bench.cli.options import open_registry, params_models
    from ovcf_bench.files import write_atomically
    from ovcf_bench.study import json_schema

    write_atomically(path, json.dumps(json_schema(params_models(open_registry())), indent=1) + "\n")

"""`ovcf-bench init` and `schema`: a first study, and an editor that helps to write it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ovcf_bench.cli.options import FILE, open_registry, params_models
from ovcf_bench.errors import BenchError, Problem, one_of
from ovcf_bench.files import write_atomically
from ovcf_bench.scaffold import study, survey

_EXAMPLES = """\b
Examples:
  ovcf-bench init
  ovcf-bench init my_study.yaml --data images.csv --views ap,lateral --positive fracture --margin 0.05 --yes
  ovcf-bench init my_study.yaml --data scores.csv --label fracture --patient patient_id --views ap,lateral --yes
"""
_SCHEMA = "study.schema.json"


@dataclass(frozen=True, slots=True)
class _Given:
    """The options; None where the user is asked, or (`yes`) what the data suggest is taken."""

    views: str | None
    positive: str | None
    label: str | None
    patient: str | None
    question: str | None
    margin: str | None
    yes: bool

    def ask(self, text: str, option: str, given: str | None, proposed: str | None, advice: str = "") -> str:
        """Return the answer to one question. Raises BenchError when it must not be asked and nothing is proposed."""
        if given is not None:
            return given
        if not self.yes:
            return str(click.prompt(text, default=proposed, err=True))
        if proposed is None:
            raise BenchError(Problem(option, "the data do not tell it plainly: give this option", advice))
        return proposed

    def refuse(self, *names: str, why: str) -> None:
        """Raise BenchError for options that do not concern these data."""
        problems = [Problem(f"--{name}", why, "Leave it out.") for name in names if getattr(self, name) is not None]
        if problems:
            raise BenchError(*problems)


@click.command("init", epilog=_EXAMPLES)
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=Path("study.yaml"))
@click.option("--data", type=click.Path(path_type=Path), help="Folder VIEW/CLASS/image, or a CSV of images or scores.")
@click.option("--views", metavar="VIEW,VIEW", help="Which views, or columns of scores, to compare: the first against "
              "the second.")  # fmt: skip
@click.option("--positive", metavar="CLASS", help="Images: the class that is to be found.")
@click.option("--label", metavar="COLUMN", help="Scores: the column of the truth, 1 positive and 0 negative.")
@click.option("--patient", metavar="COLUMN", help="Scores: the column of the patient.")
@click.option("--question", metavar="TEXT", help="What the study asks.")
@click.option("--margin", metavar="NUMBER|none", help="Margin of non-inferiority, as a difference of AUROCs.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what the data suggest.")
def command(file: Path, data: Path | None, **options: Any) -> None:
    """Write a commented study FILE for your images, or for a table of scores, after a look at them.

    For scores it also tells the `compare` command that needs no study.
    """
    if file.exists():
        advice = f"Name another file for the study. If these are your data: --data {file}"
        raise BenchError(Problem(file.name, "is there already", advice))
    given = _Given(**options)
    where = "1. Where are your data (a folder, or a CSV file)?"
    place = Path(given.ask(where, "--data", str(data) if data else None, "images"))
    found = survey.survey(place)
    if isinstance(found, survey.Survey):
        text, quick = _of_images(given, place, found, file), ""
    else:
        text, quick = _of_scores(given, place, found, file)
    write_atomically(file, text)
    write_atomically(file.parent / _SCHEMA, _schema())
    click.echo(f"Wrote {file}. Next: ovcf-bench check {file}")
    if quick:
        click.echo(f"The same comparison without a study: {quick}")


def _of_images(given: _Given, place: Path, found: survey.Survey, file: Path) -> str:
    """Return the study of the images, after questions 2 to 5."""
    given.refuse("label", "patient", why="is for a table of scores; these are images")
    _tell(found)
    usual = f"Do {' and '.join(found.views)} show it equally well?"
    answers = study.Answers(
        data=place,
        views=_split(given.ask("2. Which views?", "--views", given.views, _join(found.views))),
        positive=given.ask("3. Which class is to be found?", "--positive", given.positive, _proposed(found)),
        question=given.ask("4. What does the study ask?", "--question", given.question, usual),
        margin=_margin(given),
    )
    text = study.write_study(answers, found, file)
    negative = ", ".join(f"{name} ({found.count(name)} patients)" for name in study.others(answers, found))
    click.echo(f"Positive is {answers.positive}; negative is {negative}.", err=True)
    return text


def _of_scores(given: _Given, place: Path, found: survey.ScoreSurvey, file: Path) -> tuple[str, str]:
    """Return the study of the scores, after questions 2 to 5, and the command that does without one."""
    given.refuse("positive", why="is for images; in a table of scores the positive label is 1")
    names = found.names()
    click.echo(f"Found a table of scores with the columns {', '.join(names)}.", err=True)
    asked = "2. Which column is the label (1 positive, 0 negative)?"
    advice = one_of("", found.names(binary=True))
    label = given.ask(asked, "--label", given.label, survey.proposed_label(found), advice)
    proposed = survey.proposed_patient(found, label)
    advice = "Every row its own patient? That needs no study: ovcf-bench compare, without --patient."
    patient = given.ask("3. Which column names the patient?", "--patient", given.patient, proposed, advice)
    scores = _join(survey.proposed_scores(found, label, patient)) or None
    asked, advice = "4. Which columns of scores, the first against the second?", one_of("", found.names(numeric=True))
    views = given.ask(asked, "--views", given.views, scores, advice)
    told = study.ScoreAnswers(place, _split(views), label, patient, given.question, _margin(given))
    answers = study.settle(told, found)
    others = [name for name in names if name not in (answers.label, answers.patient, *answers.scores)]
    said = f"Label {answers.label}; patient {answers.patient}; arms {', '.join(answers.arms)}; not compared: "
    click.echo(f"{said}{', '.join(others) or 'none'}.", err=True)
    return study.write_score_study(answers, found, file), study.compare_command(answers, found)


def _split(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas; a name that holds one stands in double quotes."""
    return tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), [""]))


def _join(names: Sequence[str]) -> str:
    """Return names as `_split` reads them."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def _tell(found: survey.Survey) -> None:
    classes = ", ".join(f"{name} ({found.count(name)} patients)" for name in found.classes)
    click.echo(f"Found views {', '.join(found.views)}; classes {classes}.", err=True)
    if found.partial:
        click.echo(f"Left out, for not every view has them: the class folders {', '.join(found.partial)}.", err=True)


def _proposed(found: survey.Survey) -> str:
    """Return the class that is probably looked for: 1, else the rarest."""
    return "1" if "1" in found.classes else found.classes[0]


def _margin(given: _Given) -> float | None:
    asked = "5. Margin of non-inferiority (a difference of AUROCs), or none?"
    text = given.ask(asked, "--margin", given.margin, "none")
    if text.strip().lower() in ("none", ""):
        return None
    try:
        margin = float(text)
    except ValueError:
        margin = 0.0
    if not 0 < margin < 1:
        raise BenchError(Problem("--margin", f"{text!r} is no margin", "Allowed: a number between 0 and 1, or none."))
    return margin


def _schema(plugins: Iterable[Path] = ()) -> str:
    from ovcf_bench.study import json_schema

    return json.dumps(json_schema(params_models(open_registry(plugins))), indent=1) + "\n"


_SCHEMA_EXAMPLES = """\b
Examples:
  ovcf-bench schema > study.schema.json
  ovcf-bench schema --output study.schema.json --plugins my_model.py

With the line `# yaml-language-server: $schema=study.schema.json` at the top of a study, an editor completes it.
"""


@click.command("schema", epilog=_SCHEMA_EXAMPLES)
@click.option("--plugins", multiple=True, type=FILE, help="A plugin file; may be repeated.")
@click.option("--output", type=FILE, help="Write to this file.")
def schema_command(plugins: tuple[Path, ...], output: Path | None) -> None:
    """Write the JSON Schema of study files, with the parameters of the installed plugins and of plugin files."""
    text = _schema(plugins)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomically(output, text)

"""Writes a first study for a user's data, with a comment at everything that is a choice."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from ovcf_bench.errors import BenchError, Problem, one_of
from ovcf_bench.scaffold.survey import Survey

_LONGER_SIDE = 384  # pixels: a first study should train in an evening
_MULTIPLE = 32  # networks halve an image five times
_DEVELOPMENT_SHARE = 0.7
_FEWEST = 4  # patients of a class: two folds with one each, and two to test


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user said. views : at least one; positive : the class that is to be found; margin : None, no claim."""

    data: Path
    views: tuple[str, ...]
    positive: str
    question: str
    margin: float | None


def write_study(answers: Answers, found: Survey, file: Path) -> str:
    """Return the text of a study file at `file`. Raises BenchError when the answers do not fit the data."""
    classes = dict(found.classes)
    unknown = [view for view in answers.views if view not in found.views]
    problems = [Problem("--views", f"the data have no view {view!r}", one_of(view, found.views)) for view in unknown]
    if len(set(answers.views)) < len(answers.views):
        problems.append(Problem("--views", "names a view twice", "Name every view once."))
    if not answers.question.strip():
        problems.append(Problem("--question", "is empty", "Say what the study asks."))
    if answers.positive not in classes:
        problems.append(Problem("--positive", f"no class {answers.positive!r}", one_of(answers.positive, classes)))
    if problems:
        raise BenchError(*problems)
    others = [name for name in classes if name != answers.positive]
    n_positive, n_negative = classes[answers.positive], sum(classes[name] for name in others)
    if min(n_positive, n_negative) < _FEWEST:
        few = f"{n_positive} positive and {n_negative} negative patients"
        raise BenchError(Problem("--data", few, f"At least {_FEWEST} of each are needed for folds and a test set."))
    development = [max(2, round(_DEVELOPMENT_SHARE * n)) for n in (n_positive, n_negative)]
    height, width = _image_size(found.shape)
    words = {
        "question": json.dumps(answers.question, ensure_ascii=False),
        "cohort": _cohort(answers, others, file),
        "positives": development[0],
        "negatives": development[1],
        "folds": min(5, *development),
        "views": ", ".join(answers.views),
        "height": height,
        "width": width,
        "comparison": _comparison(answers),
    }
    template = resources.files("ovcf_bench.scaffold") / "templates" / "study.yaml.txt"
    return Template(template.read_text("utf-8")).substitute(words)


def _cohort(answers: Answers, others: list[str], file: Path) -> str:
    place = json.dumps(Path(os.path.relpath(answers.data, file.parent)).as_posix(), ensure_ascii=False)
    positive, negative = json.dumps(answers.positive), json.dumps(others[0])
    if answers.data.is_dir():
        views = ", ".join(f"{view}: {view}" for view in answers.views)
        return (
            "    dataset: image_folder\n    params:\n"
            f"      root: {place}\n      views: {{{views}}} # view: its folder\n"
            f"      positive: {positive}\n      negative: {negative}\n"
            "      # How the patient is read from the start of a file name. It must name patients, not images: see\n"
            "      # how many patients `check` counts.\n"
            "      patient: '(?P<patient>[A-Za-z0-9]+)'"
        )
    listed = ", ".join(json.dumps(name) for name in others)
    return (
        "    dataset: manifest\n    params:\n"
        f"      path: {place}\n      positive: [{positive}]\n      negative: [{listed}]"
    )


def _image_size(shape: tuple[int, int] | None) -> tuple[int, int]:
    """Return a size with the images' proportions whose longer side is 384 pixels."""
    height, width = shape or (_LONGER_SIDE, _LONGER_SIDE)
    scale = _LONGER_SIDE / max(height, width)
    return tuple(max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (height, width))  # type: ignore[return-value]


def _comparison(answers: Answers) -> str:
    if len(answers.views) < 2:
        return "# With one view there is nothing to compare; add a second model, or a view.\n"
    a, b = answers.views[:2]
    claim = "" if answers.margin is None else f", claim: noninferiority, margin: {answers.margin:g}"
    return (
        "# Declared before any score exists: the first is tested against the second. A claim of non-inferiority or\n"
        "# equivalence needs a margin that would matter clinically.\n"
        f"comparisons:\n  - {{id: first_vs_second, a: {a}, b: {b}{claim}}}\n"
        "primary: {set: internal, comparison: first_vs_second}\n"
    )

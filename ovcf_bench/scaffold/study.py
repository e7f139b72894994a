"""Writes a first study for a user's data, with a comment at everything that is a choice."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ovcf_bench.errors import BenchError, Problem, one_of
from ovcf_bench.scaffold import filled
from ovcf_bench.scaffold.survey import ScoreSurvey, Survey, exam_column
from ovcf_bench.wording import plural

_LONGER_SIDE = 384  # pixels: a first study should train in an evening
_MULTIPLE = 32  # networks halve an image five times
_DEVELOPMENT_SHARE = 0.7
_FEWEST = 4  # patients of a class: two folds with one each, and two to test
_PLAIN = re.compile(r"(?!(?i:true|false|null)$)[A-Za-z][A-Za-z0-9_-]*")  # words that YAML needs no quotes for


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user said. views : at least one; positive : the class that is to be found; margin : None, no claim."""

    data: Path
    views: tuple[str, ...]
    positive: str
    question: str
    margin: float | None


@dataclass(frozen=True, slots=True)
class ScoreAnswers:
    """What the user said of a table. scores, label, patient : columns; question : None, the usual one."""

    data: Path
    scores: tuple[str, ...]
    label: str
    patient: str
    question: str | None
    margin: float | None

    @property
    def arms(self) -> tuple[str, ...]:
        """The scores' names in the study, where 'a+b' would be an arm of two views and 'a/b' one of a model."""
        return tuple(" ".join(re.sub(r"\s*[+/]\s*", "-", name).split()) for name in self.scores)


def others(answers: Answers, found: Survey) -> tuple[str, ...]:
    """Return the classes that count as negative: all but the positive one."""
    return tuple(name for name in found.classes if name != answers.positive)


def write_study(answers: Answers, found: Survey, file: Path) -> str:
    """Return the text of a study file at `file`. Raises BenchError when the answers do not fit the data."""
    _check_answers(answers, found)
    positive = found.patients((answers.positive,), answers.views)
    negative = found.patients(others(answers, found), answers.views)
    if positive & negative:
        have = plural(len(positive & negative), "patient has", "patients have")
        n = f"{have} images of {answers.positive!r} and of another class"
        advice = "A patient has one label. See `label_level` in `ovcf-bench plugins show manifest`."
        raise BenchError(Problem("--data", n, advice))
    is_folder = answers.data.is_dir()
    if min(len(positive), len(negative)) < _FEWEST:
        few = f"{len(positive)} positive and {len(negative)} negative patients"
        names = (
            " Patients were read from file names, up to the first mark; a CSV file can name them." if is_folder else ""
        )
        needed = f"At least {_FEWEST} of each are needed for folds and a test set.{names}"
        raise BenchError(Problem("--data", few, needed))
    development = [max(2, round(_DEVELOPMENT_SHARE * len(patients))) for patients in (positive, negative)]
    height, width = _image_size(found.shape)
    return filled(
        "study.yaml",
        question=_text(answers.question),
        cohort=_cohort(answers, found, file),
        positives=development[0],
        negatives=development[1],
        folds=min(5, *development),
        views=_list(answers.views),
        height=height,
        width=width,
        comparison=_comparison("comparison.yaml", answers.views, answers.margin),
    )


def _check_answers(answers: Answers, found: Survey) -> None:
    problems = [
        Problem("--views", f"the data have no view {view!r}", one_of(view, found.views))
        for view in answers.views
        if view not in found.views
    ]
    problems += [
        Problem("--views", f"the view {view!r} holds '+' or '/'", "Rename it: 'a+b' is an arm of two views.")
        for view in answers.views
        if re.search("[+/]", view)
    ]
    problems += _check_pair(answers.views, answers.margin, answers.question)
    if answers.positive not in found.classes:
        allowed = one_of(answers.positive, found.classes)
        problems.append(Problem("--positive", f"no class {answers.positive!r}", allowed))
    if problems:
        raise BenchError(*problems)


def _check_pair(names: Sequence[str], margin: float | None, question: str | None) -> list[Problem]:
    problems = []
    if len(set(names)) < len(names):
        problems.append(Problem("--views", "names a view twice", "Name every view once."))
    if len(names) < 2 and margin is not None:
        problems.append(Problem("--margin", "there is nothing to compare", "Name two in --views, or no margin."))
    if question is not None and not question.strip():
        problems.append(Problem("--question", "is empty", "Say what the study asks."))
    return problems


def _cohort(answers: Answers, found: Survey, file: Path) -> str:
    place, positive = _text(_relative(answers.data, file)), _text(answers.positive)
    classes = others(answers, found)
    negative = ", ".join(map(_text, classes))
    if not answers.data.is_dir():
        return filled("cohort_list.yaml", place=place, positive=positive, negative=negative)
    if len(classes) > 1:
        negative = f"[{negative}] # all other classes; without one of them, lower `negatives` below"
    views = ", ".join(f"{_word(view)}: {_word(view)}" for view in answers.views)
    return filled("cohort_folder.yaml", place=place, views=views, positive=positive, negative=negative)


def _image_size(shape: tuple[int, int] | None) -> tuple[int, int]:
    """Return a size with the images' proportions whose longer side is 384 pixels."""
    height, width = shape or (_LONGER_SIDE, _LONGER_SIDE)
    scale = _LONGER_SIDE / max(height, width)
    return tuple(max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (height, width))  # type: ignore[return-value]


def settle(answers: ScoreAnswers, found: ScoreSurvey) -> ScoreAnswers:
    """Return the answers with columns named as in the file. Raises BenchError when they do not fit the table."""
    label, patient, *scores = (
        column.name if (column := found.column(name)) else name
        for name in (answers.label, answers.patient, *answers.scores)
    )
    settled = replace(answers, label=label, patient=patient, scores=tuple(scores))
    binary, full = found.names(binary=True, empty=0), [name for name in found.names(empty=0) if name != label]
    numeric = [name for name in found.names(numeric=True) if name not in (label, patient)]
    problems = [
        *_unfit("--label", [label], binary, found, "does not hold 0 or 1 in every row, and both of them"),
        *_unfit("--patient", [patient], full, found, "has empty cells, or is the label"),
        *_unfit("--views", scores, numeric, found, "holds no scores"),
        *_check_pair(settled.arms, answers.margin, answers.question),
    ]
    if not problems and _repeated(settled, found) and exam_column(found, label, patient) is None:
        repeats = plural(_repeated(settled, found), "row repeats", "rows repeat")
        rows = f"{repeats} a patient, and no column exam_id tells the exams apart"
        problems = [Problem("--patient", rows, "A study reads one row for each exam, and one column for each arm.")]
    if problems:
        raise BenchError(*problems)
    return settled


def _unfit(option: str, names: Sequence[str], allowed: Sequence[str], found: ScoreSurvey, why: str) -> list[Problem]:
    return [
        Problem(option, f"the column {name!r} {why if found.column(name) else 'is not there'}", one_of(name, allowed))
        for name in names
        if name not in allowed
    ]


def _repeated(answers: ScoreAnswers, found: ScoreSurvey) -> int:
    patient = found.column(answers.patient)
    return patient.repeated if patient else 0


def write_score_study(answers: ScoreAnswers, found: ScoreSurvey, file: Path) -> str:
    """Return the text of a study file at `file`, for answers that are settled."""
    several = _repeated(answers, found) > 0
    exam = exam_column(found, answers.label, answers.patient) if several else None
    who = f"      patient: {_text(answers.patient)}"
    columns = zip(answers.arms, answers.scores, strict=True)
    return filled(
        "study_scores.yaml",
        question=_text(answers.question or _usual_question(answers)),
        path=_text(_relative(answers.data, file)),
        who=f"{who}\n      exam: {_text(exam)} # patients have several" if exam else who,
        label=_text(answers.label),
        exam=_text(exam or answers.patient),
        columns="\n".join(f"        {_word(arm)}: [{_text(column)}]" for arm, column in columns),
        arms=_list(answers.arms),
        level="analysis_level: exam # intervals and tests are clustered by patient; or patient\n" if several else "",
        comparison=_comparison("comparison_scores.yaml", answers.arms, answers.margin),
    )


def _usual_question(answers: ScoreAnswers) -> str:
    if len(answers.arms) < 2:
        return f"How well does {answers.arms[0]} tell the classes apart?"
    a, b = answers.arms[:2]
    if answers.margin is not None:
        return f"Is {a} non-inferior to {b}?"
    return f"Do {a} and {b} tell the classes apart equally well?"


def compare_command(answers: ScoreAnswers, found: ScoreSurvey) -> str:
    """Return the command that compares the same scores without a study, for answers that are settled.

    "" when a column's name holds both marks of `--arm`, '=' and ','.
    """
    if any("=" in name and "," in name for name in answers.scores):
        return ""
    names = [name.strip().replace("=", "-") for name in answers.scores]
    words = ["ovcf-bench", "compare", str(answers.data), "--label", answers.label]
    words += ["--cluster" if _repeated(answers, found) else "--patient", answers.patient]
    for name, column in zip(names, answers.scores, strict=True):
        words += ["--arm", f"{name}={column}" if "=" in column else column]
    if len(names) > 2:
        words += ["--pair", *names[:2]]
    if answers.margin is not None:
        words += ["--claim", "noninferiority", "--margin", f"{answers.margin:g}"]
    return shlex.join(words)


def _comparison(template: str, names: Sequence[str], margin: float | None) -> str:
    if len(names) < 2:
        return "# With one view there is nothing to compare; add a second model, or a view.\n"
    a, b = (_word(name) for name in names[:2])
    claim = "" if margin is None else f", claim: noninferiority, margin: {margin:g}"
    return filled(template, a=a, b=b, claim=claim)


def _relative(data: Path, file: Path) -> str:
    """Return the path of the data from the study's folder, where '..' leads up from the folder itself, not a link."""
    return Path(os.path.relpath(data.parent.resolve() / data.name, file.parent.resolve())).as_posix()


def _text(words: str) -> str:
    """Return words in the double quotes of JSON, which YAML reads as well."""
    return json.dumps(words, ensure_ascii=not words.isprintable()).replace("\x7f", "\\u007f")


def _word(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else _text(name)


def _list(names: Sequence[str]) -> str:
    return ", ".join(_word(name) for name in names)

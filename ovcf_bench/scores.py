"""The score table: the only thing that passes from the networks to the statistics.

One row per image (or exam, for an arm of several views) x arm x single network or ensemble. Columns are
`vocabulary.SCORE_COLUMNS`, then covariates. An empty `image_id` is "", an empty `repeat` or `fold` is <NA>,
an empty `logit` is NaN, and a NaN `score` is a missing view.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd
from scipy.special import expit

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.vocabulary import DEVELOPMENT, SCORE_COLUMNS, Arm, Ensemble, ScoreKind
from ovcf_bench.wording import plural

Doubles = np.ndarray[Any, np.dtype[np.float64]]

SINGLE = "none"  # the `ensemble` of one network's row
_TARGET = "label"

_COUNTERS = ("repeat", "fold")
_FLOATS = ("score", "logit")
_TEXTS = tuple(name for name in SCORE_COLUMNS if name not in (*_COUNTERS, *_FLOATS, "label"))
_IDENTITY = [name for name in SCORE_COLUMNS if name not in ("view", "model", "site", "label", *_FLOATS)]
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d*)")


def build(rows: pd.DataFrame | Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the score table of `rows`: declared columns first and typed, rows in the given order.

    Raises RecordError listing every breach of the contract, by row number and never by identifier.
    """
    table = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    absent = [name for name in SCORE_COLUMNS if name not in table.columns]
    if absent:
        raise RecordError(Problem("score table", f"columns are missing: {', '.join(absent)}"))
    covariates = [name for name in table.columns if name not in SCORE_COLUMNS]
    table = table[[*SCORE_COLUMNS, *covariates]].reset_index(drop=True)
    try:
        for name in _TEXTS:
            table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
        for name in _COUNTERS:
            table[name] = pd.to_numeric(table[name].replace("", None)).astype("Int64")
        for name in _FLOATS:
            table[name] = pd.to_numeric(table[name].replace("", None)).astype("float64")
        table["label"] = table["label"].astype("int64")
    except (TypeError, ValueError) as error:
        raise RecordError(Problem(f"score table, column {name!r}", "holds a value of another type")) from error
    check_table(table)
    return table


def network_rows(
    cases: pd.DataFrame, arm: Arm, repeat: int, fold: int, *, score: Any, logit: Any = np.nan, also: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the rows of one network, or of one reader, of an arm.

    cases : (n,) rows with set, patient_id, exam_id, image_id, site and label; score, logit : (n,); also : further
    columns of `cases` that are kept. An arm whose scores come from elsewhere has no model ("").
    """
    values: dict[str, Any] = {
        "kind": np.where(cases["set"] == DEVELOPMENT, "oof", "test"),
        "target": _TARGET,
        "arm": arm.name,
        "view": arm.view,
        "model": arm.model,
        "repeat": repeat,
        "fold": fold,
        "ensemble": SINGLE,
        "score": score,
        "logit": logit,
    }
    # A covariate may bear the name of a column that says nothing here, such as the site in a file of scores.
    values |= {name: cases[name] for name in also}
    table = cases.assign(**values)[list(dict.fromkeys((*SCORE_COLUMNS, *also)))]
    return table.astype({"repeat": "Int64", "fold": "Int64", "label": np.int64})


def ensemble_rows(
    cases: pd.DataFrame, arm: Arm, ensemble: str, *, score: Any, logit: Any = np.nan, also: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the rows of an arm's ensemble; arguments as `network_rows`."""
    rows = network_rows(cases, arm, 0, 0, score=score, logit=logit, also=also)
    return rows.assign(repeat=None, fold=None, ensemble=ensemble).astype({"repeat": "Int64", "fold": "Int64"})


def ensembles_of(logits: Doubles) -> dict[Ensemble, tuple[Doubles, Doubles]]:
    """Return logit and score (n,) of every ensemble of k networks: logits (k, n). A mean probability has no logit."""
    mean = logits.mean(axis=0)
    nothing = np.full(mean.shape, np.nan)
    return {"mean_logit": (mean, expit(mean)), "mean_probability": (nothing, expit(logits).mean(axis=0))}


def check_table(table: pd.DataFrame) -> None:
    """Raise RecordError listing every breach of the contract, by row number (the header is row 1)."""
    single = table["ensemble"] == SINGLE
    numbered = table["repeat"].notna() & table["fold"].notna()
    unnumbered = table["repeat"].isna() & table["fold"].isna()
    kinds, ensembles = get_args(ScoreKind), (SINGLE, *get_args(Ensemble))
    score, logit = table["score"], table["logit"]
    of_network = table["model"] != ""  # scores from elsewhere name no model and may have any scale
    breaches: list[tuple[str, pd.Series[bool], str]] = [
        ("kind", ~table["kind"].isin(kinds), f"Allowed: {', '.join(kinds)}."),
        ("ensemble", ~table["ensemble"].isin(ensembles), f"Allowed: {', '.join(ensembles)}."),
        ("label", ~table["label"].isin((0, 1)), "A label is 0 or 1."),
        ("score", score.abs() == float("inf"), "A score is finite, or empty."),
        ("score", of_network & ~score.between(0, 1) & score.notna(), "A network's score is a probability, or empty."),
        ("logit", logit.abs() == float("inf"), "A logit is finite, or empty."),
        ("patient_id", table["patient_id"] == "", "Every row belongs to a patient."),
        ("exam_id", table["exam_id"] == "", "Every row belongs to an exam."),
        ("repeat", single & ~numbered, "A single network has a repeat and a fold."),
        ("repeat", ~single & ~unnumbered, "An ensemble has neither repeat nor fold."),
        ("image_id", table.duplicated(_IDENTITY), "The same case is scored twice."),
    ]
    problems = [
        Problem(f"score table, column {column!r}", _rows(broken), allowed)
        for column, broken, allowed in breaches
        if broken.any()
    ]
    if problems:
        raise RecordError(*problems)


def _rows(broken: pd.Series[bool]) -> str:
    numbers = [str(row + 2) for row in range(len(broken)) if broken.iloc[row]]
    listed = ", ".join(numbers[:5]) + (", ..." if len(numbers) > 5 else "")
    return f"{plural(len(numbers), 'row breaks the contract: row', 'rows break the contract: rows')} {listed}"


def to_csv(table: pd.DataFrame) -> str:
    """Return the table as CSV that `from_csv` reads back to the last bit: shortest exact decimals, LF."""
    return table.to_csv(index=False, lineterminator="\n")


def from_csv(text: str) -> pd.DataFrame:
    """Return the score table written by `to_csv`. Raises RecordError when it breaks the contract."""
    try:
        raw = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:  # what pandas raises for text that is no table
        raise RecordError(Problem("score table", f"is no CSV ({type(error).__name__})")) from error
    for name in raw.columns:
        if name not in SCORE_COLUMNS:
            raw[name] = _typed(raw[name])
        elif name in _FLOATS:
            try:
                raw[name] = _floats(raw[name])
            except ValueError as error:
                raise RecordError(Problem(f"score table, column {name!r}", "holds what is no number")) from error
    return build(raw)


def _typed(texts: pd.Series[str]) -> pd.Series[Any]:
    """Return a covariate as numbers only if its text comes back unchanged ("007" stays a text)."""
    filled = texts[texts != ""]
    if filled.empty:
        return texts
    if filled.str.fullmatch(_WHOLE_NUMBER).all():
        return texts.astype("int64") if len(filled) == len(texts) else _optional(texts, int).astype("Int64")
    try:
        numbers = _floats(texts)
    except ValueError:
        return texts
    return numbers if (filled == numbers[filled.index].map(repr)).all() else texts


def _floats(texts: pd.Series[str]) -> pd.Series[float]:
    # Python's own conversion is exact in the last bit; pandas' default is not.
    return _optional(texts, float).astype("float64")


def _optional(texts: pd.Series[str], convert: Callable[[str], Any]) -> pd.Series[Any]:
    return pd.Series([None if text == "" else convert(text) for text in texts], index=texts.index, dtype=object)

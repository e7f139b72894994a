"""Covariates: of which kind they are, and how far two groups differ in one, in standard deviations.

Source: Austin, Statistics in Medicine 2009;28:3083-3107; several categories: Yang & Dalton, SAS Global Forum 2012,
paper 335.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

FEW_VALUES = 5  # whole numbers with at most this many different values are categories
MANY_LEVELS = 20  # a text with more different values may tell who a patient is; it is not listed
NO_OVERLAP = "the classes do not overlap: the standardised difference has no bound"
NO_CASES = "a class has too few values"


def covariate_kind(values: pd.Series) -> str:
    """Return "numeric", "categorical" or "text" (too many different texts to list)."""
    distinct = values.dropna().unique()
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return "categorical" if len(distinct) <= MANY_LEVELS else "text"
    numbers = np.asarray(distinct, dtype=np.float64)
    whole = bool(np.isfinite(numbers).all() and np.all(numbers % 1 == 0))
    return "categorical" if whole and len(distinct) <= FEW_VALUES else "numeric"


def as_levels(values: pd.Series) -> pd.Series:
    """Return category names; 1.0 (a whole number beside missing values) is "1"."""
    texts = [None if pd.isna(value) else level_text(value) for value in values]
    return pd.Series(texts, index=values.index, dtype=object)


def level_text(value: object) -> str:
    """Return a category as text; a whole number beside missing values keeps no ".0"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def distinct(values: pd.Series) -> list[Any]:
    """Return the categories of a covariate in order: numbers first, then words."""
    return sorted(values.dropna().unique(), key=lambda value: (isinstance(value, str), value))


def levels_of(values: pd.Series) -> list[str]:
    """Return the categories of a covariate as text, in order."""
    return [level_text(value) for value in distinct(values)]


def standardised_difference(first: pd.Series, second: pd.Series) -> float | None:
    """Return the difference of two groups in a covariate of any kind; None where it has no value, or for free text."""
    both = pd.concat([first, second], ignore_index=True)
    kind = covariate_kind(both)
    if kind == "numeric":
        return numeric_difference(first.dropna().astype(float), second.dropna().astype(float))[0]
    if kind == "text":
        return None
    levels = levels_of(both)
    return categorical_difference(as_levels(first).dropna(), as_levels(second).dropna(), levels)[0]


def numeric_difference(first: pd.Series, second: pd.Series) -> tuple[float | None, str]:
    """Return (mean of first - mean of second) / root mean square of both SDs, or None with the reason."""
    if min(len(first), len(second)) < 2:
        return None, NO_CASES
    difference = float(first.mean() - second.mean())
    spread = math.sqrt((float(first.var()) + float(second.var())) / 2)
    if spread == 0:
        return (0.0, "") if difference == 0 else (None, NO_OVERLAP)
    return difference / spread, ""


def categorical_difference(first: pd.Series, second: pd.Series, levels: Sequence[str]) -> tuple[float | None, str]:
    """Return the Mahalanobis distance of the two vectors of shares (without sign), or None with the reason."""
    if min(len(first), len(second)) < 2:
        return None, NO_CASES
    shares = [np.array([(group == level).mean() for level in levels[1:]]) for group in (first, second)]
    distance = shares[0] - shares[1]
    spread = sum(np.diag(share) - np.outer(share, share) for share in shares) / 2
    inverse = np.linalg.pinv(np.atleast_2d(spread), hermitian=True) if levels[1:] else np.zeros((0, 0))
    if not np.allclose(spread @ inverse @ distance, distance):  # a direction without spread
        return None, NO_OVERLAP
    return math.sqrt(max(0.0, float(distance @ inverse @ distance))), ""

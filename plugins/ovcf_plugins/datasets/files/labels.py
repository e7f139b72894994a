"""The words of a label column, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

Word = str | int | float


def labels_of(words: pd.Series, positive: Sequence[Word], negative: Sequence[Word]) -> pd.Series:
    """Return 1, 0, or NaN where a word is neither positive nor negative; "1.0" counts as 1."""
    meanings = {str(word): 0 for word in negative} | {str(word): 1 for word in positive}
    numbers = {_number(word): meaning for word, meaning in meanings.items() if _number(word) is not None}
    found = {word: meanings.get(word, numbers.get(_number(word))) for word in words.dropna().unique()}
    return words.map(found).astype(float)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None

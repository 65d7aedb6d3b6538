"""One text for one value: 1, 1.0 and "1" are the same category, True is "true"; and numbers out of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError, canonical_text, number_in

from ._columns import Values, hold_numbers

__all__ = ["as_numbers", "as_texts"]


def as_texts(values: Values) -> Sequence[str | None]:
    """The canonical text of every value; quick where values repeat, as categories do."""
    if hold_numbers(values):
        distinct, inverse = np.unique(values, return_inverse=True)
        texts = np.array([canonical_text(value) for value in distinct.tolist()], dtype=object)
        return [] if not len(texts) else texts[inverse].tolist()
    return [value if type(value) is str and value else canonical_text(value) for value in values.tolist()]


def as_numbers(name: str, values: Values) -> NDArray[np.float64]:
    """The number of every value, NaN where missing; booleans count as 1 and 0.

    Raises:
        DataError: some values are not numbers (a date, a word); the message counts them and shows none.
    """
    if hold_numbers(values):
        return np.asarray(values, dtype=np.float64)
    seen: dict[str, float | None] = {}
    numbers = np.empty(len(values), dtype=np.float64)
    wrong = 0
    for row, value in enumerate(values.tolist()):
        text = canonical_text(value)
        if text is None:
            numbers[row] = np.nan
            continue
        if text not in seen:
            seen[text] = number_in(text)
        number = seen[text]
        wrong += number is None
        numbers[row] = np.nan if number is None else number
    if wrong:
        raise DataError(
            "data-not-a-number",
            f"Column {name!r} is declared a number, but {wrong} of {len(values)} values are not numbers.",
            rule="a number feature holds numbers or nothing; a date or a word is not a number",
            remedy="clean the column, write 'kind: category' for it, or turn dates into days before",
        )
    return numbers

"""Which columns an estimator reads: named by parameters, the same as when it learned, and no free text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._estimator_input import InputError

__all__ = ["check_names", "place_of", "refuse_free_text"]

_FREE_TEXT = 50


def place_of(name: Any, names: Sequence[str]) -> int:
    """Place of a column that a parameter names, by its name or by its place.

    Raises:
        InputError: there is no such column.
    """
    if isinstance(name, str) and name in names:
        return names.index(name)
    if isinstance(name, (int, np.integer)) and 0 <= name < len(names):
        return int(name)
    raise InputError(
        "estimator-column",
        f"A parameter names the column {name!r}, which X does not have.",
        rule="columns are named by their name, or by their place from 0",
        remedy="look at monotone= and categories=",
    )


def refuse_free_text(name: str, distinct: int, known: int) -> None:
    """A column of words is a category only where rows share them.

    Args:
        name: the column.
        distinct: different texts in it.
        known: rows with a text.

    Raises:
        InputError: nearly every row has a text of its own.
    """
    if distinct > _FREE_TEXT and 10 * distinct > 9 * known:
        raise InputError(
            "data-free-text",
            f"Column {name!r} holds text that is no category: nearly every row has another one.",
            rule="a category is a text that many rows share",
            remedy="leave the column out, or name it in categories= if it is one all the same",
        )


def check_names(given: Sequence[str], expected: Sequence[str]) -> None:
    """The columns of a table are those that the model was fitted on, in that order.

    Raises:
        InputError: they are not.
    """
    if list(given) == list(expected):
        return
    lines = ["The feature names should match those that were passed during fit."]
    for title, names in (
        ("Feature names unseen at fit time", sorted(set(given) - set(expected))),
        ("Feature names seen at fit time, yet now missing", sorted(set(expected) - set(given))),
    ):
        if names:
            lines += [f"{title}:", *(f"- {name}" for name in names[:5]), *(["- ..."] if len(names) > 5 else [])]
    if len(lines) == 1:
        lines.append("Feature names must be in the same order as they were in fit.")
    raise InputError(
        "data-feature-names",
        "\n".join(lines) + "\n",
        rule="a model reads the columns that it was fitted on",
        remedy="select the columns by their names, in the order of feature_names_in_",
    )

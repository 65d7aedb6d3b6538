"""The model as a text that people can compare: one entry of a table on a line, everything else in a fixed order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from evenhand.terms import Model

from ._json import model_to_json

__all__ = ["model_to_text"]

_ONE_LINE = 100


def model_to_text(model: Model) -> str:
    """The model file as it is kept in version control; ``json.loads`` and `model_from_json` read it back.

    Whatever is longer than a line is broken up, one item on a line, so that a comparison shows the entries that
    changed and no others.

    Example:
        >>> import numpy as np
        >>> from evenhand.terms import Binning, FeatureView
        >>> view = FeatureView("Marketing", (Binning("age", "number", cuts=(25.0,)),), "")
        >>> model = Model(view, ("o",), np.array([7]), (np.array([[0, 1, 0, -5, 5]], np.int32),), {}, {}, "")
        >>> print(model_to_text(model).splitlines()[-5])
         "tables": [[[0, 1, 0, -5, 5]]],
    """
    return "".join(_written(model_to_json(model), 0)) + "\n"


def _written(value: Any, depth: int, before: int = 0) -> Iterator[str]:
    """Pieces of the text of a value that stands this deep, behind a key of so many characters."""
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(flat) + depth + before <= _ONE_LINE or not isinstance(value, dict | list):
        yield flat
        return
    opened, closed = ("{", "}") if isinstance(value, dict) else ("[", "]")
    yield opened
    for place, item in enumerate(value):
        yield ("," if place else "") + "\n" + " " * (depth + 1)
        if isinstance(value, dict):
            key = json.dumps(item, ensure_ascii=False) + ": "
            yield key
            yield from _written(value[item], depth + 1, len(key))
        else:
            yield from _written(item, depth + 1)
    yield "\n" + " " * depth + closed

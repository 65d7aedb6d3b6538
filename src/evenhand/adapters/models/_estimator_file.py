"""An estimator as a JSON file: parameters, what it learned about its columns, and the model with its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evenhand.scoring import model_from_json, model_to_json
from evenhand.terms import DataError, Model

__all__ = ["read_estimator", "write_estimator"]

_FORMAT = 1


def write_estimator(
    path: str | Path, kind: str, parameters: Mapping[str, Any], learned: Mapping[str, Any], model: Model
) -> None:
    """Write what `read_estimator` reads."""
    content = {
        "format": _FORMAT,
        "estimator": kind,
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "learned": {name: _plain(value) for name, value in learned.items()},
        "model": model_to_json(model),
    }
    Path(path).write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read_estimator(path: str | Path, kind: str) -> tuple[dict[str, Any], dict[str, Any], Model]:
    """Parameters, what was learned, and the model.

    Raises:
        DataError: it is not a file of such an estimator.
        LedgerError: the model in it was altered.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["estimator"] != kind:
            raise ValueError("other format")
        parameters = {name: _revived(value) for name, value in content["parameters"].items()}
        learned, model = dict(content["learned"]), content["model"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            "estimator-format",
            f"This is no {kind} that evenhand wrote.",
            rule=f"a saved estimator has format {_FORMAT} and tells its own kind",
            remedy="load it with the class that saved it, or save it again",
        ) from error
    return parameters, learned, model_from_json(model)


def _plain(value: Any) -> Any:
    """A parameter as JSON; a mapping as pairs, so that numbered columns stay numbers."""
    if isinstance(value, Mapping):
        return {"pairs": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple, set, frozenset)) else value


def _revived(value: Any) -> Any:
    return dict(value["pairs"]) if isinstance(value, dict) else value

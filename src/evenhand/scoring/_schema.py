"""The JSON Schema of a model file: what another engine, or another language, may rely on."""

from __future__ import annotations

from typing import Any

__all__ = ["model_schema"]

_INT32 = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _thing(description: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def model_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a model file, as published in docs/model.schema.json.

    It holds the form. That tables are as long as their bins, and that the digest is theirs, `model_from_json` checks.

    Example:
        >>> model_schema()["properties"]["link"]["enum"]
        ['logit', 'identity', 'log']
    """
    binning = _thing(
        "How a feature's raw values become bin codes: 0 withheld, 1 missing, 2 other, then ranges or categories.",
        {
            "name": {"type": "string", "description": "The column, without any @offer."},
            "kind": {"enum": ["number", "category"]},
            "cuts": _list(
                {"type": "number"},
                maxItems=252,
                description="Ascending. A number has code 3 + how many cuts are at or below it; NaN is missing.",
            ),
            "categories": _list({"type": "string"}, maxItems=253, description="Text of code 3 + position."),
            "per_offer": {"type": "boolean", "description": "Each offer has a value of its own, in column name@offer."},
        },
    )
    view = _thing(
        "The columns, as bins, that one purpose may see.",
        {"purpose": {"type": "string"}, "digest": {"type": "string"}, "binnings": _list(binning)},
    )
    bands = _list({"type": "integer", "minimum": 0}, description="Band of each bin code; the first is not used.")
    pair = _thing(
        "A joint term. Its code is 0 where either feature is withheld, else 1 + band of the first x bands of the "
        "second + band of the second.",
        {
            "first": {"type": "integer", "minimum": 0},
            "second": {"type": "integer", "minimum": 0},
            "first_bands": bands,
            "second_bands": bands,
        },
    )
    numbers = _list({"type": "number"})
    shape = _thing(
        "A term for people: effect and 95 % interval of each code in logits or the outcome's unit, and how often it "
        "occurs. It decides nothing.",
        {
            "name": {"type": "string"},
            "effect": numbers,
            "lower": numbers,
            "upper": numbers,
            "count": _list({"type": "integer", "minimum": 0}),
        },
    )
    whole = _thing(
        "Score of an offer, in whole units: base of the offer + one entry of each table, in the offer's row, at the "
        "code of the term; clipped at plus and minus 2,000,000,000. Terms are the features, then the pairs.",
        {
            "format": {"const": 1},
            "view": view,
            "offers": _list({"type": "string"}),
            "base": _list({"type": "integer"}, description="One per offer."),
            "tables": _list(_list(_list(_INT32)), description="Term, offer, code."),
            "shapes": {
                "type": "object",
                "additionalProperties": _list(shape),
                "description": 'By offer; "" holds for those that have none of their own.',
            },
            "evaluation": {"type": "object", "description": "What was measured, on rows not used for learning."},
            "digest": {**_DIGEST, "description": "SHA-256 of the canonical JSON of everything that decides."},
        },
        {
            "pairs": _list(pair),
            "link": {"enum": ["logit", "identity", "log"], "default": "logit"},
            "unit": {
                "type": "number",
                "exclusiveMinimum": 0,
                "default": 1e-6,
                "description": "What one step of a score is worth: of a logit, a logarithm, or the outcome's own unit.",
            },
        },
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:evenhand:model:1",
        "title": "evenhand model file",
        **whole,
    }

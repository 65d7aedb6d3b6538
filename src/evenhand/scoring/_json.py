"""The model as JSON: lossless, no pickle, and closed with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Binning, DataError, FeatureView, LedgerError, Link, Model, Pair, TermShape

__all__ = ["model_digest", "model_from_json", "model_to_json"]

_FORMAT = 1


def model_digest(
    view: FeatureView,
    offers: tuple[str, ...],
    base: NDArray[np.int64],
    tables: tuple[NDArray[np.int32], ...],
    pairs: tuple[Pair, ...] = (),
    link: Link = "logit",
    unit: float = 1e-6,
) -> str:
    """SHA-256 (hex) of the canonical JSON of what decides: view, offers, base and tables; pairs, link and unit where
    they are not none, ``logit`` and a millionth."""
    content: dict[str, Any] = {
        "view": _view_to_json(view),
        "offers": list(offers),
        "base": base.tolist(),
        "tables": [table.tolist() for table in tables],
        **_beyond(pairs, link, unit),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def model_to_json(model: Model) -> dict[str, Any]:
    """Everything in the model as plain JSON values; `model_from_json` gives the same model back."""
    return {
        "format": _FORMAT,
        "view": _view_to_json(model.view),
        "offers": list(model.offers),
        "base": model.base.tolist(),
        "tables": [table.tolist() for table in model.tables],
        **_beyond(model.pairs, model.link, model.unit),
        "shapes": {key: [_shape_to_json(shape) for shape in shapes] for key, shapes in model.shapes.items()},
        "evaluation": json.loads(json.dumps(model.evaluation, allow_nan=False)),
        "digest": model.digest,
    }


def model_from_json(content: Mapping[str, Any]) -> Model:
    """Read a model back.

    Raises:
        DataError: it is not a model of this format.
        LedgerError: its integers are not those that its digest was made from.
    """
    try:
        if content["format"] != _FORMAT:
            raise ValueError("other format")
        view = _view_from_json(content["view"])
        offers = tuple(str(offer) for offer in content["offers"])
        base = np.array(content["base"], np.int64)
        tables = tuple(np.array(table, np.int32) for table in content["tables"])
        pairs = tuple(_pair_from_json(pair, view) for pair in content.get("pairs", ()))
        link, unit = content.get("link", "logit"), float(content.get("unit", 1e-6))
        sizes = [*(binning.size for binning in view.binnings), *(pair.size for pair in pairs)]
        if base.shape != (len(offers),) or [table.shape for table in tables] != [(len(offers), size) for size in sizes]:
            raise ValueError("other sizes")
        if link not in ("logit", "identity", "log") or not unit > 0.0:
            raise ValueError("unknown link or unit")
        shapes = {
            str(key): tuple(_shape_from_json(shape) for shape in shapes) for key, shapes in content["shapes"].items()
        }
        evaluation, digest = dict(content["evaluation"]), str(content["digest"])
        model = Model(view, offers, base, tables, shapes, evaluation, digest, pairs, link, unit)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(
            "model-format",
            "This is not a model that evenhand wrote.",
            rule=f"A model file has format {_FORMAT}: view, offers, base, tables, shapes, evaluation, digest.",
            remedy="Fit the model again, or take an unchanged copy.",
        ) from error
    if model.digest != model_digest(view, offers, base, tables, pairs, link, unit):
        raise LedgerError(
            "model-digest",
            "The model was altered: its integers do not give its digest.",
            rule="A decision may only be made or told with the model that was recorded (G-5-2).",
            remedy="Take an unchanged copy of the model, or fit it again.",
        )
    return model


def _beyond(pairs: tuple[Pair, ...], link: Link, unit: float) -> dict[str, Any]:
    """What a plain logistic model without pairs does not say, so that its digest stays what it was."""
    out: dict[str, Any] = {}
    if pairs:
        out["pairs"] = [
            {
                "first": pair.first,
                "second": pair.second,
                "first_bands": list(pair.first_bands),
                "second_bands": list(pair.second_bands),
            }
            for pair in pairs
        ]
    if link != "logit" or unit != 1e-6:
        out |= {"link": link, "unit": unit}
    return out


def _pair_from_json(content: Mapping[str, Any], view: FeatureView) -> Pair:
    pair = Pair(
        int(content["first"]),
        int(content["second"]),
        tuple(int(band) for band in content["first_bands"]),
        tuple(int(band) for band in content["second_bands"]),
    )
    for place, bands in ((pair.first, pair.first_bands), (pair.second, pair.second_bands)):
        if not 0 <= place < len(view.binnings) or len(bands) != view.binnings[place].size or min(bands) < 0:
            raise ValueError("a pair of other bins")
    return pair


def _view_to_json(view: FeatureView) -> dict[str, Any]:
    return {
        "purpose": view.purpose,
        "digest": view.digest,
        "binnings": [
            {
                "name": binning.name,
                "kind": binning.kind,
                "cuts": [float(cut) for cut in binning.cuts],
                "categories": list(binning.categories),
                "per_offer": binning.per_offer,
            }
            for binning in view.binnings
        ],
    }


def _view_from_json(content: Mapping[str, Any]) -> FeatureView:
    binnings = []
    for item in content["binnings"]:
        if item["kind"] not in ("number", "category"):
            raise ValueError("unknown kind")
        binnings.append(
            Binning(
                name=str(item["name"]),
                kind=item["kind"],
                cuts=tuple(float(cut) for cut in item["cuts"]),
                categories=tuple(str(text) for text in item["categories"]),
                per_offer=bool(item["per_offer"]),
            )
        )
    return FeatureView(purpose=str(content["purpose"]), binnings=tuple(binnings), digest=str(content["digest"]))


def _shape_to_json(shape: TermShape) -> dict[str, Any]:
    return {
        "name": shape.name,
        "effect": shape.effect.tolist(),
        "lower": shape.lower.tolist(),
        "upper": shape.upper.tolist(),
        "count": shape.count.tolist(),
    }


def _shape_from_json(content: Mapping[str, Any]) -> TermShape:
    return TermShape(
        name=str(content["name"]),
        effect=np.array(content["effect"], np.float64),
        lower=np.array(content["lower"], np.float64),
        upper=np.array(content["upper"], np.float64),
        count=np.array(content["count"], np.int64),
    )

"""Boosted trees of LightGBM and XGBoost that are sums of one and two features, as a model of whole numbers.

A leaf says one number for a box of values. Where the way to every leaf asks about two features at most, all trees
together are a sum of effects of one feature and of pairs, and nothing is lost but rounding. Trees that ask about three
are refused: train with ``max_depth=2``, or keep deeper trees to pairs with interaction constraints.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenhand.terms import Link

from ._foreign_terms import Feature, Imported, Part, bring_in, columns_of, foreign_refusal

__all__ = ["Imported", "from_lightgbm", "from_xgboost"]

_LIGHTGBM_LINKS: dict[str, Link] = {
    "binary sigmoid:1": "logit",
    "cross_entropy": "logit",
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "poisson": "log",
    "gamma": "log",
}
_ANY_NUMBER = 1e300  # the border above which LightGBM tells none apart: such a question asks whether a value is missing
_XGBOOST_LINKS: dict[str, Link] = {
    "binary:logistic": "logit",
    "reg:logistic": "logit",
    "reg:squarederror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "count:poisson": "log",
    "reg:gamma": "log",
    "reg:tweedie": "log",
}


_Way = dict[int, list[tuple[float, bool, bool]]]
"""Feature -> answers given: cut, whether the value is above it, whether a missing value goes along."""


@dataclass(frozen=True, slots=True)
class _Split:
    """A question of a tree: is the feature's value below the cut? And where a missing value goes."""

    feature: int
    cut: float
    missing_below: bool
    below: _Split | float
    above: _Split | float


def from_lightgbm(
    learned: Any, rows: Any, *, purpose: str, offer: str = "offer", names: Sequence[str] | None = None,
    coarsen: bool = False,
) -> Imported:  # fmt: skip
    """A LightGBM booster, or a fitted `LGBMClassifier` or `LGBMRegressor`, of depth two.

    Args:
        learned: the booster; one class, trees of numbers, no linear leaves.
        rows: data frame or array like the training data: terms are centred on it, and scores compared.
        purpose: the purpose that the model is for.
        offer: id of the offer that its response belongs to.
        names: names of the columns, where it was trained on an array.
        coarsen: see `Imported.bound`; only where a feature has more than 252 borders.

    Raises:
        DataError: it is not a sum of one and two features, or something else in it has no exact counterpart.
    """
    booster = getattr(learned, "booster_", learned)
    dump = booster.dump_model()
    link = _LIGHTGBM_LINKS.get(str(dump.get("objective")))
    if link is None or dump["num_tree_per_iteration"] != 1 or dump.get("average_output"):
        raise foreign_refusal(
            f"The objective {dump.get('objective')!r} cannot be brought in.",
            "one score, a sum of trees, with a logit, log or identity link",
            f"train with one of: {', '.join(_LIGHTGBM_LINKS)}",
        )
    trees = [_lightgbm_tree(tree["tree_structure"]) for tree in dump["tree_info"]]
    known = [*map(str, names or dump["feature_names"])]
    columns = columns_of(rows, known)
    matrix = np.column_stack([np.asarray(columns[name], np.float64) for name in known])
    foreign = np.asarray(booster.predict(matrix, raw_score=True), np.float64)
    features, parts, constant = _parts(trees, known)
    origin = f"lightgbm, tree format {dump['version']}"
    return bring_in(
        features,
        parts,
        constant,
        columns,
        foreign,
        purpose=purpose,
        offer=offer,
        link=link,
        origin=origin,
        coarsen=coarsen,
    )


def from_xgboost(
    learned: Any, rows: Any, *, purpose: str, offer: str = "offer", names: Sequence[str] | None = None,
    coarsen: bool = False,
) -> Imported:  # fmt: skip
    """An XGBoost booster, or a fitted `XGBClassifier` or `XGBRegressor`, of depth two. As `from_lightgbm`.

    XGBoost compares and adds in 32 bits. The borders are moved to where a 64-bit value changes sides, so every value
    falls as it does there; its sums are its own, a few 32-bit roundings away from the exact ones.
    """
    xgboost: Any = importlib.import_module("xgboost")
    booster = learned if isinstance(learned, xgboost.Booster) else learned.get_booster()
    best = getattr(learned, "best_iteration", None) if learned is not booster and _stopped_early(learned) else None
    booster = booster if best is None else booster[: best + 1]
    content = json.loads(booster.save_raw("json"))["learner"]
    boosted, objective = content["gradient_booster"], content["objective"]["name"]
    link = _XGBOOST_LINKS.get(objective)
    width = int(content["learner_model_param"]["num_feature"])
    single = content["learner_model_param"].get("num_target", "1") == "1" and _is_single(boosted)
    if link is None or boosted["name"] != "gbtree" or not single:
        raise foreign_refusal(
            f"The objective {objective!r} of {boosted['name']!r} cannot be brought in.",
            "one score, a sum of trees (gbtree), with a logit, log or identity link",
            f"train with one of: {', '.join(_XGBOOST_LINKS)}",
        )
    trees = [_xgboost_tree(tree) for tree in boosted["model"]["trees"]]
    own = content["feature_names"] or [f"f{place}" for place in range(width)]
    known = [*map(str, names or own)]
    columns = columns_of(rows, known)
    matrix = np.column_stack([np.asarray(columns[name], np.float64) for name in known])
    data = xgboost.DMatrix(matrix, feature_names=booster.feature_names, feature_types=booster.feature_types)
    foreign = np.asarray(booster.predict(data, output_margin=True), np.float64)
    start = _margin(float(str(content["learner_model_param"]["base_score"]).strip("[]")), link)
    features, parts, constant = _parts(trees, known)
    origin = f"xgboost {'.'.join(map(str, json.loads(booster.save_raw('json'))['version']))}"
    return bring_in(
        features, parts, start + constant, columns, foreign, purpose=purpose, offer=offer, link=link, origin=origin,
        coarsen=coarsen,
    )  # fmt: skip


def _stopped_early(learned: Any) -> bool:
    return getattr(learned, "early_stopping_rounds", None) is not None


def _is_single(boosted: Any) -> bool:
    return boosted["name"] != "gbtree" or not any(boosted["model"]["tree_info"])


def _margin(base: float, link: Link) -> float:
    if link == "identity":
        return base
    return math.log(base) if link == "log" else math.log(base / (1.0 - base))


def _lightgbm_tree(node: Any) -> _Split | float:
    if "leaf_value" in node and "threshold" not in node:
        if node.get("leaf_features"):
            raise foreign_refusal("A leaf of a tree holds a line.", "a leaf is one number", "train without linear_tree")
        return float(node["leaf_value"])
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise foreign_refusal(
            "A tree asks about categories, or takes zero for missing.",
            "a question is whether a number is above a border",
            "encode categories as numbers of your own, or train without zero_as_missing",
        )
    threshold = float(node["threshold"])
    missing_below = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0.0  # NaN is 0 there
    # value <= threshold, so the first value above it is the border; LightGBM writes "any number" as 1e300 at most
    cut = math.nextafter(threshold, math.inf) if threshold < _ANY_NUMBER else sys.float_info.max
    below, above = _lightgbm_tree(node["left_child"]), _lightgbm_tree(node["right_child"])
    return _split(int(node["split_feature"]), cut, missing_below, below, above)


def _xgboost_tree(tree: Any, node: int = 0) -> _Split | float:
    if tree["left_children"][node] == -1:
        return float(np.float32(tree["split_conditions"][node]))
    if tree["split_type"][node] != 0:
        raise foreign_refusal(
            "A tree asks about categories.",
            "a question is whether a number is above a border",
            "encode categories as numbers of your own",
        )
    cut = _first_at_least(np.float32(tree["split_conditions"][node]))
    below = _xgboost_tree(tree, tree["left_children"][node])
    above = _xgboost_tree(tree, tree["right_children"][node])
    return _split(tree["split_indices"][node], cut, bool(tree["default_left"][node]), below, above)


def _first_at_least(border: np.float32) -> float:
    """The smallest 64-bit number that is not below the border once it has 32 bits."""
    before = np.nextafter(border, np.float32(-np.inf))
    middle = (float(before) + float(border)) / 2
    return middle if np.float32(middle) >= border else math.nextafter(middle, math.inf)


def _split(feature: int, cut: float, missing_below: bool, below: _Split | float, above: _Split | float) -> _Split:
    if not math.isfinite(cut):
        raise foreign_refusal(
            "A border of a tree is not a finite number.", "a cut is a number", "train without infinite values"
        )
    return _Split(feature, cut + 0.0, missing_below, below, above)


def _parts(trees: Iterable[_Split | float], names: Sequence[str]) -> tuple[list[Feature], list[Part], float]:
    """One part per feature, and per pair that some leaf is about; features that no tree asks about are left out.

    Trees of one leaf are a number for everybody, the last of the three.
    """
    leaves: dict[tuple[int, ...], list[tuple[_Way, float]]] = {}
    for tree in trees:
        for way, value in _leaves(tree, {}):
            if len(way) > 2:
                raise foreign_refusal(
                    "A tree asks about three features on the way to a leaf.",
                    "a term of the model is about one feature or two",
                    "train with max_depth=2, or with interaction constraints",
                )
            leaves.setdefault(tuple(sorted(way)), []).append((way, value))
    used = sorted({feature for key in leaves for feature in key})
    place = {feature: position for position, feature in enumerate(used)}
    parts = [_part(key, group, place) for key, group in sorted(leaves.items()) if key]
    return [Feature(names[feature]) for feature in used], parts, math.fsum(value for _, value in leaves.get((), ()))


def _leaves(node: _Split | float, way: _Way) -> Iterable[tuple[_Way, float]]:
    if isinstance(node, float):
        yield way, node
        return
    asked = way.get(node.feature, [])
    for above, below_or_above in ((False, node.below), (True, node.above)):
        answer = (node.cut, above, node.missing_below != above)
        yield from _leaves(below_or_above, {**way, node.feature: [*asked, answer]})


def _part(key: tuple[int, ...], group: Sequence[tuple[_Way, float]], place: dict[int, int]) -> Part:
    cuts = [sorted({cut for way, _ in group for cut, *_ in way[feature]}) for feature in key]
    values = np.zeros([len(own) + 3 for own in cuts])
    for way, value in group:
        boxes = [_inside(own, way[feature]) for own, feature in zip(cuts, key, strict=True)]
        box = boxes[0] if len(boxes) == 1 else np.outer(boxes[0], boxes[1])
        values += value * box
    return Part(tuple(place[feature] for feature in key), tuple(map(tuple, cuts)), values)


def _inside(cuts: Sequence[float], answers: Sequence[tuple[float, bool, bool]]) -> Any:
    """Which of: missing, other, and each range between the cuts, gave these answers. No number is other."""
    lowest = np.array([-np.inf, *cuts])
    fits = np.ones(len(cuts) + 1)
    missing = 1.0
    for cut, above, goes_along in answers:
        fits *= (lowest >= cut) == above
        missing *= goes_along
    return np.concatenate(([missing, 0.0], fits))

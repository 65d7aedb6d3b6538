"""An Explainable Boosting Machine of InterpretML as a model of whole numbers: the same bins, the same sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Link, canonical_text

from ._foreign_terms import Feature, Imported, Part, bring_in, columns_of, foreign_refusal

__all__ = ["Imported", "from_ebm"]

_LINKS: dict[str, Link] = {"logit": "logit", "identity": "identity", "log": "log"}


def from_ebm(learned: Any, rows: Any, *, purpose: str, offer: str = "offer", coarsen: bool = False) -> Imported:
    """A fitted `ExplainableBoostingClassifier` of two classes, or `ExplainableBoostingRegressor`.

    By default an EBM has up to 1,023 borders for a feature, and a bin code holds 253 bins: train it with
    ``max_bins=254``, or take ``coarsen=True`` and look at `Imported.bound`.

    Args:
        learned: the EBM, with terms of one feature and of pairs.
        rows: data frame or array like the training data: terms are centred on it, and scores compared.
        purpose: the purpose that the model is for.
        offer: id of the offer that its response belongs to.
        coarsen: merge neighbouring bins of a feature that has too many, those that differ least.

    Raises:
        DataError: something in it has no exact counterpart.
    """
    names = [str(name) for name in learned.feature_names_in_]
    columns = columns_of(rows, names)
    foreign = learned.decision_function(rows) if hasattr(learned, "decision_function") else learned.predict(rows)
    return from_ebm_parts(
        names,
        list(learned.bins_),
        list(learned.term_features_),
        [np.asarray(scores, np.float64) for scores in learned.term_scores_],
        np.asarray(learned.intercept_, np.float64),
        str(learned.link_),
        columns,
        np.asarray(_raw(foreign, learned), np.float64),
        purpose=purpose,
        offer=offer,
        coarsen=coarsen,
    )


def _raw(foreign: Any, learned: Any) -> Any:
    """The raw score of what was predicted."""
    return np.log(foreign) if not hasattr(learned, "decision_function") and learned.link_ == "log" else foreign


def from_ebm_parts(
    names: list[str],
    bins: list[Any],
    term_features: list[tuple[int, ...]],
    term_scores: list[NDArray[np.float64]],
    intercept: NDArray[np.float64],
    link: str,
    columns: Any,
    foreign: NDArray[np.float64],
    *,
    purpose: str,
    offer: str,
    coarsen: bool = False,
) -> Imported:
    """As `from_ebm`, from what the EBM keeps under these names (``feature_names_in_``, ``bins_`` and so on)."""
    if link not in _LINKS or any(
        scores.ndim != len(key) for scores, key in zip(term_scores, term_features, strict=True)
    ):
        raise foreign_refusal(
            f"An EBM with link {link!r}, or of several classes, cannot be brought in.",
            "one score, with a logit, log or identity link",
            "train it on two classes, on amounts or on counts",
        )
    if any(len(key) > 2 for key in term_features):
        raise foreign_refusal(
            "A term of the EBM is about three features.",
            "a term of the model is about one feature or two",
            "train it with interactions of two features",
        )
    used = sorted({feature for key in term_features for feature in key})
    place = {feature: position for position, feature in enumerate(used)}
    features = [Feature(names[feature], _categories(names[feature], bins[feature][0])) for feature in used]
    parts = []
    for key, scores in zip(term_features, term_scores, strict=True):
        ordered = tuple(sorted(key))
        values = scores if ordered == tuple(key) else scores.T
        cuts = []
        for axis, feature in enumerate(ordered):
            level = bins[feature][min(len(key), len(bins[feature])) - 1]
            values, own = _axis(values, axis, level, features[place[feature]])
            cuts.append(own)
        parts.append(Part(tuple(place[feature] for feature in ordered), tuple(cuts), values))
    return bring_in(
        features, parts, float(intercept.ravel()[0]), columns, foreign, purpose=purpose, offer=offer,
        link=_LINKS[link], origin="interpret EBM", coarsen=coarsen,
    )  # fmt: skip


def _categories(name: str, level: Any) -> tuple[str, ...] | None:
    if not isinstance(level, dict):
        return None
    odd = [text for text in level if text in ("True", "False", "") or _is_other_number(text)]
    if odd:
        raise foreign_refusal(
            f"Feature {name!r} has categories that are truth values or numbers written in another way.",
            "one value has one text: true, 1 and 2.5, not True, 1.0 and 2.50",
            "turn the column into words before training",
        )
    return tuple(sorted(level))


def _is_other_number(text: str) -> bool:
    try:
        return canonical_text(float(text)) != text
    except ValueError:
        return False


def _axis(
    values: NDArray[np.float64], axis: int, level: Any, feature: Feature
) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    """One axis of a term's scores in our order: missing, other, then ranges or categories.

    The EBM has missing first and unknown last; a number is never unknown.
    """
    last = values.shape[axis] - 1
    if feature.categories is not None:
        order = [0, last, *(int(level[text]) for text in feature.categories)]
        return values.take(order, axis=axis), ()
    order = [0, last, *range(1, last)]
    return values.take(order, axis=axis), tuple(float(cut) for cut in level)

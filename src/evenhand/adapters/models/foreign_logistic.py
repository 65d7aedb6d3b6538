"""A logistic regression of scikit-learn, its sloping lines cut into steps: close to the original, and by how much.

A line is not a step, so this is no exact import. A number column with few different values in the rows given gets a
bin for each of them and loses nothing there; one with more gets bins of equal numbers of rows. One-hot categories are
exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.features import Values
from evenhand.terms import canonical_text

from ._foreign_terms import Feature, Imported, Part, bring_in, columns_of, foreign_refusal

__all__ = ["Imported", "binned_logistic"]

_MOST_BINS = 250


def binned_logistic(learned: Any, rows: Any, *, purpose: str, offer: str = "offer", bins: int = _MOST_BINS) -> Imported:
    """A fitted `LogisticRegression` of two classes, alone or as the last step of a `Pipeline`.

    Before it may stand a `StandardScaler`, `MinMaxScaler` or `MaxAbsScaler`, or a `ColumnTransformer` of these,
    ``"passthrough"`` and `OneHotEncoder`. `Imported.bound` is infinite: a line goes on where no row has been. The
    largest difference on the rows given says how coarse the steps are. A missing value, which the original refuses,
    counts as the average of the rows.

    Args:
        learned: the regression or the pipeline.
        rows: data frame or array like the training data.
        purpose: the purpose that the model is for.
        offer: id of the offer that its response belongs to.
        bins: steps per number at most.

    Raises:
        DataError: another step stands before it, or it has several classes.
    """
    steps = [step for _, step in learned.steps] if hasattr(learned, "steps") else [learned]
    *before, last = steps
    if type(last).__name__ != "LogisticRegression" or last.coef_.shape[0] != 1:
        raise foreign_refusal(
            "The last step is not a logistic regression of two classes.", "one score with a logit link", "train one"
        )
    names = _names(learned, rows)
    slopes, offsets = _lines(names, before, last)
    columns = columns_of(rows, names)
    foreign = np.asarray(learned.decision_function(rows), np.float64)
    features, parts = [], []
    intercept = float(last.intercept_[0])
    for place, name in enumerate(names):
        slope = slopes.get(name)
        if isinstance(slope, dict):
            categories = tuple(sorted(slope))
            features.append(Feature(name, categories))
            values = np.array([np.nan, offsets[name], *(slope[text] for text in categories)])
            values[0] = _mean(columns[name], slope, offsets[name])
            parts.append(Part((place,), ((),), values))
            continue
        features.append(Feature(name))
        intercept += offsets.get(name, 0.0)
        parts.append(_steps(place, np.asarray(columns[name], np.float64), slope or 0.0, bins))
    return bring_in(
        features, parts, intercept, columns, foreign, purpose=purpose, offer=offer, link="logit",
        origin="scikit-learn LogisticRegression, in steps", coarsen=False, lost=float("inf"),
    )  # fmt: skip


def _names(learned: Any, rows: Any) -> list[str]:
    known = getattr(learned, "feature_names_in_", None)
    return [str(name) for name in known] if known is not None else [f"x{place}" for place in range(np.shape(rows)[1])]


_Slope = float | dict[str, float]


def _lines(names: list[str], before: list[Any], last: Any) -> tuple[dict[str, _Slope], dict[str, float]]:
    """Slope of each column in its own units (or the effect of each category), and what is added for it."""
    coefficients = np.asarray(last.coef_[0], np.float64)
    if not before:
        return dict(zip(names, coefficients.tolist(), strict=True)), {}
    if len(before) > 1:
        raise _other_step(before[0])
    step = before[0]
    slopes: dict[str, _Slope] = {}
    offsets: dict[str, float] = {}
    groups = [("", step, names)]
    if type(step).__name__ == "ColumnTransformer":
        groups = [(key, part, _selected(chosen, names)) for key, part, chosen in step.transformers_]
    at = 0
    for _, part, chosen in groups:
        if isinstance(part, str) and part == "drop":
            continue
        used = _put(part, chosen, coefficients[at:], slopes, offsets)
        at += used
    if at != len(coefficients):
        raise _other_step(step)
    return slopes, offsets


def _selected(chosen: Any, names: list[str]) -> list[str]:
    return [one if isinstance(one, str) else names[int(one)] for one in chosen]


def _put(
    part: Any, chosen: list[str], ahead: NDArray[np.float64], slopes: dict[str, _Slope], offsets: dict[str, float]
) -> int:
    """Read the coefficients of one group of columns; how many they are."""
    kind = "passthrough" if isinstance(part, str) else type(part).__name__
    if kind == "OneHotEncoder":
        return _put_one_hot(part, chosen, ahead, slopes, offsets)
    count = len(chosen)
    scale, shift = np.ones(count), np.zeros(count)
    if kind == "StandardScaler":
        scale = scale if part.scale_ is None else 1.0 / part.scale_
        shift = shift if part.mean_ is None or not part.with_mean else -part.mean_ * scale
    elif kind == "MinMaxScaler" and not part.clip:
        scale, shift = part.scale_, part.min_
    elif kind == "MaxAbsScaler":
        scale = 1.0 / part.scale_
    elif kind not in ("passthrough", "FunctionTransformer") or (
        kind == "FunctionTransformer" and part.func is not None
    ):
        raise _other_step(part)
    for name, slope, factor, moved in zip(chosen, ahead[:count].tolist(), scale, shift, strict=True):
        slopes[name], offsets[name] = slope * float(factor), slope * float(moved)
    return count


def _put_one_hot(
    part: Any, chosen: list[str], ahead: NDArray[np.float64], slopes: dict[str, _Slope], offsets: dict[str, float]
) -> int:
    if part.max_categories is not None or part.min_frequency is not None:
        raise _other_step(part)
    at = 0
    for place, (name, known) in enumerate(zip(chosen, part.categories_, strict=True)):
        dropped = None if part.drop_idx_ is None else part.drop_idx_[place]
        effects: dict[str, float] = {}
        for index, category in enumerate(known.tolist()):
            text = canonical_text(category)
            value = 0.0
            if index != dropped:
                value, at = float(ahead[at]), at + 1
            if text is None:
                raise _other_step(part)
            effects[text] = value
        slopes[name], offsets[name] = effects, 0.0
    return at


def _other_step(step: Any) -> Exception:
    return foreign_refusal(
        f"A step {type(step).__name__} before the regression cannot be brought in.",
        "a scaler, or a ColumnTransformer of scalers, passthrough and OneHotEncoder (all categories, none missing)",
        "do the other steps to the table before training",
    )


def _mean(values: Values, effects: dict[str, float], other: float) -> float:
    texts = [canonical_text(value) for value in values.tolist()]
    known = [effects.get(text, other) for text in texts if text is not None]
    return float(np.mean(known)) if known else 0.0


def _steps(place: int, values: NDArray[np.float64], slope: float, bins: int) -> Part:
    """A line in steps: each bin has the mean of the line over its rows, a missing value the mean over all."""
    known = values[np.isfinite(values)]
    distinct = np.unique(known + 0.0)
    if len(distinct) > bins:
        cuts = np.unique(np.quantile(known, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    else:
        cuts = distinct[1:]
    inside = np.searchsorted(cuts, known, side="right")
    count = np.bincount(inside, minlength=len(cuts) + 1)
    total = np.bincount(inside, known, minlength=len(cuts) + 1)
    edges = np.concatenate((cuts[:1], cuts)) if len(cuts) else np.zeros(1)
    middle = np.where(count > 0, total / np.maximum(count, 1), edges)
    mean = float(known.mean()) if len(known) else 0.0
    return Part((place,), (tuple(cuts.tolist()),), slope * np.array([mean, mean, *middle]))

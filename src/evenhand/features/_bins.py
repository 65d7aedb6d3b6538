"""Where the borders of the bins lie, learned from permitted history alone; and what to call the bins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Binning, DataError, FeatureView, Role

from ._columns import Values
from ._proposed import propose_bins

__all__ = ["learn_binning", "learn_view", "view_of"]


def learn_view(
    campaign: Campaign, columns: Mapping[str, Values], person: NDArray[np.intp] | None = None
) -> FeatureView:
    """The bins of every confirmed feature of a campaign.

    A value heavier than 1/max_bins of its column gets a bin of its own; between such spikes the bins hold about
    equally many rows; no bin of a number and no named category holds fewer than ``campaign.model.minimum_bin``
    people, however many rows each of them has. Borders depend on the values only, not on their order, and are round
    numbers where they can be, so that people can read them and few are one person's value.

    Args:
        campaign: names the features, in the order that the terms of the model will have.
        columns: raw history values per feature, of permitted training rows only.
        person: intp[n], whose each row is, from 0; None = every row is somebody else's.

    Raises:
        DataError: the campaign has no confirmed feature, a feature has no column, or its values are not numbers.
    """
    names = campaign.names(Role.FEATURE)
    if not names:
        raise DataError(
            "campaign-no-features",
            "The campaign has no confirmed feature column.",
            rule="a column is used only where a person gave it the role feature and confirmed it",
            remedy="give columns the role feature, and set 'confirmed: true' where a draft guessed right",
        )
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(
            "data-missing-columns",
            f"Feature columns without history: {', '.join(missing)}.",
            rule="a feature is learned from the history's column of the same name",
            remedy="add the columns to the history or remove the features",
        )
    choice = campaign.model
    binnings = tuple(
        learn_binning(
            name, columns[name], kind=campaign.columns[name].kind, max_bins=choice.max_bins,
            minimum_bin=choice.minimum_bin, per_offer=campaign.columns[name].per_offer, person=person,
        )
        for name in names
    )  # fmt: skip
    return view_of(campaign.purpose, binnings)


def view_of(purpose: str, binnings: tuple[Binning, ...]) -> FeatureView:
    """A view made of these bins, for this purpose."""
    return FeatureView(purpose, binnings, _digest(purpose, binnings))


def learn_binning(
    name: str,
    values: Values,
    *,
    kind: Literal["number", "category"] | None = None,
    max_bins: int = 64,
    minimum_bin: int = 20,
    per_offer: bool = False,
    weight: NDArray[np.float64] | None = None,
    person: NDArray[np.intp] | None = None,
) -> Binning:
    """The bins of one column; see `learn_view`.

    Args:
        name: the column.
        values: raw values.
        kind: how to bin it; None = by the type of the values.
        max_bins: at most this many bins of a number.
        minimum_bin: at least this many people in a bin.
        per_offer: each offer has its own value.
        weight: float64[n], how many rows each value stands for, above zero; None = one each.
        person: intp[n], whose value each is, from 0; None = every row is somebody else's (and a weight many people).

    Raises:
        DataError: the values of a number column are not numbers.

    Example:
        >>> values = np.array(["common"] * 30 + ["of one person"] * 30, dtype=object)
        >>> person = np.concatenate([np.arange(30), np.full(30, 30)])
        >>> learn_binning("district", values, person=person).categories
        ('common',)
    """
    proposed = propose_bins(
        name, values, kind=kind or ("number" if values.dtype.kind == "f" else "category"),
        max_bins=max_bins, minimum_bin=minimum_bin, per_offer=per_offer, weight=weight,
    )  # fmt: skip
    if person is None or minimum_bin < 2:
        return proposed.settled()
    times = None if weight is None else np.rint(weight * proposed.scale)
    crowds = proposed.crowds(int(np.bincount(person, times).max(initial=0)))
    if not crowds.enough.all():
        crowds.add(proposed.places(values), person)
    return proposed.settled(crowds)


def _digest(purpose: str, binnings: tuple[Binning, ...]) -> str:
    content = {
        "purpose": purpose,
        "binnings": [
            {
                "name": binning.name,
                "kind": binning.kind,
                "cuts": list(binning.cuts),
                "categories": list(binning.categories),
                "per_offer": binning.per_offer,
            }
            for binning in binnings
        ],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()

"""What past offers led to, and which part of it may teach the model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.features import ColumnSource
from evenhand.policy import Campaign
from evenhand.scoring import CONTROL
from evenhand.terms import DataError, Target

__all__ = ["History", "draws_of", "held_out_rows", "offer_indices"]


@dataclass(frozen=True, slots=True)
class History:
    """One row per offer that was shown, or per person who was shown nothing, as the rim brings it. Raw feature values
    stay in `columns` until gate 2.

    Attributes:
        subjects: bytes ``S32`` [k], pseudonym of the person in each row; people may recur.
        columns: raw values of the feature columns, read on demand and only for permitted rows.
        outcome: uint8[k], 1 where the person responded.
        offer: text of the offer column [k], or None where the campaign has a single offer.
        order: float64[k], what the rows are ordered by (a number, or days since 1970 for dates), or None.
        draw: float64[k], the person's number from `draws_of`; None where `order` decides what is held out.
    """

    subjects: NDArray[np.bytes_]
    columns: ColumnSource
    outcome: NDArray[np.uint8]
    offer: NDArray[np.object_] | None
    order: NDArray[np.float64] | None
    draw: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.subjects)


def offer_indices(campaign: Campaign, history: History) -> NDArray[np.intp]:
    """Index of each history row's offer among the campaign's offers; -1 for an offer that it does not have, `CONTROL`
    where nothing was shown.

    Raises:
        DataError: no row shows any of the campaign's offers, or what they change is asked for and no row is of the
            control.
    """
    if history.offer is None:
        return np.zeros(len(history), dtype=np.intp)
    position = {offer.id: index for index, offer in enumerate(campaign.offers)}
    if campaign.history.control is not None:
        position[campaign.history.control] = CONTROL
    names, inverse = np.unique(history.offer.astype(str), return_inverse=True)
    index = np.array([position.get(str(name), -1) for name in names], dtype=np.intp)[inverse]
    if not (index >= 0).any():
        raise DataError(
            "history-other-offers",
            f"None of the {len(history)} history rows shows an offer of this campaign "
            f"(column {campaign.history.offer!r} has {len(names)} other values).",
            rule="an offer can only be learned from rows that showed it",
            remedy="use the offer ids of the campaign file in that column, or model.kind: pooled",
        )
    if campaign.model.target is Target.INCREMENT and not (index == CONTROL).any():
        raise DataError(
            "history-no-control",
            f"None of the {len(history)} history rows holds the value that history.control names "
            f"(column {campaign.history.offer!r} has {len(names)} other values).",
            rule="what an offer changes is the difference from people who were shown nothing",
            remedy="write the value exactly as it stands in that column (an empty cell is none: put a word there), or "
            "decide by model.target: response",
        )
    return index


def held_out_rows(campaign: Campaign, history: History) -> NDArray[np.bool_]:
    """Rows kept for evaluation: the last ones by `order` where there is an order, else a seeded draw of people.

    The draw is by person, so that nobody is in both parts, and does not depend on the order of rows.
    """
    source = campaign.history
    if history.order is not None:
        if source.train_before is not None:
            boundary = _as_number(source.train_before)
        else:
            boundary = float(np.quantile(history.order, 1.0 - (source.hold_out or 0.0), method="lower"))
        return history.order >= boundary
    if not source.hold_out or history.draw is None:
        return np.zeros(len(history), dtype=bool)
    return history.draw < source.hold_out


def draws_of(people: Sequence[str], seed: int) -> NDArray[np.float64]:
    """A number from 0 to below 1 for each person, the same wherever the person stands: float64[n].

    Args:
        people: the people's own ids, so that a plan and a run draw alike whatever key makes the pseudonyms.
        seed: of the campaign.
    """
    key = f"hold-out {seed}".encode()
    return (
        np.array(
            [int.from_bytes(hashlib.blake2b(one.encode(), key=key, digest_size=6).digest(), "big") for one in people],
            dtype=np.float64,
        )
        / 2.0**48
    )


def _as_number(boundary: float | str) -> float:
    if isinstance(boundary, str):
        try:
            return float(np.datetime64(boundary, "D").astype(np.int64))
        except ValueError:
            raise DataError(
                "history-train-before",
                "history.train_before is neither a number nor a date.",
                rule="history.train_before is compared with the `order` column",
                remedy="write a number, or a date as YYYY-MM-DD",
            ) from None
    return float(boundary)

"""Limits over time: whoever already got as many offers as one person may get is left alone for now.

It is the last question of the gate, asked of those who may be addressed, and nothing but the number of their own
earlier offers is looked at. So no data of theirs is read for a decision that cannot be made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Asked, Permitted, Reason, Standing, UsageError

__all__ = ["OffersGiven", "hold_back"]


class OffersGiven(Protocol):
    """What people were offered before. `ledger.RecordedOffers` is one."""

    def count(self, asked: Asked, campaign: Campaign) -> NDArray[np.int64]:
        """int64[limits, n], offers that each person got, for each limit over time of the campaign: in earlier decisions
        less than its period away from the moment asked about, on either side."""
        ...


def hold_back(permitted: Permitted, campaign: Campaign, given: OffersGiven | None) -> Permitted:
    """Refuse, for now, whoever has no room left for what this run may give them.

    A run may give a person up to `offers_each` offers; whoever has room for fewer is left alone as well.

    Args:
        permitted: who may be addressed.
        campaign: its limits over time; without any nothing is asked.
        given: earlier offers.

    Raises:
        UsageError: ``given-unknown``, where there are such limits and nobody knows of earlier offers.
    """
    each = campaign.limits.contacts.each
    if not each or not len(permitted.asked):
        return permitted
    if given is None:
        raise UsageError(
            "given-unknown",
            "The campaign limits offers over time, and nothing says what people were offered before.",
            rule="a limit over time is counted on the ledger, or nothing is decided",
            remedy="hand in `Stores.given`, such as ledger.RecordedOffers of the home's ledger",
        )
    most = np.array([one.offers for one in each], dtype=np.int64)[:, None]
    had = given.count(permitted.asked, campaign)
    full = (had + campaign.offers_each > most).any(axis=0) & (permitted.standing != Standing.REFUSED)
    return replace(
        permitted,
        standing=np.where(full, np.uint8(Standing.REFUSED), permitted.standing),
        reason=np.where(full, np.uint8(Reason.ENOUGH_OFFERS), permitted.reason),
        rule=None if permitted.rule is None else np.where(full, np.int16(-1), permitted.rule),
    )

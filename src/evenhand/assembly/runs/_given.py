"""Earlier offers of a home's people, for limits over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.stores.home import Home
from evenhand.ledger import RecordedOffers
from evenhand.permission import hold_back
from evenhand.policy import Campaign
from evenhand.terms import Asked, Permitted

from ..records._ledger import has_ledger, ledger_of

__all__ = ["HomeOffers"]


class HomeOffers:
    """What people were offered before, as the ledger of a home has it when it is asked; implements
    `permission.OffersGiven`. Others may record more until it is one's turn to write; see `holds_back_more`.

    Args:
        home: the home.
        before: a run; only what was recorded before it counts. "" = all that is recorded.
    """

    def __init__(self, home: Home, before: str = "") -> None:
        self._home, self._before = home, before
        self._had: NDArray[np.int64] | None = None
        self._entries = 0

    def count(self, asked: Asked, campaign: Campaign) -> NDArray[np.int64]:
        """See `permission.OffersGiven`."""
        if not has_ledger(self._home):
            self._had = np.zeros((len(campaign.limits.contacts.each), len(asked)), dtype=np.int64)
            return self._had
        with ledger_of(self._home, read_only=True) as store:
            self._entries = store.tail().entries
            self._had = RecordedOffers(store, self._before).count(asked, campaign)
            return self._had

    def holds_back_more(self, permitted: Permitted, campaign: Campaign) -> bool:
        """Whether somebody who may be addressed by the last count may not be any more, by what was recorded since. The
        caller holds the claim. Where nobody is, what was decided is what would be decided now.

        Args:
            permitted: by the last count.
            campaign: its limits over time; without any nobody is.
        """
        if self._had is None or not has_ledger(self._home):
            return False
        with ledger_of(self._home, read_only=True) as store:
            if store.tail().entries == self._entries:
                return False
            new = RecordedOffers(store, after=self._entries).count(permitted.asked, campaign)
        now = hold_back(permitted, campaign, _Counted(self._had + new))
        return not np.array_equal(now.standing, permitted.standing)


class _Counted:
    """Earlier offers that were counted already; implements `permission.OffersGiven`."""

    def __init__(self, found: NDArray[np.int64]) -> None:
        self._found = found

    def count(self, asked: Asked, campaign: Campaign) -> NDArray[np.int64]:  # noqa: ARG002 - as the protocol has it
        """See `permission.OffersGiven`."""
        return self._found

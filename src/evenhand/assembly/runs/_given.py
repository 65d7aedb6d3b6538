"""Earlier offers of a home's people, for limits over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.stores.home import Home
from evenhand.ledger import RecordedOffers
from evenhand.policy import Campaign
from evenhand.terms import Asked

from ..records._ledger import has_ledger, ledger_of

__all__ = ["HomeOffers"]


class HomeOffers:
    """What people were offered before, as the ledger of a home has it when it is asked; implements
    `permission.OffersGiven`. While a run is recorded nobody else records one, so nothing can come in between.

    Args:
        home: the home.
        before: a run; only what was recorded before it counts. "" = all that is recorded.
    """

    def __init__(self, home: Home, before: str = "") -> None:
        self._home, self._before = home, before

    def count(self, asked: Asked, campaign: Campaign) -> NDArray[np.int64]:
        """See `permission.OffersGiven`."""
        if not has_ledger(self._home):
            return np.zeros((len(campaign.limits.contacts.each), len(asked)), dtype=np.int64)
        with ledger_of(self._home, read_only=True) as store:
            return RecordedOffers(store, self._before).count(asked, campaign)

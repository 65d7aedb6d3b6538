"""The ledger of a home, with the keys that open it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.home import Home
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.adapters.subject_keys import SubjectKeyFile
from evenhand.ledger import RecordedOffers
from evenhand.permission import ConsentBook
from evenhand.policy import Campaign
from evenhand.terms import Asked, DataError

__all__ = ["HomeOffers", "keys_of", "ledger_of", "refuse_erased_since"]


def ledger_of(home: Home, *, read_only: bool = False) -> SqliteLedger:
    """The ledger, with the keys of the home's people, which seal and open their decisions. Use a ``with``."""
    return SqliteLedger(home.ledger, key=home.key_file, people=keys_of(home), read_only=read_only)


def keys_of(home: Home) -> SubjectKeyFile:
    """The keys of a home's people, and who of them was erased. Nothing is made until a key is."""
    return SubjectKeyFile(home.subject_keys, lambda: home.key(make=False))


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
        if not self._home.ledger.is_file():
            return np.zeros((len(campaign.limits.contacts.each), len(asked)), dtype=np.int64)
        with ledger_of(self._home, read_only=True) as store:
            return RecordedOffers(store, self._before).count(asked, campaign)


def refuse_erased_since(place: Home, subjects: NDArray[np.bytes_], book: ConsentBook) -> None:
    """Refuse to decide about somebody who was erased after the marks were read. The caller holds the claim, so nobody
    is erased from now on until the run is recorded.

    Raises:
        DataError: somebody was.
    """
    if any(not book.has_erasure(pseudonym) for pseudonym in keys_of(place).suppressed(subjects)):
        raise DataError(
            "erased-meanwhile",
            "Somebody among these people was erased while the run was prepared. Nothing was recorded.",
            rule="G-17: whoever was erased is not decided about",
            remedy="run again",
        )

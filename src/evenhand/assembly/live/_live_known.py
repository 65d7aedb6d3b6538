"""Is this id anybody's here? For a service, which has the tables of what it serves in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evenhand.adapters.stores.home import Home
from evenhand.features import pseudonymise
from evenhand.ledger import decided_about

from ..records._ledger import has_ledger
from ..records._records import open_ledger
from ._live import LiveService

__all__ = ["KnownHere", "stands_in"]


@dataclass(frozen=True, slots=True)
class KnownHere:
    """Whether an id stands in a table of what is served, or a decision was made about it. What was said under it alone
    makes it nobody's: so whoever says it twice is told the same.

    Attributes:
        place: the home.
        stands: whether an id stands in a table of what is served, as it is.
    """

    place: Home
    stands: Callable[[str], bool]

    def __call__(self, who: str) -> bool:
        """From any thread."""
        if self.stands(who):
            return True
        if not has_ledger(self.place):
            return False
        with open_ledger(self.place) as store:
            return bool(decided_about(store, pseudonymise([who], self.place.key(make=False))[0].decode()))


def stands_in(live: LiveService) -> Callable[[str], bool]:
    """Whether an id stands in a table of what a service serves at that moment."""
    return lambda who: any(one.people.stands(who) for one in live.campaigns.values())

"""Cards out of a home's ledger: what was recorded is what is shown, with the way to its why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from evenhand.adapters.stores.home import Home
from evenhand.explanation import Lang
from evenhand.features import pseudonymise
from evenhand.ledger import facts
from evenhand.portal import Card, Word
from evenhand.terms import DataError, Standing

from ..people._person_record import RunShelf, kind_of
from ..people._person_signals import stops_at_gpc
from ..records._ledger import run_keys_of
from ..records._records import open_ledger

__all__ = ["LedgerCards"]

Said = Callable[[str], Sequence[Word]]
"""Of a person's id everything that they, or their browsers for them, said."""
WhyLink = Callable[[str, str, int, str, datetime], str]
"""Of a person's id, a decision's id, days, a site and a moment the way to why."""


class LedgerCards:
    """Makes cards of a home. Implements `adapters.web.Cards`.

    Args:
        place: the home.
        why: makes the way to why.
        said: what a person said, here and in the organisation's own tables.
        clock: now.
    """

    def __init__(
        self, place: Home, why: WhyLink, said: Said, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._place, self._why, self._said, self._clock = place, why, said, clock
        self._shelf = RunShelf()

    def __call__(self, who: str, decision: str, lang: Lang, link: str, days: int, site: str) -> Card | None:
        """See `adapters.web.Cards`."""
        subject = pseudonymise([who], self._place.key(make=False))[0].decode()
        with open_ledger(self._place) as store:
            found = facts(store, decision, run_keys_of(self._place))
            if found.subject != subject:
                raise DataError(
                    "decision-unknown",
                    "There is no such decision about this person.",
                    rule="D-26: a card shows a person what was decided about them, and nobody else",
                    remedy="send the id of the person that was asked about",
                )
            if found.offer < 0 or found.standing is Standing.REFUSED:
                return None
            run = self._shelf.run(store, found.run_id)
        campaign, offer, kind = run.campaign, run.campaign.offers[found.offer], kind_of(found, run)
        return Card(
            offer=offer.text.nl if lang == "nl" else offer.text.en,
            kind="contextual" if kind == "without" else kind,
            sender=campaign.controller.name,
            why=f"{self._why(who, decision, days, site, self._clock())}?lang={lang}",
            payer=campaign.payer,
            made_by_ai=offer.made_by_ai,
            link=link,
            stops_at_gpc=kind == "personal" and stops_at_gpc(self._said(who), campaign, self._clock()),
        )

"""What the person's pages ask of whoever has the ledger: an organisation, and a desk for each person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from evenhand.explanation import Lang
from evenhand.portal import Intent, Me, Why

__all__ = ["Desk", "House"]


class Desk(Protocol):
    """What is known about one person, and where their words go. Made by a `House` for each request."""

    def why(self, decision: str, lang: Lang) -> Why | None:
        """One decision about this person; None where there is none with this id about them."""
        ...

    def me(self, lang: Lang, *, browser_says_no: bool, skipped: int) -> Me:
        """The person's own page, without so many of the newest decisions."""
        ...

    def factors(self) -> frozenset[str]:
        """Columns that this person can switch off."""
        ...

    def purposes(self) -> frozenset[str]:
        """DPV terms for which decisions were made about this person."""
        ...

    def do(self, intent: Intent, lang: Lang) -> bool:
        """Keep what the person said, which counts from the next decision; False where it cannot be kept."""
        ...

    def hear_browser(self) -> None:
        """The browser sends Global Privacy Control: kept as an opt-out, unless the person said otherwise here."""
        ...

    def receipt(self, decision: str) -> Mapping[str, object] | None:
        """The receipt of a decision about this person, as plain values; None where there is none."""
        ...

    def proof(self, decision: str, *, by_link: bool) -> Mapping[str, object] | None:
        """A receipt that holds nothing of the person, also of a decision of theirs that nobody can read any more, where
        a link names it; None where there is none."""
        ...


class House(Protocol):
    """The organisation whose pages these are."""

    def sender(self) -> tuple[str, str]:
        """Name, and where a human answers."""
        ...

    def desk(self, who: str) -> Desk:
        """The desk of the person with an id of the organisation's own."""
        ...

"""What people say on their pages, in the records of the home: heard by every decision after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

from evenhand.adapters.stores.home import Home
from evenhand.explanation import Lang
from evenhand.portal import Ask, Asked, Word
from evenhand.rights import SIGNALS, Request, Said, Stream

from ._asking import ask as record_request
from ._entries import said_entry, said_in
from ._requests import find_request, list_requests
from ._same_person import with_linked
from ._trail import is_trail_there, key_of_person, trail_of

__all__ = ["SayingsInHome"]

_PAGES = "own pages"
_SAME_CLICK = timedelta(seconds=10)
"""Within which the same request is a second click on one button."""
_ASKING = Lock()
"""Held while a request is looked for and kept, so that two clicks at once are told apart from two requests."""


class SayingsInHome:
    """What people say, in the home's own history of consents and requests. Implements `Sayings`.

    Args:
        place: the home.
        clock: now.
    """

    def __init__(self, place: Home, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place, self._clock = place, clock

    def history(self, who: str) -> Sequence[Word]:
        """Everything that a person said here, oldest first."""
        key = key_of_person(self._place, who, make=False)
        if key is None or not is_trail_there(self._place):
            return ()
        with trail_of(self._place) as trail:
            said = [said_in(one, key) for one in trail.read(Stream.CONSENT, handles=[key.handle])]
        return [Word(one.kind, one.purpose, one.status, one.at, _by(one), one.signal) for one in said]

    def say(self, who: str, words: Sequence[Word], lang: Lang, notice: str) -> None:
        """Keep what a person said, with the hash of the text that they read; it is durable when this returns."""
        key = key_of_person(self._place, who, make=True)
        assert key is not None
        read, now = sha256(notice.encode()).hexdigest(), self._clock()
        entries = []
        for one in words:
            method = _PAGES if one.by != "browser" else SIGNALS[one.about]
            evidence = {"notice_hash": read, "language": lang, "method": method, "signal": one.signal}
            said = Said(one.kind, one.about, one.status, one.at, **evidence)
            entries.append(said_entry(said, key, recorded=now))
        with trail_of(self._place) as trail:
            trail.append(with_linked(self._place, who, entries))

    def requests(self, who: str) -> Sequence[Asked]:
        """What a person asked, newest first."""
        found = list_requests(home=self._place.folder, who=who, everything=True)
        return sorted((self._asked(one) for one in found), key=lambda one: one.at, reverse=True)

    def ask(self, who: str, ask: Ask, lang: Lang, at: datetime) -> None:
        """Keep a request, with its deadline; what the person wrote is kept encrypted under their key. The same asked
        twice in a moment is one request."""
        with _ASKING:
            if not self._was_just_asked(who, ask, at):
                more: dict[str, Any] = {"lang": lang, "decision": ask.about, "note": ask.words}
                # whatever id their link has: a person is not refused for how it is written
                record_request(who, ask.right.value, home=self._place.folder, at=at, stands=lambda _: True, **more)

    def _was_just_asked(self, who: str, ask: Ask, at: datetime) -> bool:
        """Whether the very same was asked a moment ago, as by a second click on its button."""
        private = {name: value for name, value in (("decision", ask.about), ("note", ask.words)) if value}
        return any(
            find_request(one.number, home=self._place.folder).private[0] == private
            for one in list_requests(home=self._place.folder, who=who)
            if one.kind.value == ask.right.value and abs(at - one.trail[0].at) <= _SAME_CLICK
        )

    def _asked(self, one: Request) -> Asked:
        late = one.is_overdue(self._clock())
        return Asked(one.number, one.kind.value, one.trail[0].at, one.due, one.state.value, late)


def _by(said: Said) -> str:
    if said.is_by_browser:
        return "browser"
    return "person" if said.actor == "person" else "staff"

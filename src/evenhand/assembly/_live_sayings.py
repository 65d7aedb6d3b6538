"""What people say and ask through the service, kept in the home's own records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from evenhand.adapters.home import Home

from ._asking import ask
from ._consent_history import consent_history, say
from ._requests import find_request

__all__ = ["LiveSayings"]


class LiveSayings:
    """The records of a home. Implements `adapters.web.Sayings`.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place

    def say(self, who: str, word: str, purpose: str, **more: Any) -> dict[str, Any]:
        """Keep what a person says; see `adapters.web.Sayings.say`."""
        return say(who, word, purpose, home=self._place.folder, at=datetime.now(UTC), **more).to_dict()

    def history(self, who: str) -> dict[str, Any]:
        """What a person said; see `adapters.web.Sayings.history`."""
        found = consent_history(who, home=self._place.folder)
        return {
            "said": [one.to_dict() for one in found.said],
            "now": [one.to_dict() for one in found.now(datetime.now(UTC))],
        }

    def ask(self, who: str, kind: str, **more: Any) -> dict[str, Any]:
        """Keep what a person asks; see `adapters.web.Sayings.ask`."""
        at = datetime.now(UTC)
        return _told(ask(who, kind, home=self._place.folder, at=at, **more).request.to_dict(at))

    def request(self, number: str) -> dict[str, Any]:
        """How a request stands; see `adapters.web.Sayings.request`."""
        found = find_request(number, home=self._place.folder)
        return _told(found.request.to_dict(datetime.now(UTC)))


def _told(request: dict[str, Any]) -> dict[str, Any]:
    """A request without its steps, which name the people who took them."""
    return {name: value for name, value in request.items() if name != "trail"}

"""What people say and ask through the service, kept in the home's own records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from evenhand.adapters.stores.home import Home
from evenhand.policy import Campaign
from evenhand.staff import ReadKind
from evenhand.terms import UsageError

from ..people._asking import ask
from ..people._consent_history import consent_history, is_factor
from ..people._looks import note_look
from ..people._requests import find_request
from ..people._said_if import history_tag, say_if
from ..people._same_person import same_person
from ..people._signals_said import hear_signals
from ..people._table_words import TableWords, gpc_in_table
from ._live_known import KnownHere

__all__ = ["LiveSayings"]


class LiveSayings:
    """The records of a home. Implements `adapters.web.Sayings`.

    Args:
        place: the home.
        campaigns: what is served, as declared.
        tables: what stands in the organisation's own tables of consents.
        stands: whether an id stands in a table of what is served, as it is.
    """

    def __init__(
        self,
        place: Home,
        campaigns: Sequence[Campaign] = (),
        tables: TableWords | None = None,
        stands: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._place, self._campaigns, self._tables, self._stands = place, tuple(campaigns), tables, stands
        self._is_known = KnownHere(place, stands)

    def say(self, who: str, word: str, purpose: str, **more: Any) -> dict[str, Any]:
        """Keep what a person says; see `adapters.web.Sayings.say`. A wish about a column that no campaign has would
        change nothing, and a program reads no warning: so it is refused."""
        if word == "switch-off" and purpose and not is_factor(purpose, home=self._place.folder):
            raise UsageError(
                "factor-unknown",
                "No campaign that ran in this home has a feature column of that name; nothing was recorded.",
                rule="a person switches off one fact that may not count, by the name of its column",
                remedy="name the column as it stands under columns in the campaign file",
            )
        more["stands"] = self._stands
        said = say_if(who, word, purpose, place=self._place, at=datetime.now(UTC), **more).to_dict()
        return said | {"known": self._is_known(who)}

    def hear(self, who: str, signals: Mapping[str, str], *, actor: str, via: str) -> dict[str, Any]:
        """Keep what a browser or an app says; see `adapters.web.Sayings.hear`."""
        at, home = datetime.now(UTC), self._place.folder
        in_table = None if self._tables is None else gpc_in_table(self._tables, who)
        more: dict[str, Any] = {"actor": actor, "via": via, "in_table": in_table, "stands": self._stands}
        heard = hear_signals(who, signals, self._campaigns, home=home, at=at, **more).to_dict()
        return heard | {"known": self._is_known(who)}

    def same_person(self, who: str, was: str, *, evidence: str, by: str, parted: bool) -> dict[str, Any]:
        """Keep that two ids are one person's; see `adapters.web.Sayings.same_person`."""
        home, at = self._place.folder, datetime.now(UTC)
        more: dict[str, Any] = {"parted": parted, "stands": self._stands}
        done = same_person(who, was, evidence=evidence, by=by, home=home, at=at, **more).to_dict()
        return done | {"known": self._is_known(who), "was_known": self._is_known(was)}

    def history(self, who: str, by: str) -> dict[str, Any]:
        """What a person said, after it was noted who asks; see `adapters.web.Sayings.history`."""
        note_look(ReadKind.SAID, by=by, at=datetime.now(UTC), home=self._place.folder, who=who)
        tag = history_tag(self._place, who)  # before it is read: what comes between makes the tag an old one
        found = consent_history(who, home=self._place.folder)
        return {
            "tag": tag,
            "said": [one.to_dict() for one in found.said],
            "now": [one.to_dict() for one in found.now(datetime.now(UTC))],
            "may_ask_again_from": found.may_ask_again_from,
            "known": self._is_known(who),
        }

    def ask(self, who: str, kind: str, **more: Any) -> dict[str, Any]:
        """Keep what a person asks; see `adapters.web.Sayings.ask`."""
        at = datetime.now(UTC)
        asked = ask(who, kind, home=self._place.folder, at=at, stands=self._stands, **more)
        return _told(asked.request.to_dict(at)) | {"known": self._is_known(who)}

    def request(self, number: str) -> dict[str, Any]:
        """How a request stands; see `adapters.web.Sayings.request`."""
        found = find_request(number, home=self._place.folder)
        return _told(found.request.to_dict(datetime.now(UTC)))


def _told(request: dict[str, Any]) -> dict[str, Any]:
    """A request without its steps, which name the people who took them."""
    return {name: value for name, value in request.items() if name != "trail"}

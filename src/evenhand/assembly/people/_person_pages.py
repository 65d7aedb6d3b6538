"""The pages of a home's people, joined: links made with its key, words kept in its records, one door to serve them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from evenhand.adapters.entry.code_delivery import AddressBook, ByCommand, IntoFile, OwnIds
from evenhand.adapters.entry.entry_codes import EntryCodes, Outgoing
from evenhand.adapters.entry.person_links import LINK_DAYS, Links, OnceStore, Scope
from evenhand.adapters.stores.home import Home, find_home
from evenhand.features import pseudonymise
from evenhand.ledger import decided_about
from evenhand.portal import is_link
from evenhand.terms import DataError, UsageError

from ..live._cards import LedgerCards
from ..live._live_known import KnownHere, stands_in
from ..live._serve import Serving, machine_keys
from ..records._records import open_ledger
from ._person import PeopleHouse
from ._person_record import PersonRecord, RunShelf
from ._person_sayings import SayingsInHome
from ._table_words import LiveTables, ReadTables, TableWords
from ._trail import restored_since

__all__ = ["CodesBy", "cards_of", "people_beside", "person_link", "person_pages_of", "serve_person_pages"]

_BELOW = re.compile(r"/[a-z][a-z0-9-]{0,30}")
_LONGEST = 90
"""Days."""


def person_link(
    who: str,
    *,
    home: str | Path | None = None,
    at: datetime,
    decision: str = "",
    days: int = LINK_DAYS,
    site: str = "",
) -> str:
    """A link for one person: to their own pages, once; or to the page of one decision.

    Whoever has the link is taken for the person: send it to the address that you have of them, and nowhere else.

    Args:
        who: the person's own id, as it stands in the subjects table.
        home: the home folder; see `find_home`.
        at: now.
        decision: id of the decision, ``last`` for the latest; "" = a link to the person's own pages.
        days: for how many days it is good.
        site: where the pages stand, such as ``https://shop.example/privacy``; "" = the path below it alone.

    Raises:
        UsageError: the days are none, or the site is not a secure address.
        DataError: the decision is not about this person, or the home has no key.
    """
    if not 0 < days <= _LONGEST:
        raise UsageError(
            "link-days",
            f"A link cannot be good for {days} days.",
            rule=f"1 to {_LONGEST} days: a link that is found later opens nothing",
            remedy="choose fewer days, and send a new link when it is asked for",
        )
    place = find_home(home)
    until = at + timedelta(days=days)
    site, links = _secure(site), _links(place)
    if not decision:
        return f"{site}/in/{links.make(Scope.OWN_PAGES, who, until=until)}"
    about = _decision_of(place, who, decision)
    return f"{site}/why/{links.make(Scope.ONE_DECISION, who, until=until, about=about)}"


@dataclass(frozen=True, slots=True)
class CodesBy:
    """How one-time codes reach people. With neither file nor command people come in by links alone.

    Attributes:
        file: codes are appended to it, one line of JSON each, for a program of the organisation's to send.
        command: is started for each code, with that line on its standard input.
        addresses: CSV file with the columns ``address`` and ``subject``; None = people name their own id.
    """

    file: Path | None = None
    command: str = ""
    addresses: Path | None = None

    def delivery(self, told: Callable[[str], None]) -> Callable[[Outgoing], None] | None:
        """What a code is handed to; None where nothing brings codes.

        Raises:
            UsageError: both are named, or addresses without either; or what is named cannot be used.
        """
        if (bool(self.file) and bool(self.command)) or (self.addresses and not (self.file or self.command)):
            raise UsageError(
                "codes-by",
                "Codes are to be brought in two ways, or in none.",
                rule="one thing brings a code to a person: a file that is emptied, or a command",
                remedy="name --codes-file or --codes-command, and --addresses with one of them",
            )
        if self.file:
            return IntoFile(self.file, told)
        return ByCommand(self.command, told) if self.command else None


def person_pages_of(
    home: str | Path | None = None,
    *,
    codes: CodesBy | None = None,
    tables: TableWords | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Any:
    """The pages of a home's people as an ASGI application, to be served alone or mounted in another.

    Args:
        home: the home folder; see `find_home`.
        codes: how one-time codes reach people; None = they come in by links alone.
        tables: what stands in the organisation's own tables of consents; None = they are read now and then.
        told: told in a sentence where a code could not be delivered.

    Raises:
        UsageError: no home is found, codes cannot be brought, or the extra ``serve`` is not installed.
        DataError: the home has no key, or the file of addresses is none.
        StoreError: the home's database cannot be reached.
    """
    try:
        from evenhand.adapters.web import person_pages
    except ModuleNotFoundError as missing:
        raise UsageError(
            "serve-not-installed",
            f"The pages cannot be served: {missing.name} is not installed.",
            rule="what serves pages is an extra, so that deciding needs no web server",
            remedy="pip install 'evenhand[serve]'",
        ) from None
    from evenhand.adapters.entry.used_links import UsedLinks
    from evenhand.adapters.stores.database import database_of

    place = find_home(home)
    links = _links(place)
    with database_of(place) as database:
        database.be_ready("people")
    once = UsedLinks(lambda: database_of(place))
    return person_pages(
        PeopleHouse(place, SayingsInHome(place), tables=tables or ReadTables(place)),
        links,
        once,
        codes=_codes_of(place, links, once, codes or CodesBy(), told),
    )


def _codes_of(
    place: Home, links: Links, once: OnceStore, by: CodesBy, told: Callable[[str], None]
) -> EntryCodes | None:
    deliver = by.delivery(told)
    if deliver is None:
        return None
    directory = AddressBook(by.addresses) if by.addresses else OwnIds()
    return EntryCodes(place.key(make=False), links, once, directory, deliver)


def serve_person_pages(
    *,
    home: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8040,
    codes: CodesBy | None = None,
    told: Callable[[str], None],
) -> None:
    """Serve the pages alone, until the process is told to stop. Addresses are not logged: a link is in them.

    Args:
        home: the home folder; see `find_home`.
        host, port: where to listen.
        codes: how one-time codes reach people.
        told: told where it listens, and where a code could not be delivered.

    Raises:
        UsageError, DataError, StoreError: as `person_pages_of`; or the port is taken.
    """
    app = person_pages_of(home, codes=codes, told=told)
    from evenhand.adapters.web import run_app

    run_app(app, host=host, port=port, ready=lambda: told(f"The pages of people stand at http://{host}:{port}"))


def people_beside(
    serving: Serving, below: str, codes: CodesBy | None = None, told: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """What `service_app` needs to have the pages of people beside the service, and a route that makes links to them.

    Args:
        serving: the service.
        below: first part of their addresses, such as ``/my``.
        codes, told: as of `person_pages_of`.

    Raises:
        UsageError: it is not one part of an address; or as `person_pages_of`.
        DataError, StoreError: as `person_pages_of`.
    """
    if not _BELOW.fullmatch(below) or below == "/v1":
        raise UsageError(
            "pages-below",
            "That is not the first part of an address.",
            rule="the pages of people stand below one name, apart from the service's own",
            remedy="choose one, such as /my",
        )
    folder = serving.place.folder
    tables = LiveTables(serving.live.campaigns.values())
    pages = person_pages_of(folder, codes=codes, tables=tables, told=told)
    from evenhand.adapters.web import card_routes, link_routes

    def made(who: str, decision: str, days: int) -> str:
        return below + person_link(who, home=folder, at=datetime.now(UTC), decision=decision, days=days)

    keys, is_known = machine_keys(folder), KnownHere(serving.place, stands_in(serving.live))
    cards = card_routes(cards_of(serving.place, below, tables), keys)
    return {"mounts": {below: pages}, "routers": [link_routes(made, is_known, keys), cards]}


def cards_of(place: Home, below: str, tables: TableWords | None = None) -> LedgerCards:
    """Makes cards of a home.

    Args:
        place: the home.
        below: first part of the addresses of people's pages.
        tables: what stands in the organisation's own tables of consents; None = they are read now and then.

    Raises:
        DataError: the home has no key.
    """
    links = _links(place)

    def why(who: str, decision: str, days: int, site: str, at: datetime) -> str:
        until = at + timedelta(days=days)
        return f"{_secure(site)}{below}/why/{links.make(Scope.ONE_DECISION, who, until=until, about=decision)}"

    sayings, stands = SayingsInHome(place), tables or ReadTables(place)
    return LedgerCards(place, why, lambda who: [*sayings.history(who), *stands.of(who)])


_HERE = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/.*)?")


def _secure(site: str) -> str:
    """The address of the pages, without its last slash.

    Raises:
        UsageError: whoever listens on the way could read what is sent there.
    """
    if site and not (is_link(site) and (site.startswith("https://") or _HERE.fullmatch(site))):
        raise UsageError(
            "link-site",
            "The address of the pages does not begin with https://.",
            rule="what is on these pages is for one person, so it travels encrypted",
            remedy="name the secure address; only this machine itself may go without",
        )
    return site.rstrip("/")


def _links(place: Home) -> Links:
    """Links under the home's key, if it has one: what anybody can make is no link."""
    secret = place.key(make=False)
    if not any(secret):
        raise DataError(
            "link-no-key",
            f"The home {place.folder} has no key yet, so no link can be made that only it can make.",
            rule="a link is good because nobody else can make it",
            remedy="name the right --home; a home gets its key with the first run",
        )
    return Links(secret, restored_since(place))


def _decision_of(place: Home, who: str, decision: str) -> str:
    """The id of a decision, if it is about this person."""
    pseudonym = pseudonymise([who], place.key(make=False))[0].decode()
    if decision == "last":
        with open_ledger(place) as store:
            ids = decided_about(store, pseudonym)
        decision = ids[-1] if ids else ""
    if not decision or PersonRecord(place, pseudonym, RunShelf()).decision(decision) is None:
        raise DataError(
            "link-decision",
            "There is no such decision about this person.",
            rule="a link shows a person what was decided about them, and nobody else",
            remedy="check the ids, and the --home folder",
        )
    return decision

"""The house for staff, joined: who signs in, the parts that their roles open, and the trail of what they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.adapters.sign_in.staff_sessions import StaffSessions, mark_of
from evenhand.adapters.sign_in.staff_settings import StaffSettings, client_secret, read_staff_settings
from evenhand.adapters.stores.home import Home, find_home
from evenhand.staff import Section
from evenhand.terms import DataError, EvenhandError, UsageError

from ..people._declared import campaigns_of, sender_of
from ..people._looks import ReadsInHome

if TYPE_CHECKING:
    from evenhand.adapters.web import StaffDoor

__all__ = [
    "StaffHouse",
    "end_staff_sessions",
    "not_installed",
    "open_staff_house",
    "staff_check",
    "staff_mark",
]


@dataclass(frozen=True, slots=True)
class StaffHouse:
    """What pages for staff are built with.

    Attributes:
        place: the home.
        door: behind which they stand.
        reads: where looks are noted.
        mounts: applications (ASGI) by their first address; a part of the house adds its own.
    """

    place: Home
    door: StaffDoor
    reads: ReadsInHome
    mounts: dict[str, Any]


def open_staff_house(
    place: Home,
    settings: StaffSettings | Path | str,
    sections: Sequence[Section],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    told: Callable[[str], None] = lambda _: None,
) -> StaffHouse:
    """The sign-in of a home's staff, and the door for the pages that are added to it.

    Args:
        place: the home.
        settings: how staff sign in, or the file that says so.
        sections: parts of the house, for the frame.
        clock: now.
        told: told of sign-ins that went wrong and of faults, without anything of anybody.

    Raises:
        PolicyError: the settings are not right.
        DataError: the home has no key yet.
        StoreError: the home's database cannot be reached.
        UsageError: the libraries that serve are not installed.
    """
    if not isinstance(settings, StaffSettings):
        settings = read_staff_settings(settings)
    try:
        from evenhand.adapters.web import StaffDoor, fault_of, sign_in_pages
    except ModuleNotFoundError as missing:
        raise not_installed(str(missing.name)) from None
    if find_spec("jwt") is None:
        raise not_installed("jwt")
    from evenhand.adapters.entry.used_links import UsedLinks
    from evenhand.adapters.sign_in.issuer import Issuer
    from evenhand.adapters.sign_in.session_table import SessionTable
    from evenhand.adapters.sign_in.staff_sign_in import SignIn
    from evenhand.adapters.stores.database import database_of

    secret = _secret(place)
    with database_of(place) as database:
        database.be_ready("people")
    sessions = StaffSessions(secret, SessionTable(lambda: database_of(place), clock))
    door = StaffDoor(
        sessions,
        sections,
        site=settings.site,
        contact=settings.contact,
        sender=_name_of(place),
        clock=clock,
        fault=lambda error: told(str(error) if isinstance(error, EvenhandError) else fault_of(error)),
    )
    once = UsedLinks(lambda: database_of(place))
    sign_in = SignIn(settings, Issuer(settings.issuer), sessions, once, secret, client_secret=client_secret())
    return StaffHouse(place, door, ReadsInHome(place), {"/staff": sign_in_pages(door, sign_in)})


def staff_check(settings: str | Path) -> dict[str, Any]:
    """Ask the issuer that the settings name, as a sign-in does, and tell what it says, as plain values.

    Args:
        settings: the file that says how staff sign in.

    Raises:
        PolicyError: the settings are not right.
        StoreError: the issuer cannot be reached, or is not as an issuer is.
    """
    from evenhand.adapters.sign_in.issuer import Issuer

    read = read_staff_settings(settings)
    issuer = Issuer(read.issuer)
    described, keys = issuer.describe(), issuer.keys(None)
    return {
        "issuer": read.issuer,
        "way_back": read.back,
        "sign_in": described.authorization,
        "token": described.token,
        "sign_out": described.leave,
        "told_of_logout": f"{read.site.rstrip('/')}/staff/back-channel" if described.tells_logout else "",
        "keys": len(keys),
        "has_secret": bool(client_secret()),
        "roles": {role.value: list(words) for role, words in read.roles.items()},
    }


def end_staff_sessions(mark: str = "", *, home: str | Path | None = None) -> int:
    """Sign somebody of the staff out at once, in every process of a home, or everybody; how many sessions ended.

    Args:
        mark: what records name them by; see `staff_mark`. "" = everybody.
        home: the home folder; see `find_home`.

    Raises:
        DataError: the home has no key yet.
        StoreError: the home cannot be written.
    """
    from evenhand.adapters.sign_in.session_table import SessionTable
    from evenhand.adapters.stores.database import database_of

    place = find_home(home)
    return StaffSessions(_secret(place), SessionTable(lambda: database_of(place))).end_all(mark)


def staff_mark(subject: str, settings: str | Path, *, home: str | Path | None = None) -> str:
    """The mark by which records name somebody of the staff.

    Args:
        subject: the claim ``sub`` by which the issuer tells them apart.
        settings: the file that says how staff sign in.
        home: the home folder; see `find_home`.

    Raises:
        PolicyError: the settings are not right.
        DataError: the home has no key yet.
    """
    return mark_of(_secret(find_home(home)), read_staff_settings(settings).issuer, subject)


def not_installed(name: str) -> UsageError:
    """What is said where the libraries that serve pages are not there."""
    return UsageError(
        "serve-not-installed",
        f"The pages for staff cannot be served: {name} is not installed.",
        rule="what serves pages is an extra, so that deciding needs no web server",
        remedy="pip install 'evenhand[serve]'",
    )


def _name_of(place: Home) -> str:
    campaigns = campaigns_of(place)
    return sender_of(campaigns[0].campaign).name if campaigns else ""


def _secret(place: Home) -> bytes:
    """The home's key, if it has one: what anybody can make is no session."""
    secret = place.key(make=False)
    if not any(secret):
        raise DataError(
            "staff-no-key",
            f"The home {place.folder} has no key yet, so nobody can sign in that only it lets in.",
            rule="a session is good because nobody else can make it",
            remedy="name the right --home; a home gets its key with the first run",
        )
    return secret

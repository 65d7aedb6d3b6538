"""Which parts the house for staff has, and where they stand beside the service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evenhand.adapters.campaigning import Campaigns
from evenhand.adapters.stores.home import Home, find_home
from evenhand.reports import monitor_streams
from evenhand.staff import Section, StaffRole
from evenhand.terms import UsageError

from ._officer import DeskInHome
from ._staff import StaffHouse, not_installed, open_staff_house

__all__ = ["SECTIONS", "serve_staff_pages", "staff_mounts"]

SECTIONS: tuple[Section, ...] = (
    Section("/console/", "console.section", frozenset(StaffRole)),
    Section(
        "/officer/",
        "staff.section.officer",
        frozenset({StaffRole.PRIVACY_OFFICER, StaffRole.REVIEWER, StaffRole.AUDITOR}),
    ),
)
"""Parts of the house in the order of the frame; each is mounted in `staff_mounts`."""


def staff_mounts(
    place: Home,
    *,
    settings: str | Path = "",
    try_at: str = "",
    campaigns: Campaigns | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """The applications (ASGI) for staff by their first address, to be mounted in the service or served alone.

    Args:
        place: the home.
        settings: the file that says how staff sign in; "" where they only try it.
        try_at: scheme, host and port of this machine itself, where staff try the sign-in with an issuer that is mounted
            beside and asks for no password; "" = they do not.
        campaigns: those of a service; None = the part about campaigns is not there.
        told: told of sign-ins that went wrong and of faults, without anything of anybody.

    Raises:
        UsageError: both or neither are given, it is tried elsewhere than here, or what serves is not installed.
        PolicyError: the settings are not right.
        DataError, StoreError: as `open_staff_house`.
    """
    if bool(settings) == bool(try_at):
        raise UsageError(
            "staff-sign-in",
            "Nothing says how staff sign in, or two things do.",
            rule="pages for staff open to whoever their issuer says, or to sample people on this machine",
            remedy="pass --staff with a file, or --dev-sign-in to try it here",
        )
    if not try_at:
        return _furnished(open_staff_house(place, Path(settings), _sections(campaigns), told=told), campaigns)
    try:
        from evenhand.adapters.web import DEV_ISSUER, DevIssuer, dev_settings
    except ModuleNotFoundError as missing:
        raise not_installed(str(missing.name)) from None
    issuer = DevIssuer(try_at)
    house = open_staff_house(place, dev_settings(try_at), _sections(campaigns), told=told)
    return {**_furnished(house, campaigns), DEV_ISSUER: issuer.app()}


def _sections(campaigns: Campaigns | None) -> tuple[Section, ...]:
    return tuple(one for one in SECTIONS if campaigns is not None or one.path != "/console/")


def _furnished(house: StaffHouse, campaigns: Campaigns | None) -> dict[str, Any]:
    """The house with all its parts."""
    from evenhand.adapters.web import console_pages, officer_pages

    officer = officer_pages(house.door, DeskInHome(house.place, house.reads, house.door.clock))
    console = {}
    if campaigns is not None:
        console = {"/console": console_pages(house.door, campaigns, monitor_streams)}
    return {**house.mounts, "/officer": officer, **console}


def serve_staff_pages(
    *,
    home: str | Path | None = None,
    settings: str | Path = "",
    is_tried: bool = False,
    host: str = "127.0.0.1",
    port: int = 8042,
    told: Callable[[str], None],
) -> None:
    """Serve the pages for staff alone, until the process is told to stop.

    Args:
        home: the home folder; see `find_home`.
        settings: the file that says how staff sign in.
        is_tried: sample people sign in, on this machine alone.
        host, port: where to listen.
        told: told where it listens.

    Raises:
        UsageError, PolicyError, DataError, StoreError: as `staff_mounts`; or the port is taken.
    """
    site = f"http://{host}:{port}"
    mounts = staff_mounts(find_home(home), settings=settings, try_at=site if is_tried else "", told=told)
    from evenhand.adapters.web import run_app, side_by_side

    run_app(side_by_side(mounts), host=host, port=port, ready=lambda: told(f"The pages for staff: {site}/staff/"))

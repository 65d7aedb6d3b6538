"""Pausing a campaign and ending its pause, by whoever answers for it: in the ledger, for every process of the home."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from evenhand.adapters.declared.campaign_files import load_campaign
from evenhand.adapters.stores.home import Home, find_home
from evenhand.ledger import Happened, LedgerStore
from evenhand.ledger import pause as begin_pause
from evenhand.ledger import resume as end_pause
from evenhand.terms import StoreError

from ..records._ledger import ledger_of, run_keys_of
from ..records._records import open_ledger

__all__ = ["pause_campaign", "pause_named", "resume_campaign", "resume_named", "when_free"]

T = TypeVar("T")
_TRIES = 8
"""How often to ask for the ledger: each time waits as long as `ledger_of` does, so a stop outlasts most long runs."""


def pause_campaign(
    campaign_file: Path, *, by: str, reason: str, home: Path | None = None, at: datetime, role: str = ""
) -> Happened:
    """Pause a campaign: from here on nobody is decided about in it, by any command or service of this home.

    Args:
        campaign_file: the campaign.
        by: the person who answers for it; the name stays in the ledger.
        reason: why; it stays there too.
        home: the home folder with the ledger; see `find_home`.
        at: now.
        role: in which they do it; then only that role and a privacy officer end the pause.

    Raises:
        UsageError: no name or no reason, or the campaign is paused already.
        StoreError: there is no ledger, or it is being written for long.
        LedgerError: the ledger was altered.
    """
    loaded = load_campaign(campaign_file, at=at)
    place = find_home(home, campaign_file=campaign_file)
    return pause_named(place, loaded.campaign.campaign, by=by, reason=reason, at=at, role=role)


def resume_campaign(
    campaign_file: Path,
    *,
    by: str,
    reason: str,
    home: Path | None = None,
    at: datetime,
    roles: Collection[str] = (),
) -> Happened:
    """End the pause of a campaign: runs of it can start again, and its monitors count from here.

    Args:
        campaign_file, by, reason, home, at: as of `pause_campaign`.
        roles: that the person has.

    Raises:
        UsageError: no name or no reason, or the campaign is not paused, or in a role that they do not have.
        StoreError: there is no ledger, or it is being written for long.
        LedgerError: the ledger was altered.
    """
    loaded = load_campaign(campaign_file, at=at)
    place = find_home(home, campaign_file=campaign_file)
    return resume_named(place, loaded.campaign.campaign, by=by, reason=reason, at=at, roles=roles)


def pause_named(place: Home, campaign: str, *, by: str, reason: str, at: datetime, role: str = "") -> Happened:
    """As `pause_campaign`, by the campaign's id."""
    keys = run_keys_of(place)
    more: dict[str, Any] = {"by": by, "reason": reason, "at": at, "role": role, "keys": keys}
    return _written(place, lambda store: begin_pause(store, campaign, **more))


def resume_named(
    place: Home, campaign: str, *, by: str, reason: str, at: datetime, roles: Collection[str] = ()
) -> Happened:
    """As `resume_campaign`, by the campaign's id."""
    keys = run_keys_of(place)
    more: dict[str, Any] = {"by": by, "reason": reason, "at": at, "roles": roles, "keys": keys}
    return _written(place, lambda store: end_pause(store, campaign, **more))


def _written(place: Home, write: Callable[[LedgerStore], Happened]) -> Happened:
    """What was appended to a ledger that there is, once whoever writes it lets go."""
    with open_ledger(place):  # there must be one: neither makes it
        pass
    return when_free(place, write)


def when_free(place: Home, write: Callable[[LedgerStore], T]) -> T:
    """What writing to the ledger gives, once whoever writes it lets go.

    Raises:
        StoreError: it is being written for long.
    """
    for left in reversed(range(_TRIES)):
        try:
            with ledger_of(place) as store:
                return write(store)
        except StoreError as error:
            if error.code != "store-busy" or not left:
                raise
            time.sleep(0.05)
    raise AssertionError("the last try returns or raises")

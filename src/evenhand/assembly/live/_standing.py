"""Pausing a campaign and ending its pause, by whoever answers for it: in the ledger, for every process of the home."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from evenhand.adapters.declared.campaign_files import load_campaign
from evenhand.adapters.stores.home import Home, find_home
from evenhand.ledger import Happened, LedgerStore, runs
from evenhand.ledger import pause as begin_pause
from evenhand.ledger import resume as end_pause
from evenhand.terms import DataError, StoreError

from ..records._ledger import has_ledger, ledger_of, run_keys_of
from ..records._records import open_ledger

__all__ = ["pause_campaign", "pause_named", "resume_campaign", "resume_named", "when_free"]

T = TypeVar("T")
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_TRIES = 8
"""How often to ask for the ledger: each time waits as long as `ledger_of` does, so a stop outlasts most long runs."""


def pause_campaign(
    campaign: Path | str, *, by: str, reason: str, home: Path | None = None, at: datetime, role: str = ""
) -> Happened:
    """Pause a campaign: from here on nobody is decided about in it, by any command or service of this home.

    Args:
        campaign: its file, or the id of a campaign that ran in this home, such as one that came over the network.
        by: the person who answers for it; the name stays in the ledger.
        reason: why; it stays there too.
        home: the home folder with the ledger; see `find_home`.
        at: now.
        role: in which they do it; then only that role and a privacy officer end the pause.

    Raises:
        DataError: there is neither such a file nor such a campaign in this home.
        UsageError: no name or no reason, or the campaign is paused already.
        StoreError: there is no ledger, or it is being written for long.
        LedgerError: the ledger was altered.
    """
    place, name = _found(campaign, home, at)
    return pause_named(place, name, by=by, reason=reason, at=at, role=role)


def resume_campaign(
    campaign: Path | str,
    *,
    by: str,
    reason: str,
    home: Path | None = None,
    at: datetime,
    roles: Collection[str] = (),
) -> Happened:
    """End the pause of a campaign: runs of it can start again, and its monitors count from here.

    Args:
        campaign, by, reason, home, at: as of `pause_campaign`.
        roles: that the person has.

    Raises:
        DataError: there is neither such a file nor such a campaign in this home.
        UsageError: no name or no reason, or the campaign is not paused, or in a role that they do not have.
        StoreError: there is no ledger, or it is being written for long.
        LedgerError: the ledger was altered.
    """
    place, name = _found(campaign, home, at)
    return resume_named(place, name, by=by, reason=reason, at=at, roles=roles)


def _found(campaign: Path | str, home: Path | None, at: datetime) -> tuple[Home, str]:
    """The home and the id of a campaign that is named by its file or by its id; a file that is there comes first."""
    path, name = Path(campaign), str(campaign)
    if path.is_file() or path.suffix in (".yaml", ".yml") or not _ID.fullmatch(name):
        return find_home(home, campaign_file=path), load_campaign(path, at=at).campaign.campaign
    place = find_home(home)
    if not _was_run(place, name):
        raise DataError(
            "campaign-unknown",
            f"There is no file {name} here, and no campaign of that id ever ran in {place.folder}.",
            rule="what runs can be paused, named by its file or by its id",
            remedy="name the file, or the id (evenhand ledger runs shows it); --home names another home",
        )
    return place, name


def _was_run(place: Home, name: str) -> bool:
    if not has_ledger(place):
        return False
    with open_ledger(place) as store:
        return any(run.campaign == name for run in runs(store))


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

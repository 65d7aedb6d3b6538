"""Figures of recorded runs, for whoever lists campaigns: a run never changes, so each is read once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from threading import Event
from typing import Any

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.event_tables import EventTables
from evenhand.adapters.stores.home import Home
from evenhand.ledger import open_run, runs_since

from ..records._ledger import has_ledger
from ..records._records import open_ledger
from ..runs._campaign_figures import badge_of, figures_of
from ..runs._run import run_campaign
from ._live_groups import closing

__all__ = ["CampaignReports", "run_once", "run_since"]

_MOST = 200


class CampaignReports:
    """The figures of one home's whole runs.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place
        self._read: dict[str, dict[str, Any]] = {}

    def figures(self, run_id: str, *, delivered: bool = False) -> dict[str, Any]:
        """What a run came to; with `delivered` also how many of its decisions were told to be shown.

        Raises:
            DataError, LedgerError: the ledger has no such run, or it cannot be read.
        """
        report = self._report(run_id)
        return figures_of(report, delivered=self._delivered(run_id) if delivered else None)

    def badge(self, run_id: str) -> dict[str, Any] | None:
        """How groups compare in a run; see `badge_of`."""
        return badge_of(self.figures(run_id))

    def _report(self, run_id: str) -> dict[str, Any]:
        if run_id not in self._read:
            with open_ledger(self._place) as store:
                report = open_run(store, run_id).report
            names = ("run", "campaign", "certificate", "funnel", "drops", "offers", "limits", "groups")
            if len(self._read) >= _MOST:
                self._read.clear()
            self._read[run_id] = {name: report[name] for name in names}
        return self._read[run_id]

    def _delivered(self, run_id: str) -> int | None:
        """How many decisions of a run were told to be shown; None where nothing was told of any."""
        with database_of(self._place) as database:
            return EventTables(database, self._place.key(make=False)).shown_of(run_id) or None


def run_since(place: Home, campaign: str, since: datetime, digest: str, *, after: int = 0) -> str:
    """The last whole run of this very campaign file since a moment; "" where there is none. A start that was cut short
    after its run was recorded goes on from it, so that nobody is decided about twice.

    Args:
        place: the home.
        campaign: id of the campaign.
        since: not before this.
        digest: SHA-256 (hex) of the campaign file.
        after: number of an entry of the ledger; only what was recorded behind it is looked at.
    """
    if not has_ledger(place):
        return ""
    with open_ledger(place) as store:
        whole = [run_id for _, run_id, name in runs_since(store, after, whole=True) if name == campaign]
        for run_id in reversed(whole):
            run = open_run(store, run_id)
            if run.summary.at >= since and run.campaign_file_digest == digest:
                return run_id
    return ""


class _RanMeanwhileError(Exception):
    """Another service of the home ran the same start."""


def _entries(place: Home) -> int:
    """How many entries the ledger has."""
    if not has_ledger(place):
        return 0
    with open_ledger(place) as store:
        return store.tail().entries


def run_once(place: Home, loaded: LoadedCampaign, since: datetime, at: datetime, over: Event) -> str:
    """Run a campaign, unless this very file has run since a moment: two services that start it at once get one run.

    Args:
        place: the home.
        loaded: the campaign.
        since: when its file came.
        at: now.
        over: set where the service ends: then it is given up, unless it is being recorded.

    Raises:
        UnavailableError: it was given up.
    """
    ran = partial(run_since, place, loaded.campaign.campaign, since, loaded.digest)
    seen, is_prepared = _entries(place), False

    def step(_: str) -> None:
        if over.is_set() and not is_prepared:
            raise closing()

    def last_look() -> None:
        nonlocal is_prepared
        step("")
        if ran(after=seen):
            raise _RanMeanwhileError
        is_prepared = True

    try:
        return ran() or run_campaign(loaded, home=place.folder, at=at, step=step, last_look=last_look).run_id
    except _RanMeanwhileError:
        return ran()

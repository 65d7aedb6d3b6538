"""Campaigns that were started over the network, served: those of this process, and those that another one of the home
started, within a second; and of every campaign the model that was fitted again without somebody who was erased.

What was started stands in the home's database and what was fitted again in the ledger, so every process finds the same.
Deciding goes on while a campaign is opened, and takes it over between two groups.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.campaign_tables import CampaignStep
from evenhand.ledger import runs_since
from evenhand.terms import EvenhandError, StoreError, UsageError, in_one_line

from ..records._ledger import has_ledger
from ..records._records import newest_of, open_ledger
from ._campaign_opened import CampaignOpener
from ._campaign_shelf import CampaignShelf, first_start, started
from ._live import LiveService
from ._sources import Sources

__all__ = ["CampaignStarts", "refuse_unsigned"]

_EVERY, _REFITS = 1.0, 3
"""Seconds between two looks; of so many looks one is for models that were fitted again."""


def refuse_unsigned(campaign: str, who: str, why: str) -> None:
    """Let nobody start a campaign without saying who they are and why.

    Raises:
        UsageError: one of the two is blank.
    """
    if not in_one_line(who) or not in_one_line(why):
        raise UsageError(
            "start-unsigned",
            f"The campaign {campaign} was not started: a name or a reason is missing.",
            rule="a named person starts a campaign, with a reason; both are kept",
            remedy="say who answers for it (by) and why (reason)",
        )


class CampaignStarts:
    """Has a service decide by the prices of the last start of each campaign, and by those of a refit. Close it.

    Args:
        shelf: what the home has kept of campaigns.
        live: decides.
        opener: opens campaigns for it.
        sources: which files a campaign from the network may name.
        declared: campaigns that stand in files; of them only refits are looked after here.

    Attributes:
        trouble: why a campaign that was started cannot be served, one stable word, by its id.
    """

    def __init__(
        self,
        shelf: CampaignShelf,
        live: LiveService,
        opener: CampaignOpener,
        sources: Sources,
        declared: Collection[str],
    ) -> None:
        self._shelf, self._live, self._opener, self._sources = shelf, live, opener, sources
        self._declared = declared
        self.trouble: dict[str, str] = {}
        self._served: dict[str, int] = {}
        self._looked, self._fitted_again = 0, set[str]()
        self._alone, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="evenhand-starts-seen", daemon=True)

    def open(self) -> tuple[str, ...]:
        """Serve what was started before, and go on looking; what could not be served, one sentence each."""
        told = []
        steps = self._shelf.steps_of([name for name in self._shelf.names(self._declared) if name not in self._declared])
        first = {name: begun.at for name, those in steps.items() if (begun := first_start(those)) is not None}
        for name in sorted(first, key=lambda name: (first[name], name)):  # so that the default is as before
            if (start := started(steps[name])) is not None:
                try:
                    self.serve(name, start)
                except EvenhandError as error:
                    self._not_served(name, start.number, error)
                    told.append(f"The campaign {name} was started over the network and cannot be served: {error.what}")
        self._thread.start()
        return tuple(told)

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def serve(self, name: str, start: CampaignStep, loaded: LoadedCampaign | None = None) -> None:
        """Have the service decide by the prices of a start, from the next group on."""
        at = datetime.now(UTC)
        with self._alone:
            if self._served.get(name, 0) >= start.number:
                return
            if loaded is None:
                of_version = [one for one in self._shelf.steps(name) if one.document and one.version == start.version]
                loaded = self._sources.read(of_version[-1].document or b"", at)
            with open_ledger(self._opener.place) as store:
                run = newest_of(store, start.run)  # its model may have been fitted again since
            campaign = self._opener.open(loaded, run=run, at=at, even_paused=True)
            try:
                self._live.take_in(campaign).result()
            except BaseException:
                campaign.shut(at)
                raise
            self._served[name] = start.number
            self.trouble.pop(name, None)

    def _follow(self) -> None:
        looks = count(1)
        with self._shelf.watched() as starts:
            while not self._over.wait(_EVERY):
                with suppress(StoreError):  # the next look tells
                    for name, number in starts().items():
                        if name not in self._declared and self._served.get(name, 0) < number:
                            self._look(name)
                if next(looks) % _REFITS == 0:
                    with suppress(EvenhandError):  # what decides now goes on, as long as its model may
                        self._take_refits()

    def _take_refits(self) -> None:
        """Have the service decide by models that were fitted again since theirs; each is tried once."""
        place = self._opener.place
        if not self._live.campaigns or not has_ledger(place):
            return
        with open_ledger(place) as store:
            tail = store.tail().entries
            if tail <= self._looked:
                return
            if not any(True for _ in runs_since(store, self._looked, whole=True)):
                self._looked = tail
                return
            newest = {name: newest_of(store, one.priced_by) for name, one in self._live.campaigns.items()}
        self._looked = tail
        for name, run in newest.items():
            with suppress(EvenhandError):
                self._take_refit(name, run)

    def _take_refit(self, name: str, run: str) -> None:
        with self._alone:
            before = self._live.campaigns[name]
            if run in {before.priced_by, *self._fitted_again}:
                return
            self._fitted_again.add(run)
            at = datetime.now(UTC)
            campaign = self._opener.open(before.loaded, run=run, at=at, even_paused=True)
            try:
                self._live.take_in(campaign).result()
            except BaseException:
                campaign.shut(at)
                raise

    def _look(self, name: str) -> None:
        start = started(self._shelf.steps(name))
        if start is None:
            return
        try:
            self.serve(name, start)
        except StoreError:
            raise
        except EvenhandError as error:
            self._not_served(name, start.number, error)

    def _not_served(self, name: str, number: int, error: EvenhandError) -> None:
        """It is not tried again before its next start; what it was served with before goes on."""
        self.trouble[name] = error.code
        if not isinstance(error, StoreError):
            self._served[name] = number

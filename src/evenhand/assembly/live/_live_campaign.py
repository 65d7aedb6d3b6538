"""One campaign, opened to decide about whoever asks: its people, model and prices in memory, its limits in parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand import __version__
from evenhand.adapters.asking import Answer, Ask
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.allocation import GivenPrices, PriceTables, check_policy
from evenhand.journey import decide
from evenhand.ledger import (
    Footing,
    RecordedOffers,
    Run,
    RunInReach,
    RunRecord,
    Sitting,
    Tally,
    campaign_state,
    footing_of,
    open_run,
    refuse_paused,
)
from evenhand.policy import Campaign
from evenhand.scoring import model_from_json
from evenhand.terms import WITHHELD, DecisionFacts, Explained, Reason, Standing

from ..records._ledger import leases_of
from ..records._records import open_ledger, resolve_run
from ..runs._decide import people_per_offer, recorded_digest
from ..runs._due_models import refuse_overdue
from ..runs._frames import Frames
from ..runs._policy import read_policy, remember_run
from ..runs._run import located, relative
from ._live_limits import Part
from ._live_people import PeopleKeys, Profiles
from ._live_told import LiveTold
from ._tables_seen import Seen, seen

__all__ = ["LiveCampaign", "Meanwhile", "answers_again", "answers_of", "reads_directly", "tally_of"]

_LOOK = timedelta(minutes=1)
Meanwhile = list[tuple[RunInReach, NDArray[np.bytes_]]]
"""Runs that are still to be committed, each with whoever got an offer in it."""


class LiveCampaign:
    """A campaign with the prices of one of its runs. Used from one thread.

    Args:
        campaign: the campaign, or its file; the one that the run was made for.
        run: whose prices; ``last`` = the last run that found its own, or the one that the campaign fell back to.
        home: the home folder.
        keys: who was erased.
        told: what people told the home.
        at: now.
        frames: data frames to use instead of tables.
        even_paused: open it although it is paused; nobody is decided about in it until it is resumed.

    Attributes:
        campaign: as declared.
        loaded: the same with where it came from.
        priced_by: the run whose prices decide.
        prices: digest of these prices.
        people: everybody who is known; whoever read the tables again puts them here, between two groups.
        tables_read: how their files were before they were read; `tables_now` says how they are.
        told: what people told the home.

    Raises:
        PolicyError, DataError: it cannot run, or the prices are of another campaign, model or offers, or secret.
        PausedError: an alarm of the monitor paused it, or its model was to be fitted again by now.
        StoreError, LedgerError: see `decide_people`.
    """

    def __init__(
        self,
        campaign: Path | LoadedCampaign,
        *,
        run: str,
        home: Home,
        keys: PeopleKeys,
        told: LiveTold,
        at: datetime,
        frames: Frames,
        even_paused: bool = False,
    ) -> None:
        loaded, folder, _ = located(campaign, home.folder, at)
        own = loaded.campaign.campaign
        with open_ledger(home) as store:
            state = campaign_state(store, own)
            last = state.fallback.run if state.fallback and run == "last" else run
            recorded = open_run(store, resolve_run(store, last, whole=True, prices=True, campaign=own))
            if not even_paused:
                refuse_paused(store, own, recorded.summary.policy)
        if not even_paused:
            refuse_overdue(home, own, recorded.summary.run_id, at)
        self._place = home
        self._looked = datetime.min.replace(tzinfo=UTC)
        self.campaign = loaded.campaign
        self.loaded = loaded
        self.priced_by = recorded.summary.run_id
        self._policy = read_policy(home, recorded)
        remember_run(self._policy.digest, self.priced_by)
        self._model = model_from_json(recorded.model_json)
        check_policy(self._policy, loaded.campaign, recorded_digest(loaded.campaign, recorded), self._model)
        self._tables = PriceTables(self._policy, loaded.campaign)
        self._footing = self._footing_of(loaded, recorded)
        self.prices = self._policy.digest
        self.told = told
        self._noted: dict[str, object] = {}
        self._summary = {"kind": "live", "priced_by": self.priced_by, "data_folder": relative(folder, home)}
        self._folder = folder
        self._read: Callable[[], Profiles] = lambda: Profiles(
            loaded, folder=folder, place=home, keys=keys, told=told, frames=frames
        )
        self.tables_read = self.tables_now()
        self.people = self._read()
        if self.people.lost is not None:
            raise self.people.lost
        self._leases = leases_of(home, for_service=True)
        self._part = Part(self._leases, self._policy.digest, self.campaign)

    def _footing_of(self, loaded: LoadedCampaign, recorded: RunRecord) -> Footing:
        return footing_of(
            loaded.campaign,
            self._model,
            recorded.model_json,
            campaign_file_digest=loaded.digest,
            priced_by=self._policy.digest,
            version=__version__,
            rulebook=loaded.rulebook,
        )

    def tables_now(self) -> Seen:
        """How the files of its tables are now."""
        return seen((self.campaign.subjects, self.campaign.consents), self._folder)

    def read_again(self) -> Profiles:
        """Everybody as the tables are now. From any thread; it counts when somebody makes it `people`.

        Raises:
            DataError, StoreError: as at the start.
        """
        return self._read()

    def decide(
        self, asks: Sequence[Ask], sitting: Sitting, run_id: str, at: datetime, meanwhile: Meanwhile
    ) -> tuple[Run, list[Answer], dict[str, int], Tally]:
        """Walk the road with these people, each once, in a run of their own; it is still to be closed. Who got an offer
        is added to `meanwhile`, what the runs give that are still to be committed. Also what is used of the limits, and
        what the decisions came to.

        Raises:
            PausedError: the model was to be fitted again without somebody who was erased, and that time is up.
        """
        self.refuse_overdue(at)
        people = self.people.people(asks, at)
        self._noted = {**people.told.noted, **self.people.vault}
        room = self._part.room(len(asks), at)
        law = people.stores.law
        run = sitting.start(self._footing, run_id=run_id, at=at, data_digest=people.digest, room=room, law=law)
        stores = replace(people.stores, given=RecordedOffers(run.store, meanwhile=meanwhile))
        given = GivenPrices(self._policy, room, self._tables)
        explained = decide(people.asked, self.campaign, self._model, stores, run, given).explained
        this = RunInReach(run_id, at, self.campaign.campaign, self.campaign.controller.name, (), 0, 0)
        meanwhile.append((this, people.asked.subjects[explained.allocated.gets()]))
        used = self._tables.room(None).used(people_per_offer(explained, self.campaign))
        self._part.use(used)
        return run, answers_of(explained, self.campaign, run_id), used, tally_of(explained)

    def refuse_overdue(self, at: datetime) -> None:
        """Decide nothing with a model whose time is up; looked at once a minute, as long as it may decide.

        Raises:
            PausedError: its time is up.
        """
        if at - self._looked >= _LOOK:
            refuse_overdue(self._place, self.campaign.campaign, self.priced_by, at)
            self._looked = at

    def look(self, at: datetime) -> None:
        """Whether what a decision needs besides the ledger can be reached: who was erased, and the limits. A connection
        that broke is found out here, and not by somebody's question.

        Raises:
            StoreError: it cannot.
        """
        self.people.look()
        self._leases.left(self.prices, at=at)

    def close(self, sitting: Sitting, run: Run, *, given: bool) -> None:
        """End a run, which is then still to be committed."""
        sitting.close(run, self._summary | self._noted | ({"given": True} if given else {}))

    def put_back(self, used: Mapping[str, int]) -> None:
        """What decisions would have used that are not in the ledger."""
        self._part.put_back(used)

    def in_hand(self) -> dict[str, int]:
        """What it has taken of each limit and not used yet, by limit id."""
        return self._part.left

    @property
    def counts_earlier(self) -> bool:
        """Whether what people were offered before matters, so that it must be durable before anybody is decided
        about."""
        return bool(self.campaign.limits.contacts.each)

    def shut(self, at: datetime) -> None:
        """Give back what was not used of the limits."""
        self._part.close(at)
        self._leases.close()


def answers_of(explained: Explained, campaign: Campaign, run_id: str) -> list[Answer]:
    """What is answered to each person of a run."""
    allocated = explained.allocated
    permitted = allocated.scored.minimised.permitted
    offers: list[str | None] = [*(offer.id for offer in campaign.offers), None]
    counted = np.full(len(permitted.asked), reads_directly(campaign))
    for codes in allocated.scored.minimised.codes:
        counted |= (codes != WITHHELD).reshape(-1, len(counted)).any(axis=0)  # per-offer features: [m, n]
    columns = (allocated.offer, permitted.standing, permitted.reason, allocated.reason, counted)
    rows = list(zip(*(np.asarray(column).tolist() for column in columns), strict=True))
    told = {
        (offer, standing, permission, reason, counts): (
            offers[offer],
            _STANDING[standing],
            _REASON[permission],
            _REASON[reason],
            _how(standing, reason, counts),
        )
        for offer, standing, permission, reason, counts in set(rows)
    }
    return [Answer(f"{run_id}.{number}", *told[row]) for number, row in enumerate(rows, 1)]


def tally_of(explained: Explained) -> Tally:
    """How many people of a run came to what."""
    allocated = explained.allocated
    permitted = allocated.scored.minimised.permitted
    columns = (allocated.offer, permitted.standing, permitted.reason, allocated.reason)
    return Counter(zip(*(np.asarray(column).tolist() for column in columns), strict=True))


def answers_again(found: Sequence[DecisionFacts], campaign: Campaign) -> list[Answer]:
    """What was answered when these decisions were made."""
    offers: list[str | None] = [*(offer.id for offer in campaign.offers), None]
    own = reads_directly(campaign)
    return [
        Answer(
            one.decision_id,
            offers[one.offer],
            one.standing.name.lower(),
            one.permission.key,
            one.outcome.key,
            _how(one.standing, one.outcome, own or any((code != WITHHELD).any() for code in one.codes)),
        )
        for one in found
    ]


def _how(standing: int, outcome: int, counted: bool) -> str:
    """See `adapters.asking.Answer`."""
    if standing == Standing.REFUSED:
        return "refused"
    if outcome in _BY_LOT:
        return "chance"
    return "personal" if standing == Standing.PERSONALISED and counted else "contextual"


def reads_directly(campaign: Campaign) -> bool:
    """Whether something of a person is read whatever they switched off: a condition, or a cost of their own."""
    return bool(campaign.conditions or campaign.own_costs)


_BY_LOT = frozenset(int(one) for one in Reason if one.is_by_lot)
_STANDING: Mapping[int, str] = {int(one): one.name.lower() for one in Standing}
_REASON: Mapping[int, str] = {int(one): one.key for one in Reason}

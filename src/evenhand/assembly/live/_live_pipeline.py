"""Groups one after the other: while one is being made durable, those that come meanwhile are decided.

What was decided behind a flight that then could not be recorded is void with it, and is decided again. Everything that
is not a group (letting others write, looking how things are) waits until none is under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evenhand.adapters.asking import Answered
from evenhand.adapters.stores.file_trouble import short_of_room
from evenhand.adapters.stores.home import Home
from evenhand.ledger import Sealer, Sitting, Tally, refuse_paused
from evenhand.terms import EvenhandError, Finding, PausedError, StoreError

from ..records._ledger import FOR_A_RUN, run_keys_of
from ._live_campaign import LiveCampaign
from ._live_deciding import Deciding
from ._live_flight import Flight, Keeper, Outcome
from ._live_groups import Waiting, unavailable
from ._live_ready import Readiness
from ._live_told import LiveTold, SaidMeanwhileError

if TYPE_CHECKING:
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger
    from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger

    AnyLedger = SqliteLedger | PostgresLedger

__all__ = ["BESIDE", "MOST_TOGETHER", "Pipeline"]

MOST_TOGETHER = 4_096
"""People who are decided together at most, unless one question has more."""
BESIDE = 256
"""From so many people on a commit is made beside deciding. Below, the next group is better made of everybody who comes
until it is done: what groups cost before their first person is more than a commit is worth."""


_OFTEN = 0.02
"""Seconds between two looks whether somebody else waits to write."""


class Pipeline:
    """Decides and records groups. Used from one thread, that of the service that decides; close it.

    Args:
        place: the home.
        opened: opens its ledger; one connection writes, another reads meanwhile.
        hands: write the head while entries are written.
        told: what people told the home.
        campaigns: gives what is served now.
        ready: is told how it goes.
        tell: tells who asked; from whichever thread.
        noticed: told what a start found left behind, for people.
        landed: called when a group that was under way is over; from whichever thread.
        beside: people from whom on a commit is made beside deciding.
        sealer: encodes and encrypts decisions meanwhile; None = nobody else does.
        counted: told what the decisions of each commit came to, by the prices that decided, with the numbers of the
            commit's first and last entry; from whichever thread.
    """

    def __init__(
        self,
        place: Home,
        opened: Callable[[], AnyLedger],
        hands: Executor,
        told: LiveTold,
        campaigns: Callable[[], Mapping[str, LiveCampaign]],
        *,
        ready: Readiness,
        tell: Callable[[Sequence[Outcome]], None],
        noticed: Callable[[Finding], None],
        landed: Callable[[], None],
        beside: int = BESIDE,
        sealer: Sealer | None = None,
        counted: Callable[[int, int, Mapping[str, Tally]], None] = lambda _, __, ___: None,
    ) -> None:
        self._counted = counted
        self._opened, self._told, self._campaigns, self._folder = opened, told, campaigns, place.folder
        self._ready, self._tell, self._noticed, self._beside = ready, tell, noticed, beside
        self._store = opened()
        try:
            self._reads = opened()
        except BaseException:
            self._store.close()
            raise
        self._sitting = Sitting(self._store, hands, run_keys_of(place), reads=self._reads, sealer=sealer)
        self._deciding = Deciding(self._sitting, told, campaigns)
        self._keeper = Keeper(self._sitting, told, self._durable, landed)
        self._flight: Flight | None = None
        self._gathered = Flight()
        self._look_again = 0.0
        ready.no_room = short_of_room(place.folder)
        self.answered = 0
        """People of the flight that came through last."""

    def close(self) -> None:
        """Wait for what is under way, let others write, and close the ledger."""
        self.let_go()
        self._keeper.close()
        self._reads.close()
        self._store.close()

    @property
    def is_flying(self) -> bool:
        """Whether anything is being made durable, or came through or failed and was not looked after since (`land`)."""
        return self._flight is not None

    @property
    def has_landed(self) -> bool:
        """Whether what was being made durable came through, or failed."""
        return self._flight is not None and self._flight.is_over

    @property
    def is_held(self) -> bool:
        """Whether nobody else can write the ledger now."""
        return self._sitting.is_held

    def decide(self, waiting: Sequence[Waiting]) -> None:
        """Decide a group; it is recorded as soon as what is under way came through."""
        if self._flight is not None and (self._flight.is_over or self._rests_on(self._flight, waiting)):
            self._landed()
        self._ready.begins()
        flight = self._gathered
        gathered = len(flight.waiting)
        try:
            self._hold()
            self._told.catch_up()
            self._deciding.decide(waiting, flight, datetime.now(UTC))
        except BaseException as error:
            self._gathered = Flight()
            flight.put_back()
            self._landed()
            self._sitting.undo()
            if gathered:
                self._alone(flight.waiting[:gathered])
            self._failed(waiting, error, may_be_there=False)
            return
        if self._flight is None or self._flight.is_over or flight.people >= MOST_TOGETHER or flight.again:
            self.land()

    def land(self) -> None:
        """Wait for what is under way, and have recorded what was gathered meanwhile; that is then under way."""
        self._landed()
        flight, self._gathered = self._gathered, Flight()
        if not flight.waiting:
            return
        self._deciding.settle(flight)
        self._flight = flight
        is_few = flight.people < self._beside
        self._keeper.fly(flight, here=is_few)
        self._ready.begins()
        if flight.again or is_few:
            self._landed()

    def _landed(self) -> None:
        """Wait for what is under way. Where it did not come through, what was gathered behind it is void."""
        flight, self._flight = self._flight, None
        if flight is None or flight.kept is None:
            return
        try:
            flight.kept.result()
        except BaseException as error:
            behind, self._gathered = self._gathered, Flight()
            self._sitting.undo()
            flight.put_back()
            behind.put_back()
            if isinstance(error, SaidMeanwhileError):
                self._alone(flight.waiting)
            else:
                self._failed(flight.waiting, error, may_be_there=flight.may_be_there)
            if behind.waiting:
                self._alone(behind.waiting)
        else:
            self._came_through(flight)

    def let_go(self) -> None:
        """Let others write, after what is under way."""
        while self.is_flying or self._gathered.waiting:
            self.land()
        try:
            self._sitting.let_go()
        except EvenhandError as error:
            self._ready.fails(error)
            self._sitting.undo()

    def let_go_if_wanted(self) -> None:
        """Let others write where somebody waits to; looked at fifty times a second at most."""
        if (now := time.monotonic()) >= self._look_again:
            self._look_again = now + _OFTEN
            if self._reads.is_wanted():
                self.let_go()

    def look(self) -> None:
        """How things are: after a trouble whether it is over; else whether everything can still be reached."""
        self.let_go()
        self._ready.begins()
        trouble: EvenhandError | None = None
        is_well = self._ready.trouble is None and self._ready.no_room is None
        self._ready.no_room = no_room = short_of_room(self._folder, tries=not is_well)
        try:
            if self._ready.trouble is not None:
                if self._ready.is_full and no_room is not None:
                    raise no_room
                self._open_reads()
                trouble = self._paused()
            else:
                self._store.tail()
                self._told.look()
            for campaign in self._campaigns().values():
                campaign.look(datetime.now(UTC))
            self._look_for_keys()
        except Exception as error:
            self._sitting.undo()
            trouble = error if isinstance(error, EvenhandError) else unavailable(error)
        self._ready.ended(trouble)

    def _durable(self, flight: Flight) -> None:
        """It is in the ledger, so there is no trouble any more, and it counts before anybody is told; from the thread
        that records."""
        self._ready.fails(None)
        if flight.sheet is not None:
            self._counted(flight.sheet.first, flight.sheet.last, flight.came)
        self._tell(flight.answers)

    def _hold(self) -> None:
        """Become the only writer. While a whole run is being recorded that is waited for, and is no trouble."""
        until = time.monotonic() + FOR_A_RUN
        while True:
            try:
                found = self._sitting.hold(datetime.now(UTC))
                break
            except StoreError as error:
                if error.code != "store-busy" or time.monotonic() >= until or not self._store.intents():
                    raise
                self._ready.begins()
        for finding in found:
            self._noticed(finding)

    def _rests_on(self, flight: Flight, waiting: Sequence[Waiting]) -> bool:
        """Whether what these questions come to may depend on what is under way: the same key, or earlier offers that
        count."""
        campaigns = self._campaigns()
        return any(
            one.question.key in flight.keys or campaigns[one.question.campaign].counts_earlier for one in waiting
        )

    def _alone(self, waiting: Sequence[Waiting]) -> None:
        """Decide and record a group with nothing beside it, while nobody says anything."""
        self._ready.begins()
        flight = Flight()
        try:
            self._hold()
            with self._told.held():
                self._deciding.decide(waiting, flight, datetime.now(UTC))
                self._deciding.settle(flight)
                if flight.sheet is not None:
                    self._sitting.keep(flight.sheet)
        except BaseException as error:
            flight.put_back()
            self._failed(waiting, error, may_be_there=flight.may_be_there)
            return
        self._durable(flight)
        self._came_through(flight)

    def _came_through(self, flight: Flight) -> None:
        """It is durable, and who asked was told; but for those whose key stood in it twice."""
        self._ready.ended(None)
        self.answered = flight.people
        self._tell([(one, self._said_now(one)) for one in flight.again])

    def _said_now(self, one: Waiting) -> Answered | BaseException:
        try:
            return self._deciding.said_before(one.question) or unavailable(None)
        except Exception as error:
            return error if isinstance(error, EvenhandError) else unavailable(error)

    def _failed(self, waiting: Sequence[Waiting], error: BaseException, *, may_be_there: bool) -> None:
        """Nobody of a group is decided about; where it failed for another reason than the stores, one by one."""
        self._sitting.undo()
        trouble = error if isinstance(error, EvenhandError) else unavailable(error)
        if isinstance(error, StoreError):
            self._open_reads()
        is_paused = isinstance(error, PausedError) and len(self._campaigns()) == 1
        if len(waiting) > 1 and not (may_be_there or is_paused or Readiness.is_hopeless(error)):
            for one in waiting:
                self._alone([one])
            return
        if self._ready.is_of_keys(trouble):
            question = waiting[0].question
            self._ready.locked_out(question.campaign, [ask.subject for ask in question.asks], trouble)
        self._ready.ended(trouble)
        self._tell([(one, trouble) for one in waiting])

    def _open_reads(self) -> None:
        """Read over a connection that is not broken, where one can be had."""
        with suppress(EvenhandError):
            self._reads.tail()
            return
        with suppress(EvenhandError):
            fresh = self._opened()
            with suppress(EvenhandError):
                self._reads.close()
            self._reads = self._sitting.reads = fresh

    def _paused(self) -> PausedError | None:
        """What people said can be read and the ledger written: only a campaign that is paused is still in the way."""
        refused: list[PausedError] = []
        self._hold()
        with self._told.held():
            for name, campaign in self._campaigns().items():
                try:
                    refuse_paused(self._store, name, campaign.prices)
                    campaign.refuse_overdue(datetime.now(UTC))
                except PausedError as error:
                    refused.append(error)
        self._sitting.let_go()
        return refused[0] if refused and len(refused) == len(self._campaigns()) else None

    def _look_for_keys(self) -> None:
        """Whether the keys open that did not."""
        locked = self._ready.locked
        if locked is None or self._store.people is None:
            return
        campaign, subjects = self._campaigns().get(locked[0]), locked[1]
        try:
            if campaign is not None:
                self._store.people.make(campaign.people.pseudonyms(subjects))
        except StoreError as error:
            if not self._ready.is_of_keys(error):
                raise
        else:
            self._ready.opens_again()

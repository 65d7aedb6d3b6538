"""Groups one after the other: while one is being made durable, the next is decided.

What was decided behind a group that then could not be recorded is void with it, and is decided again. Everything that
is not a group (letting others write, looking how things are) waits until none is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evenhand.adapters.asking import Answered
from evenhand.adapters.home import Home
from evenhand.ledger import Sitting, refuse_paused
from evenhand.terms import EvenhandError, Finding, PausedError, StoreError

from ..records._ledger import run_keys_of
from ._live_campaign import LiveCampaign
from ._live_deciding import Deciding
from ._live_flight import Flight, Keeper, Outcome
from ._live_groups import Waiting, unavailable
from ._live_ready import Readiness
from ._live_told import LiveTold, SaidMeanwhileError

if TYPE_CHECKING:
    from evenhand.adapters.postgres_ledger import PostgresLedger
    from evenhand.adapters.sqlite_ledger import SqliteLedger

    AnyLedger = SqliteLedger | PostgresLedger

__all__ = ["Pipeline"]


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
    ) -> None:
        self._opened, self._told, self._campaigns = opened, told, campaigns
        self._ready, self._tell, self._noticed = ready, tell, noticed
        self._store = opened()
        try:
            self._reads = opened()
        except BaseException:
            self._store.close()
            raise
        self._sitting = Sitting(self._store, hands, run_keys_of(place), reads=self._reads)
        self._deciding = Deciding(self._sitting, told, campaigns)
        self._keeper = Keeper(self._sitting, told, tell, landed)
        self._flight: Flight | None = None
        self.answered = 0
        """People of the group that came through last."""

    def close(self) -> None:
        """Wait for what is under way, let others write, and close the ledger."""
        self.let_go()
        self._keeper.close()
        self._reads.close()
        self._store.close()

    @property
    def flying(self) -> Flight | None:
        """The group that is under way, over or not, until it is looked after (`land`)."""
        return self._flight

    @property
    def is_held(self) -> bool:
        """Whether nobody else can write the ledger now."""
        return self._sitting.is_held

    def decide(self, waiting: Sequence[Waiting]) -> None:
        """Decide a group, and have it recorded once the one before it is."""
        if self._flight is not None and self._rests_on(self._flight, waiting):
            self.land()
        self._ready.begins()
        try:
            self._hold()
            self._told.catch_up()
            flight = self._deciding.decided(waiting, datetime.now(UTC))
        except BaseException as error:
            self.land()
            self._failed(waiting, error, may_be_there=False)
            return
        if not self.land(void=flight):
            self._alone(waiting)
            return
        self._flight = flight
        self._keeper.fly(flight)
        self._ready.begins()
        if flight.again:
            self.land()

    def land(self, void: Flight | None = None) -> bool:
        """Wait for the group that is under way; whether it came through, or there is none.

        Args:
            void: decided on top of it: where it did not come through, this uses nothing of the limits.
        """
        flight, self._flight = self._flight, None
        if flight is None or flight.kept is None:
            return True
        try:
            flight.kept.result()
        except BaseException as error:
            self._sitting.undo()
            flight.put_back()
            if void is not None:
                void.put_back()
            if isinstance(error, SaidMeanwhileError):
                self._alone(flight.waiting)
            else:
                self._failed(flight.waiting, error, may_be_there=flight.may_be_there)
            return False
        self._came_through(flight)
        return True

    def let_go(self) -> None:
        """Let others write, after what is under way."""
        self.land()
        try:
            self._sitting.let_go()
        except EvenhandError as error:
            self._ready.trouble = error
            self._sitting.undo()

    def let_go_if_wanted(self) -> None:
        """Let others write where somebody waits to."""
        if self._reads.is_wanted():
            self.let_go()

    def look(self) -> None:
        """How things are: after a trouble whether it is over; else whether everything can still be reached."""
        self.land()
        self._ready.begins()
        trouble: EvenhandError | None = None
        try:
            if self._ready.trouble is not None:
                self._open_reads()
                trouble = self._paused()
            else:
                self._store.tail()
                self._told.look()
            self._look_for_keys()
        except Exception as error:
            self._sitting.undo()
            trouble = error if isinstance(error, EvenhandError) else unavailable(error)
        self._ready.ended(trouble)

    def _hold(self) -> None:
        for finding in self._sitting.hold(datetime.now(UTC)):
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
        flight = Flight(waiting)
        try:
            self._hold()
            with self._told.held():
                flight = self._deciding.decided(waiting, datetime.now(UTC))
                if flight.sheet is not None:
                    self._sitting.keep(flight.sheet)
        except BaseException as error:
            flight.put_back()
            self._failed(waiting, error, may_be_there=flight.may_be_there)
            return
        self._tell(flight.answers)
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

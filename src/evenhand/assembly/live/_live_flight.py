"""What is decided and not recorded yet, and the thread that records it while more is decided.

The order is kept: a flight is recorded after the one before it, and nobody is answered before their decision is
durable. Right before the commit the trail of what people said is held, and looked at once more: where one of these
people said something since they were decided about, the flight is void and is decided again. So no decision becomes
durable behind a word that was, though nobody who says one waits for more than a commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from evenhand.adapters.asking import Answered
from evenhand.ledger import Sheet, Sitting, Tally

from ._live_campaign import LiveCampaign, Meanwhile
from ._live_groups import Waiting
from ._live_told import LiveTold

__all__ = ["Flight", "Keeper"]

Outcome = tuple[Waiting, Answered | BaseException]


@dataclass(slots=True, eq=False)
class Flight:
    """Groups of questions that are recorded in one commit.

    Attributes:
        waiting: who asked.
        answers: what they are told when it is durable.
        again: whose key stands in it twice; they are told what the first was.
        keys: the keys that are answered in it.
        used: what of each campaign's limits.
        came: what its decisions came to, by the prices that decided.
        meanwhile: its runs, with whoever got an offer.
        heard: number of the last entry of the trail that its first group was decided with.
        sheet: what is to be recorded; None = nothing.
        kept: done when it is durable, and who asked was told.
    """

    waiting: list[Waiting] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)
    again: list[Waiting] = field(default_factory=list)
    keys: set[bytes] = field(default_factory=set)
    used: list[tuple[LiveCampaign, Mapping[str, int]]] = field(default_factory=list)
    came: dict[str, Tally] = field(default_factory=dict)
    meanwhile: Meanwhile = field(default_factory=list)
    heard: int = 0
    sheet: Sheet | None = None
    kept: Future[None] | None = None

    @property
    def people(self) -> int:
        """How many people it is about."""
        return sum(len(one.question.asks) for one in self.waiting)

    @property
    def is_over(self) -> bool:
        """Whether it is durable, or failed."""
        return self.kept is not None and self.kept.done()

    @property
    def may_be_there(self) -> bool:
        """Whether it may be in the ledger, whatever was told of its commit."""
        return self.sheet is not None and self.sheet.may_be_there

    def put_back(self) -> None:
        """It uses nothing of the limits, unless it may be there."""
        if not self.may_be_there:
            for campaign, used in self.used:
                campaign.put_back(used)
        self.used = []


class Keeper:
    """Records groups one after the other, in a thread of its own. Close it.

    Args:
        sitting: has their sheets.
        told: what people told the home.
        durable: called when a flight is durable; tells who asked.
        landed: called when a flight is over, well or not.
    """

    def __init__(
        self,
        sitting: Sitting,
        told: LiveTold,
        durable: Callable[[Flight], None],
        landed: Callable[[], None],
    ) -> None:
        self._sitting, self._told, self._durable, self._landed = sitting, told, durable, landed
        self._thread = ThreadPoolExecutor(1, "evenhand-keeps")

    def fly(self, flight: Flight, *, here: bool = False) -> None:
        """Begin to record a flight; the one before it is over. `here`: record it before this returns."""
        if here:
            flight.kept = Future()
            try:
                self._keep(flight)
            except BaseException as error:
                flight.kept.set_exception(error)
            else:
                flight.kept.set_result(None)
            return
        flight.kept = self._thread.submit(self._keep, flight)
        flight.kept.add_done_callback(lambda _: self._landed())

    def close(self) -> None:
        """End the thread; nothing is under way."""
        self._thread.shutdown()

    def _keep(self, flight: Flight) -> None:
        if flight.sheet is not None:
            flight.sheet.wait()  # while people can still say something
            with self._told.silent(flight.heard, flight.sheet.handles):
                self._sitting.keep(flight.sheet)
        self._durable(flight)

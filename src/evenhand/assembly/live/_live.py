"""A service that decides: questions that wait are decided together, and are answered when the ledger has them.

One thread walks the road for all. While it works, questions gather; the next group takes them all. So a single question
is decided at once, and a thousand cost little more than one. Each group is one commit of the ledger, with one run for
each campaign in it; while a large one is made durable, the next is decided (`Pipeline`).

It fails closed: where a gate, the ledger or the limits cannot answer, nobody is decided about and the asker is told.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from evenhand.adapters.asking import Answered, BusyError, Done, Question
from evenhand.adapters.stores.home import Home
from evenhand.ledger import Sealer
from evenhand.terms import DataError, EvenhandError, Finding, UsageError, number_of

from ._live_campaign import LiveCampaign
from ._live_flight import Outcome
from ._live_groups import Waiting, closing, unavailable
from ._live_pipeline import BESIDE, MOST_TOGETHER, Pipeline
from ._live_ready import LOOK_AGAIN, Readiness
from ._live_tallies import LiveTallies
from ._live_told import LiveTold
from ._store_spells import StoreSpells

if TYPE_CHECKING:
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger
    from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger

    AnyLedger = SqliteLedger | PostgresLedger

__all__ = ["LiveService"]

MOST_WAITING = 20_000
"""People who may wait; more are turned away."""
_MOMENT = 0.002
"""Seconds without a new question after which there is no company to wait for."""
_LONGEST = 0.01
"""Seconds to wait for company at most."""
_BACK = 0.05
"""Seconds within which whoever was answered may be back with the next question."""
_NOTICED = 1.0
"""Seconds after which whoever waits for an end is told why."""
_FIRST = 5.0
"""Seconds within which the ledger is opened, or was found to be closed: so nobody is told before that all is well."""
_AT_REST = 0.25
"""Seconds without a question after which others may write the ledger without being noticed."""


class LiveService:
    """Decides for whoever asks, from any thread. Implements `adapters.asking.Decider`; close it, or use a ``with``.

    Args:
        place: the home.
        campaigns: the campaigns, all of this home.
        ledger: opens the ledger for the thread that decides.
        most_waiting: people who may wait.
        browser: told of known people whose browsers opted out in a question, where the home has not kept it yet, and
            what to call then.
        noticed: told what a start found left behind, for people.
        troubled: told when nobody can be decided about since a store fails, and when that is over, for people.
        told: what people told the home; of the campaigns, where there is one.
        beside: people from whom on a group is made durable while the next is decided.
        sealer: encodes and encrypts decisions meanwhile; None = nobody else does.

    Attributes:
        came: what its decisions came to.
        default: the campaign that questions are about which name none: the one that was served alone at first; "" where
            several were from the beginning, and nobody can know which is meant.
    """

    def __init__(
        self,
        place: Home,
        campaigns: Iterable[LiveCampaign],
        ledger: Callable[[], AnyLedger],
        *,
        most_waiting: int = MOST_WAITING,
        noticed: Callable[[Finding], None] = lambda _: None,
        troubled: Callable[[str], None] = lambda _: None,
        told: LiveTold | None = None,
        browser: Callable[[Sequence[str], Callable[[], None]], None] = lambda _, kept: kept(),
        beside: int = BESIDE,
        sealer: Sealer | None = None,
    ) -> None:
        self.place = place
        self.campaigns: Mapping[str, LiveCampaign] = {one.campaign.campaign: one for one in campaigns}
        self.default = next(iter(self.campaigns)) if len(self.campaigns) == 1 else ""
        self._ledger, self._noticed, self._most = ledger, noticed, most_waiting
        self._browser, self._beside, self._sealer = browser, beside, sealer
        self._told = told or next(iter(self.campaigns.values())).told
        self.came = LiveTallies(place)
        self._new: deque[tuple[LiveCampaign, Future[None]]] = deque()
        self._waiting: deque[Waiting] = deque()
        self._people = self._in_hand = 0
        self._answers = self._company_of = 0
        self._last = (0, 0.0)
        self._changed = threading.Condition()
        self._is_open = True
        self._ready = Readiness(StoreSpells(troubled))
        self._hands = ThreadPoolExecutor(1, "evenhand-head")
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._work, name="evenhand-decides", daemon=True)
        self._thread.start()
        self._tried.wait(_FIRST)

    def __enter__(self) -> LiveService:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """People who wait or are being decided about."""
        return self._people + self._in_hand

    @property
    def decided(self) -> int:
        """People decided about since the start."""
        return self._answers

    @property
    def still_for(self) -> float:
        """Seconds for which the thread that decides did not move, though it should. One that waits for questions moves,
        and so does one whose stores fail; one that ended is still for ever."""
        return inf if self._is_open and not self._thread.is_alive() else self._ready.still_for

    @property
    def trouble(self) -> EvenhandError | None:
        """Why the last group could not be decided; None where it was."""
        return self._ready.trouble

    def not_ready(self) -> str:
        """Why nobody could be decided about, one stable word; "" where they can be. See `Readiness`."""
        if not self._is_open or not self._thread.is_alive():
            return "closing"
        return self._ready.word() or ("busy" if self._people >= self._most else "")

    def ask(self, question: Question, done: Done) -> None:
        """Take a question; see `adapters.asking.Decider.ask`.

        Raises:
            DataError, UsageError: it cannot be asked like this; nothing is decided.
            BusyError, UnavailableError: not now.
        """
        campaign = self.campaigns.get(question.campaign)
        if campaign is None:
            raise DataError(
                "campaign-not-served",
                "This service does not serve that campaign.",
                rule="a service decides for the campaigns that it was started with",
                remedy="start it with that campaign too",
            )
        subjects = {ask.subject for ask in question.asks}
        if not question.asks or len(subjects) != len(question.asks) or "" in subjects:
            raise UsageError(
                "subjects-named",
                "Nobody was named, or somebody twice.",
                rule="each person is decided about once in a question",
                remedy="name each subject once",
            )
        campaign.people.check(question.asks)
        with self._changed:
            if not self._is_open or not self._thread.is_alive():
                raise closing()
            if self._people and self._people + len(question.asks) > self._most:
                raise BusyError(
                    "service-busy",
                    f"{number_of(self._people, 'person waits', 'people wait')} to be decided about already; "
                    "nothing was decided.",
                    rule="what cannot be decided soon is turned away at once",
                    remedy="ask again after the time that Retry-After names",
                )
            self._waiting.append(Waiting(question, done))
            self._people += len(question.asks)
            if self._people >= self._company_of:
                self._changed.notify()

    def take_in(self, campaign: LiveCampaign) -> Future[None]:
        """Serve one more campaign, or another version of one, from the next group on. Whoever calls opened it, so
        nobody waits for that.

        Raises:
            UnavailableError: the service is closing.
        """
        done: Future[None] = Future()
        with self._changed:
            if not self._is_open or not self._thread.is_alive():
                raise closing()
            self._new.append((campaign, done))
            self._changed.notify()
        return done

    def close(self, told: Callable[[str], None] = lambda _: None) -> None:
        """Decide what waits, give back what was not used of the limits, and close the ledger; `told` where somebody
        else keeps it from that."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(_NOTICED)
        if self._thread.is_alive():
            told("waiting for the turn to record what is still to be decided")
            self._thread.join()
        self._hands.shutdown()
        self.came.close()

    def _opened(self) -> Pipeline | None:
        """What decides, as soon as the ledger can be opened; None where the service closes before. Who asks meanwhile
        is told why not."""
        while True:
            try:
                pipeline = Pipeline(
                    self.place,
                    self._ledger,
                    self._hands,
                    self._told,
                    lambda: self.campaigns,
                    ready=self._ready,
                    tell=self._tell,
                    noticed=self._noticed,
                    landed=self._notify,
                    beside=self._beside,
                    sealer=self._sealer,
                    counted=self.came.add,
                )
            except Exception as error:
                trouble = error if isinstance(error, EvenhandError) else unavailable(error)
            else:
                self._ready.ended(None)
                self._tried.set()
                return pipeline
            self._ready.ended(trouble)
            self._tried.set()
            with self._changed:
                self._changed.wait_for(lambda: not self._is_open, LOOK_AGAIN)
                asked, self._waiting, self._people = list(self._waiting), deque(), 0
                is_over = not self._is_open
            self._tell([(one, trouble) for one in asked])
            if is_over:
                return None

    def _work(self) -> None:
        """The thread that decides."""
        pipeline = self._opened()
        try:
            while pipeline is not None and (group := self._next(pipeline)) is not None:
                is_idle = not (group or self._new or pipeline.is_flying)
                if self._new:
                    pipeline.let_go()  # what a campaign has of the limits is settled before another takes its place
                    self._taken_in()
                if group:
                    pipeline.decide(group)
                else:
                    pipeline.land()
                if is_idle or (self._ready.must_look and self._ready.look_is_due()):
                    pipeline.look()
                pipeline.let_go_if_wanted()
        finally:
            if pipeline is not None:
                pipeline.close()
            while self._new:
                self._new.popleft()[1].set_exception(closing())
            for campaign in self.campaigns.values():
                campaign.shut(datetime.now(UTC))

    def _next(self, pipeline: Pipeline) -> list[Waiting] | None:
        """Everything that waits, up to a bound; None where the service closes and nothing waits.

        Nobody where nothing came, and the group under way is over or it is time to look how things are.
        """
        with self._changed:
            if pipeline.answered:
                together, pipeline.answered = pipeline.answered + self._people, 0
                self._last = (together if together <= self._beside else together - self._people, time.monotonic())
            self._in_hand = 0
            while not self._waiting:
                self._ready.moves()
                if self._new:
                    return []
                if pipeline.has_landed:
                    return []
                if pipeline.is_flying:
                    self._changed.wait()
                elif not self._is_open:
                    return None
                elif pipeline.is_held:
                    if not self._changed.wait(_AT_REST):
                        pipeline.let_go()
                elif not self._changed.wait(LOOK_AGAIN) and self._ready.look_is_due():
                    return []
            (answered, at), self._last = self._last, (0, 0.0)
            if answered > 1 and time.monotonic() - at < _BACK:  # who was just answered is about to ask again
                self._company(answered)
            out: list[Waiting] = []
            while self._waiting and (not out or self._in_hand + len(self._waiting[0].question.asks) <= MOST_TOGETHER):
                one = self._waiting.popleft()
                out.append(one)
                self._in_hand += len(one.question.asks)
            self._people -= self._in_hand
            return out

    def _company(self, answered: int) -> None:
        """Wait until as many wait as were just answered, for as long as they keep coming: fewer groups cost less, and
        reading requests goes on meanwhile. The caller holds the lock."""
        until, before = time.monotonic() + _LONGEST, -1
        self._company_of = answered
        while before < self._people < answered and time.monotonic() < until and self._is_open:
            before = self._people
            self._changed.wait(_MOMENT)
        self._company_of = 0

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify()

    def _taken_in(self) -> None:
        """Serve the campaigns that are new."""
        while self._new:
            one, done = self._new.popleft()
            name = one.campaign.campaign
            before = self.campaigns.get(name)
            if not self.campaigns:
                self.default = name
            self.campaigns = {**self.campaigns, name: one}
            if before is not None:
                before.shut(datetime.now(UTC))
            done.set_result(None)

    def _tell(self, answers: Sequence[Outcome]) -> None:
        """Tell who asked; from the thread that records, or the one that decides, never both. Whose browser's opt-out is
        still to be kept is told when it is."""
        for one, answer in answers:
            unheard: Sequence[str] = ()
            if isinstance(answer, Answered) and not answer.is_repeated:
                self._answers += len(answer.answers)
                unheard = self.campaigns[one.question.campaign].people.unheard(one.question.asks)
            if unheard:
                self._browser(unheard, partial(_answer, one, answer))
            else:
                _answer(one, answer)


def _answer(one: Waiting, answer: Answered | BaseException) -> None:
    with suppress(Exception):  # whoever asked may not be there any more; the others are
        one.done(answer)

"""A service that decides: questions that wait are decided together, and are answered when the ledger has them.

One thread walks the road for all. While it works, questions gather; the next group takes them all. So a single question
is decided at once, and a thousand cost little more than one. Each group is one commit of the ledger, with one run for
each campaign in it.

It fails closed: where a gate, the ledger or the limits cannot answer, nobody is decided about and the asker is told.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evenhand.adapters.asking import Answered, BusyError, Done, Question
from evenhand.adapters.stores.home import Home
from evenhand.ledger import Sitting, answered, facts, new_run_id, refuse_paused
from evenhand.terms import DataError, EvenhandError, Finding, PausedError, StoreError, UsageError

from ..records._ledger import run_keys_of
from ._live_campaign import LiveCampaign, Meanwhile, answers_again
from ._live_groups import Group, Waiting, answer_group, closing, put, unavailable
from ._live_ready import LOOK_AGAIN, Readiness
from ._live_told import LiveTold

if TYPE_CHECKING:
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger
    from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger

    AnyLedger = SqliteLedger | PostgresLedger

__all__ = ["LiveService"]

MOST_WAITING = 20_000
"""People who may wait; more are turned away."""
MOST_TOGETHER = 4_096
"""People who are decided together at most, unless one question has more."""
_MOMENT = 0.002
"""Seconds to wait for company where half as many wait as were decided together last."""
_AT_REST = 0.25
"""Seconds without a question after which others may write the ledger without being noticed."""


class LiveService:
    """Decides for whoever asks, from any thread. Implements `adapters.asking.Decider`; close it, or use a ``with``.

    Args:
        place: the home.
        campaigns: the campaigns, all of this home.
        ledger: opens the ledger for the thread that decides.
        most_waiting: people who may wait.
        browser: told of a known person whose browser opted out in a question, where the home has not kept it yet.
        noticed: told what a start found left behind, for people.
        told: what people told the home; of the campaigns, where there is one.
    """

    def __init__(
        self,
        place: Home,
        campaigns: Iterable[LiveCampaign],
        ledger: Callable[[], AnyLedger],
        *,
        most_waiting: int = MOST_WAITING,
        noticed: Callable[[Finding], None] = lambda _: None,
        told: LiveTold | None = None,
        browser: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.place = place
        self.campaigns: Mapping[str, LiveCampaign] = {one.campaign.campaign: one for one in campaigns}
        self._ledger, self._noticed, self._most = ledger, noticed, most_waiting
        self._browser = browser
        self._told = told or next(iter(self.campaigns.values())).told
        self._new: deque[tuple[Callable[[], LiveCampaign], Future[LiveCampaign]]] = deque()
        self._waiting: deque[Waiting] = deque()
        self._people = self._in_hand = 0
        self._answers = 0
        self._changed = threading.Condition()
        self._is_open, self._may_be_recorded = True, False
        self._ready = Readiness()
        self._hands = ThreadPoolExecutor(1, "evenhand-head")
        self._number = secrets.randbelow(1 << 24)
        self._thread = threading.Thread(target=self._work, name="evenhand-decides", daemon=True)
        self._thread.start()

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
                    f"{self._people} people wait to be decided about already; nothing was decided.",
                    rule="what cannot be decided soon is turned away at once",
                    remedy="ask again after the time that Retry-After names",
                )
            self._waiting.append(Waiting(question, done))
            self._people += len(question.asks)
            self._changed.notify()

    def take_in(self, open_one: Callable[[], LiveCampaign]) -> Future[LiveCampaign]:
        """Serve one more campaign, or another version of one; it is opened by the thread that decides, between groups.

        Raises:
            UnavailableError: the service is closing.
        """
        done: Future[LiveCampaign] = Future()
        with self._changed:
            if not self._is_open or not self._thread.is_alive():
                raise closing()
            self._new.append((open_one, done))
            self._changed.notify()
        return done

    def close(self) -> None:
        """Decide what waits, give back what was not used of the limits, and close the ledger."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join()
        self._hands.shutdown()

    def _work(self) -> None:
        """The thread that decides."""
        with self._ledger() as store:
            sitting = Sitting(store, self._hands, run_keys_of(self.place))
            try:
                while (group := self._next(sitting)) is not None:
                    is_new = self._taken_in()
                    if group:
                        self._decide(group, store, sitting)
                    is_idle = not group and not is_new
                    if is_idle or (self._ready.locked is not None and self._ready.look_is_due()):
                        self._look(store, sitting)
                    if store.is_wanted():
                        self._let_go(sitting)
            finally:
                self._let_go(sitting)
                while self._new:
                    self._new.popleft()[1].set_exception(closing())
                for campaign in self.campaigns.values():
                    campaign.shut(datetime.now(UTC))

    def _next(self, sitting: Sitting) -> list[Waiting] | None:
        """Everything that waits, up to a bound; None where the service closes and nothing waits.

        Nobody where nothing came, and it is time to look how things are.
        """
        with self._changed:
            last, self._in_hand = self._in_hand, 0
            if 2 * self._people < last:  # who was just answered is about to ask again
                self._changed.wait_for(lambda: 2 * self._people >= last, _MOMENT)
            while not self._waiting:
                if self._new:
                    return []
                if not self._is_open:
                    return None
                if sitting.is_held:
                    if not self._changed.wait(_AT_REST):
                        self._let_go(sitting)
                elif not self._changed.wait(LOOK_AGAIN) and self._ready.look_is_due():
                    return []
            out: list[Waiting] = []
            while self._waiting and (not out or self._in_hand + len(self._waiting[0].question.asks) <= MOST_TOGETHER):
                one = self._waiting.popleft()
                out.append(one)
                self._in_hand += len(one.question.asks)
            self._people -= self._in_hand
            return out

    def _taken_in(self) -> bool:
        """Open the campaigns that are new; whether there was any."""
        is_new = bool(self._new)
        while self._new:
            open_one, done = self._new.popleft()
            try:
                one = open_one()
            except BaseException as error:
                done.set_exception(error)
                continue
            name = one.campaign.campaign
            before = self.campaigns.get(name)
            self.campaigns = {**self.campaigns, name: one}
            if before is not None:
                before.shut(datetime.now(UTC))
            done.set_result(one)
        return is_new

    def _look(self, store: AnyLedger, sitting: Sitting) -> None:
        """How things are: after a trouble whether it is over; else whether everything can still be reached."""
        self._ready.begins()
        trouble: EvenhandError | None = None
        try:
            if self._ready.trouble is not None:
                trouble = self._paused(store, sitting)
            else:
                store.tail()
                self._told.look()
            self._look_for_keys(store)
        except Exception as error:
            sitting.undo()
            trouble = error if isinstance(error, EvenhandError) else unavailable(error)
        self._ready.ended(trouble)

    def _paused(self, store: AnyLedger, sitting: Sitting) -> PausedError | None:
        """What people said can be read and the ledger written: only a campaign that is paused is still in the way."""
        refused: list[PausedError] = []
        for finding in sitting.hold(datetime.now(UTC)):
            self._noticed(finding)
        with self._told.held():
            for name, campaign in self.campaigns.items():
                try:
                    refuse_paused(store, name, campaign.prices)
                except PausedError as error:
                    refused.append(error)
        sitting.let_go()
        return refused[0] if refused and len(refused) == len(self.campaigns) else None

    def _look_for_keys(self, store: AnyLedger) -> None:
        """Whether the keys open that did not."""
        locked = self._ready.locked
        if locked is None or store.people is None:
            return
        campaign, subjects = self.campaigns.get(locked[0]), locked[1]
        try:
            if campaign is not None:
                store.people.make(campaign.people.pseudonyms(subjects))
        except StoreError as error:
            if not self._ready.is_of_keys(error):
                raise
        else:
            self._ready.opens_again()

    def _let_go(self, sitting: Sitting) -> None:
        try:
            sitting.let_go()
        except EvenhandError as error:
            self._ready.trouble = error
            sitting.undo()

    def _decide(self, waiting: Sequence[Waiting], store: AnyLedger, sitting: Sitting) -> None:
        """Decide and record a group, and answer; where that fails for another reason than the stores, one by one."""
        self._ready.begins()
        try:
            answers = self._recorded(waiting, store, sitting)
        except BaseException as error:
            sitting.undo()
            for campaign in self.campaigns.values():
                campaign.settle(kept=self._may_be_recorded)
            trouble = error if isinstance(error, EvenhandError) else unavailable(error)
            is_paused = isinstance(error, PausedError) and len(self.campaigns) == 1
            hopeless = is_paused or Readiness.is_hopeless(error)
            if len(waiting) > 1 and not self._may_be_recorded and not hopeless:
                for one in waiting:
                    self._decide([one], store, sitting)
                return
            if self._ready.is_of_keys(trouble):
                question = waiting[0].question
                self._ready.locked_out(question.campaign, [ask.subject for ask in question.asks], trouble)
            self._ready.ended(trouble)
            answers = [(one, trouble) for one in waiting]
        else:
            self._ready.ended(None)
        for one, answer in answers:
            if isinstance(answer, Answered) and not answer.is_repeated:
                self._answers += len(answer.answers)
                self.campaigns[one.question.campaign].people.tell_unheard(one.question.asks, self._browser)
            with suppress(Exception):  # whoever asked may not be there any more; the others are
                one.done(answer)

    def _recorded(
        self, waiting: Sequence[Waiting], store: AnyLedger, sitting: Sitting
    ) -> list[tuple[Waiting, Answered | BaseException]]:
        at, self._may_be_recorded = datetime.now(UTC), False
        for finding in sitting.hold(at):
            self._noticed(finding)
        with self._told.held():
            return self._held(waiting, store, sitting, at)

    def _held(
        self, waiting: Sequence[Waiting], store: AnyLedger, sitting: Sitting, at: datetime
    ) -> list[tuple[Waiting, Answered | BaseException]]:
        """Decide and record while nobody else writes the ledger, nor says anything."""
        out: list[tuple[Waiting, Answered | BaseException]] = []
        groups: list[Group] = []
        keys: set[bytes] = set()
        again: list[Waiting] = []
        for one in waiting:
            key = one.question.key
            if key is not None and key in keys:
                again.append(one)  # the same key twice in one group: the second is told what the first was
            elif key is not None and (said := self._said_before(one.question, store)) is not None:
                out.append((one, said))
            else:
                put(groups, self.campaigns[one.question.campaign], one)
                keys |= {key} if key is not None else set()
        meanwhile: Meanwhile = []
        for group in groups:
            asks = [ask for one in group.waiting for ask in one.question.asks]
            run, answers = group.campaign.decide(asks, sitting, self._run_id(at), at, meanwhile)
            out += answer_group(group, sitting, run, answers, at)
            group.campaign.close(sitting, run, given=group.is_given)
        if groups:
            self._may_be_recorded = True  # where this fails half way, what it used stays used
            sitting.commit()
        for campaign in self.campaigns.values():
            campaign.settle(kept=True)
        for one in again:
            said = self._said_before(one.question, store)
            out.append((one, said or unavailable(None)))
        return out

    def _said_before(self, question: Question, store: AnyLedger) -> Answered | BaseException | None:
        """What was answered under the question's key; that another question was asked; or None."""
        assert question.key is not None
        before = answered(store, question.key)
        if before is None:
            return None
        if before.asked != question.asked:
            return UsageError(
                "idempotency-key-reused",
                "Another question was answered under this Idempotency-Key before; nothing was decided.",
                rule="a key stands for one question, for ever",
                remedy="send a new key with a new question",
            )
        try:
            found = [facts(store, f"{before.run_id}.{n}") for n in range(before.first, before.last + 1)]
        except DataError as error:
            return error
        answers = tuple(answers_again(found, self.campaigns[question.campaign].campaign))
        return Answered(answers, found[0].at.isoformat(), is_repeated=True)

    def _run_id(self, at: datetime) -> str:
        """Ids of one service differ from each other, however many it makes in a second."""
        self._number = (self._number + 1) % (1 << 24)
        return new_run_id(at, f"{self._number:06x}")

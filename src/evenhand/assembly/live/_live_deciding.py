"""Questions that wait, decided together: one run for each campaign, all in one sheet of the ledger."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from evenhand.adapters.asking import Answered, Question
from evenhand.ledger import Sitting, answered, facts, new_run_id
from evenhand.terms import DataError, UsageError

from ._live_campaign import LiveCampaign, answers_again
from ._live_flight import Flight
from ._live_groups import Group, Waiting, answer_group, put
from ._live_told import LiveTold

__all__ = ["Deciding"]


class Deciding:
    """Decides groups for one sitting. Used from one thread.

    Args:
        sitting: holds the ledger.
        told: what people told the home.
        campaigns: gives what is served now.
    """

    def __init__(self, sitting: Sitting, told: LiveTold, campaigns: Callable[[], Mapping[str, LiveCampaign]]) -> None:
        self._sitting, self._told, self._campaigns = sitting, told, campaigns
        self._number = secrets.randbelow(1 << 24)

    def decide(self, waiting: Sequence[Waiting], flight: Flight, at: datetime) -> None:
        """Decide a group by what people said until now, and add it to what is gathered in a flight. Where that fails,
        the flight uses nothing any more, and is void with the group."""
        if not flight.waiting:
            flight.heard = self._told.last
        flight.waiting += waiting
        groups: list[Group] = []
        for one in waiting:
            key = one.question.key
            if key is not None and key in flight.keys:
                flight.again.append(one)  # the same key twice in one flight: the second is told what the first was
            elif key is not None and (said := self.said_before(one.question)) is not None:
                flight.answers.append((one, said))
            else:
                put(groups, self._campaigns()[one.question.campaign], one)
                flight.keys |= {key} if key is not None else set()
        try:
            self._walk(groups, flight, at)
        except BaseException:
            flight.put_back()
            raise

    def _walk(self, groups: Sequence[Group], flight: Flight, at: datetime) -> None:
        """The road, once for each run."""
        for group in groups:
            asks = [ask for one in group.waiting for ask in one.question.asks]
            run_id = self._run_id(at)
            run, answers, used, came = group.campaign.decide(asks, self._sitting, run_id, at, flight.meanwhile)
            flight.used.append((group.campaign, used))
            flight.came.setdefault(group.campaign.prices, Counter()).update(came)
            flight.answers += answer_group(group, self._sitting, run, answers, at)
            group.campaign.close(self._sitting, run, given=group.is_given)

    def settle(self, flight: Flight) -> None:
        """Nothing more is added to a flight: it can be recorded."""
        if flight.used:
            flight.sheet = self._sitting.cut()

    def said_before(self, question: Question) -> Answered | BaseException | None:
        """What was answered under the question's key; that another question was asked; or None."""
        assert question.key is not None
        store = self._sitting.reads
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
        answers = tuple(answers_again(found, self._campaigns()[question.campaign].campaign))
        return Answered(answers, found[0].at.isoformat(), is_repeated=True)

    def _run_id(self, at: datetime) -> str:
        """Ids of one service differ from each other, however many it makes in a second."""
        self._number = (self._number + 1) % (1 << 24)
        return new_run_id(at, f"{self._number:06x}")

"""Deciding goes on while a commit is under way, and nothing that is exact becomes less so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, Question
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.home import Home
from evenhand.assembly import LiveService
from evenhand.assembly.live._campaign_opened import CampaignOpener
from evenhand.assembly.live._live_told import LiveTold
from evenhand.assembly.records._ledger import live_keys_of, live_ledger_of
from evenhand.assembly.runs._frames import Frames
from evenhand.terms import StoreError
from live_cases import CAMPAIGN, opened, person
from patience import WITHIN, soon


class SlowLedger(SqliteLedger):
    """A ledger on a disk that waits until it may go on, and may fail then."""

    gate: threading.Event
    commits: list[int]
    fails: list[bool]

    def commit(self, settled) -> None:
        """As of `SqliteLedger`, when the gate is open."""
        self.commits.append(self._db.execute("SELECT count(*) FROM entry WHERE kind = 0").fetchone()[0])
        assert self.gate.wait(WITHIN)
        if self.fails and self.fails.pop(0):
            raise StoreError("store-full", "The disk is full.", rule="a run is whole", remedy="free some space")
        super().commit(settled)


@contextmanager
def slow_service(folder):
    """A service whose commits wait for a gate; with who was answered what."""
    gate, commits, fails, answers = threading.Event(), [], [], {}
    with opened(folder) as serving:
        keys = live_keys_of(serving.place)

        def ledger() -> SlowLedger:
            one = SlowLedger(serving.place.ledger, key=serving.place.key_file, people=keys, patience=WITHIN)
            one.gate, one.commits, one.fails = gate, commits, fails
            return one

        live = LiveService(serving.place, serving.live.campaigns.values(), ledger, beside=1)

        def ask(number: int, key: bytes | None = None, ask_: Ask | None = None) -> None:
            told: list[Answered | BaseException] = answers.setdefault(number, [])
            live.ask(Question(CAMPAIGN, (ask_ or Ask(person(number)),), key, "aa" if key else ""), told.append)

        try:
            yield serving.place, ask, gate, commits, fails, answers
        finally:
            gate.set()
            live.close()


def _soon(holds: Callable[[], bool]) -> bool:
    return soon(holds, rest=0.005)


def test_who_comes_during_a_commit_is_decided_meanwhile_and_shares_the_next(ran_shop):
    """The first is being made durable; those who come are decided meanwhile, nobody is answered, and when the disk is
    done all of them stand in one more commit."""
    with slow_service(ran_shop) as (place, ask, gate, commits, _, answers):
        ask(3)
        assert _soon(lambda: len(commits) == 1)
        for number in range(4, 8):
            ask(number)
            time.sleep(0.05)
        assert not any(answers.values())
        gate.set()
        assert _soon(lambda: all(answers.values()))
        shared = [after - before for before, after in pairwise(commits)]
        assert sum(shared) == 4
        assert len(shared) < 4  # one, where the machine is quick enough to have decided them all by then
    assert assembly.verify_ledger(home=place.folder).ok
    first, alone, *others = [run["decisions"] for run in assembly.list_runs(home=place.folder)]
    assert (first, alone, sum(others)) == (400, 1, 4)
    assert 1 <= len(others) <= 4  # four, where the machine is quick enough to have decided each before the next came


class LateTold(LiveTold):
    """What people told, held for a commit only when a gate is open."""

    gate: threading.Event
    waits: threading.Event

    @contextmanager
    def silent(self, heard, whom):
        """As of `LiveTold`."""
        self.waits.set()
        assert self.gate.wait(WITHIN)
        with super().silent(heard, whom):
            yield


@pytest.mark.parametrize(("is_first", "beside"), [(True, 1), (False, 1), (False, 256)])
def test_a_no_that_is_said_after_deciding_and_before_the_commit_is_heard(ran_shop, is_first, beside):
    """Decided, and not recorded yet: the person withdraws, which is durable at once, be it the first word that the home
    hears or a later one. What is recorded and answered uses nothing personal."""
    home, now = ran_shop / "evenhand-home", datetime.now(UTC)
    if not is_first:
        assembly.say(person(50), "give", "PersonalisedAdvertising", home=home, at=now)
    place = Home(home)
    keys = live_keys_of(place)
    told, answers = LateTold(place, keys), []
    told.gate, told.waits = threading.Event(), threading.Event()
    campaign = CampaignOpener(place, keys, told, Frames()).open(ran_shop / "campaign.yaml", run="last", at=now)
    with LiveService(place, [campaign], lambda: live_ledger_of(place, keys), told=told, beside=beside) as live:
        live.ask(Question(CAMPAIGN, (Ask(person(4)), Ask(person(5)))), answers.append)
        assert told.waits.wait(WITHIN)
        assembly.say(person(4), "withdraw", "PersonalisedAdvertising", home=home, at=datetime.now(UTC))
        told.gate.set()
        assert _soon(lambda: bool(answers))
        assert [one.standing for one in answers[0].answers] == ["contextual", "personalised"]
    told.close()
    assert assembly.verify_ledger(home=home).ok
    assert [run["decisions"] for run in assembly.list_runs(home=home)] == [400, 2]


def test_what_was_decided_behind_a_commit_that_failed_is_decided_again(ran_shop):
    """The disk is full for one commit: its people are told; those behind it are decided again, recorded and answered,
    and the limits are used by nobody twice."""
    with slow_service(ran_shop) as (place, ask, gate, commits, fails, answers):
        fails.append(True)
        ask(3)
        assert _soon(lambda: len(commits) == 1)
        for number in (4, 5):
            ask(number, ask_=Ask(person(number), {"visits": 19, "days": 3}))
        time.sleep(0.2)
        gate.set()
        assert _soon(lambda: all(answers.values()))
        assert isinstance(answers[3][0], StoreError)
        assert [answers[number][0].answers[0].offer for number in (4, 5)] == ["tea", "tea"]
    assert assembly.verify_ledger(home=place.folder).ok
    assert sum(run["decisions"] for run in assembly.list_runs(home=place.folder)) == 402


def test_a_key_that_is_in_a_commit_under_way_is_answered_once(ran_shop):
    """The same question under the same key again while the first is on its way: one decision, told to all."""
    with slow_service(ran_shop) as (place, ask, gate, commits, _, answers):
        ask(3, key=b"k" * 32)
        assert _soon(lambda: len(commits) == 1)
        for _ in range(3):
            ask(3, key=b"k" * 32)
        time.sleep(0.1)
        gate.set()
        assert _soon(lambda: len(answers[3]) == 4)
        assert len({told.answers[0].decision_id for told in answers[3]}) == 1
    assert [run["decisions"] for run in assembly.list_runs(home=place.folder)] == [400, 1]


def test_the_budget_is_kept_whatever_is_under_way(ran_shop):
    """Fifty offers are left; four times as many are asked for at once, while commits are slow."""
    with slow_service(ran_shop) as (place, ask, gate, _, _, answers):
        gate.set()
        for number in range(200):
            ask(number, ask_=Ask(person(number), {"visits": 19, "days": 3}))
        assert _soon(lambda: all(answers.values()) and len(answers) == 200)
        given = sum(told[0].answers[0].offer is not None for told in answers.values())
    assert given == 50
    assert assembly.verify_ledger(home=place.folder).ok

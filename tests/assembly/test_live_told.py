"""A service hears what people tell the home: before its next answer, without a restart, and its runs replay."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from evenhand import assembly
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.rights_tables import RightsTables
from evenhand.assembly.live._live_told import LiveTold
from evenhand.assembly.records._ledger import keys_of
from evenhand.features import pseudonymise
from live_cases import asked, opened, person

PURPOSE = "PersonalisedAdvertising"


def _say(serving, number, word):
    assembly.say(person(number), word, PURPOSE, home=serving.place.folder, at=datetime.now(UTC))


def test_a_no_is_heard_by_the_next_answer(ran_shop):
    """Withdrawn and given again while the service runs: each counts at once, and everything replays and verifies."""
    with opened(ran_shop) as serving:
        first = asked(serving.live, person(3)).answers[0]
        _say(serving, 3, "withdraw")
        second, other = asked(serving.live, person(3), person(4)).answers
        _say(serving, 3, "give")
        third = asked(serving.live, person(3)).answers[0]
        home = serving.place.folder
    assert [one.standing for one in (first, second, other, third)] == [
        "personalised",
        "contextual",
        "personalised",
        "personalised",
    ]
    assert second.permission == "consent-withdrawn"
    assert assembly.verify_ledger(home=home).ok
    for one in (first, second, third):
        assert assembly.replay(one.decision_id.partition(".")[0], home=home).same


def test_a_service_that_starts_later_knows_what_was_said_before(ran_shop):
    """Said while no service runs: the first answer of the next one hears it."""
    assembly.say(person(3), "withdraw", PURPOSE, home=ran_shop / "evenhand-home", at=datetime.now(UTC))
    with opened(ran_shop) as serving:
        assert asked(serving.live, person(3)).answers[0].standing == "contextual"
        assert asked(serving.live, person(4)).answers[0].standing == "personalised"


def test_who_is_erased_while_it_runs_stays_out(ran_shop):
    """Erasure takes what was said out of the trail; the service goes on with what is left of it."""
    with opened(ran_shop) as serving:
        home = serving.place.folder
        _say(serving, 3, "withdraw")
        _say(serving, 4, "withdraw")
        assert asked(serving.live, person(3)).answers[0].permission == "consent-withdrawn"
        assembly.erase(person(3), home=home, at=datetime.now(UTC))
        erased, other = asked(serving.live, person(3), person(4)).answers
        assert (erased.permission, other.permission) == ("erased", "consent-withdrawn")
        assert assembly.verify_ledger(home=home).ok


def test_a_corrected_value_decides_from_the_next_answer_on(ran_shop):
    """Corrected while the service runs: the score is that of the right value, and the run replays."""
    with opened(ran_shop) as serving:
        home, now = serving.place.folder, datetime.now(UTC)
        before = asked(serving.live, person(3)).answers[0]
        request = assembly.ask(person(3), "rectification", home=home, at=now).request.number
        assembly.answer_request(
            request, person(3), home=home, by="dpo", at=now, identity="known", values={"visits": "0"}
        )
        after = asked(serving.live, person(3)).answers[0]
    told = [assembly.why(one.decision_id, home=home) for one in (before, after)]
    assert told[0].facts.score > told[1].facts.score
    assert assembly.replay(after.decision_id.partition(".")[0], home=home).same
    assert assembly.verify_ledger(home=home).ok


class Interrupted(RightsTables):
    """A trail to which somebody adds right after it was read."""

    then: list[Callable[[], object]]

    def read(self, *words, **more):
        """As of `RightsTables`, and then somebody says something."""
        found = list(super().read(*words, **more))
        while self.then:
            self.then.pop()()
        return iter(found)


def test_what_is_said_while_the_trail_is_read_is_read_the_next_time(ran_shop):
    """Nothing falls between what was read and where reading goes on."""
    home = Home(ran_shop / "evenhand-home")
    now = datetime.now(UTC)

    def withdraw(number):
        assembly.say(person(number), "withdraw", PURPOSE, home=home.folder, at=now)

    withdraw(3)
    with contextlib.closing(LiveTold(home, keys_of(home))) as told, database_of(home) as database:
        withdraw(4)
        trail = Interrupted(database, home.key(make=False))
        trail.then = [lambda: withdraw(5)]
        told._trail = trail
        told.catch_up()
        assert told.last == 2
        told.catch_up()
        assert told.last == 3
        people = pseudonymise([person(number) for number in (3, 4, 5)], home.key(make=False))
        assert sorted(told.of(people).said.subjects.tolist()) == sorted(people.tolist())

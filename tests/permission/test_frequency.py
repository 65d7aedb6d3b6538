"""Limits over time at the first gate: who is left alone for now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from builders import make_campaign, pseudonyms
from evenhand.permission import hold_back
from evenhand.policy import Campaign
from evenhand.terms import Asked, Permitted, Reason, Standing, UsageError

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Told:
    """Says what it was told to say, and how often it was asked."""

    had: NDArray[np.int64]
    questions: int = 0

    def count(self, asked: Asked, campaign: Campaign) -> NDArray[np.int64]:
        """The same for whoever asks."""
        self.questions += 1
        return self.had


def permitted(standing: list[Standing]) -> Permitted:
    """People with these standings, refused by an objection and contextual by an opt-out."""
    reason = {0: Reason.DIRECT_MARKETING_OBJECTION, 1: Reason.PERSONALISATION_OPT_OUT, 2: Reason.CONSENT_VALID}
    reasons = np.array([reason[int(one)] for one in standing], dtype=np.uint8)
    return Permitted(Asked(pseudonyms(len(standing)), NOON), np.array(standing, dtype=np.uint8), reasons)


def limited(*offers: int, each: int = 1) -> Campaign:
    """A campaign with a limit over time for each number, of so many days."""
    over_time = [{"offers": most, "within": f"P{place + 1}D"} for place, most in enumerate(offers)]
    return make_campaign(limits={"contacts": {"offers_each": each, "each": over_time}})


@given(st.lists(st.tuples(st.sampled_from(list(Standing)), st.integers(0, 4), st.integers(0, 4)), max_size=30))
def test_whoever_has_no_room_in_some_limit_is_refused_and_nobody_else_changes(people):
    """With a reason of its own; an objection stays an objection; who opted out of personalisation is counted too."""
    before = permitted([standing for standing, _, _ in people])
    had = np.array([[one for _, one, _ in people], [two for _, _, two in people]], dtype=np.int64)
    after = hold_back(before, limited(2, 3), Told(had))
    for row, (standing, one, two) in enumerate(people):
        full = standing != Standing.REFUSED and (one >= 2 or two >= 3)
        assert after.standing[row] == (Standing.REFUSED if full else standing)
        assert after.reason[row] == (Reason.ENOUGH_OFFERS if full else before.reason[row])


def test_there_must_be_room_for_all_that_a_run_may_give():
    """Up to two offers each, at most three in a period: with two had already there is room for one only."""
    after = hold_back(permitted([Standing.PERSONALISED] * 3), limited(3, each=2), Told(np.array([[0, 1, 2]])))
    assert (after.standing == Standing.REFUSED).tolist() == [False, False, True]


def test_without_such_a_limit_nobody_asks():
    """No question about anybody's past is put where nothing depends on it."""
    told = Told(np.zeros((0, 2), dtype=np.int64))
    before = permitted([Standing.PERSONALISED] * 2)
    assert hold_back(before, limited(), told) is before
    assert told.questions == 0


def test_a_limit_over_time_without_anybody_who_knows_is_an_error():
    """It is never skipped in silence."""
    with pytest.raises(UsageError, match="nothing says what people were offered before"):
        hold_back(permitted([Standing.PERSONALISED]), limited(1), None)

"""Small numbers of people are told nowhere, and do not follow from what is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evenhand.terms import SMALLEST_SHOWN, is_few, shown, shown_steps, shown_together

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6)


@given(st.integers(0, 100))
def test_a_small_number_is_told_by_nobody(people):
    """Nobody, and ten or more, are told; from one to nine nothing is."""
    assert shown(people) == (None if 1 <= people <= 9 else people)


@given(COUNTS)
def test_parts_of_a_told_total_do_not_tell_a_small_one(parts):
    """What is left of the total when every told part is taken off is nobody, or more than a few in several parts."""
    told = shown_together(parts)
    hidden = [people for people, one in zip(parts, told, strict=True) if one is None]
    assert not any(one is not None and is_few(one) for one in told)
    assert len(hidden) != 1 or sum(parts) == hidden[0]
    assert not hidden or max(hidden) >= SMALLEST_SHOWN or hidden == parts or len(hidden) == sum(1 for p in parts if p)


@given(COUNTS, st.lists(st.integers(0, 5), max_size=3))
def test_no_two_told_steps_differ_by_a_few_people(leavers, first):
    """Whoever subtracts one step of a funnel from another finds nobody, or ten people or more."""
    steps = [sum(leavers[place:]) for place in range(len(leavers))]
    told = [one for one in shown_steps(steps, [place for place in first if place < len(steps)]) if one is not None]
    assert not any(is_few(one) or is_few(abs(one - other)) for one in told for other in told)


def test_steps_that_matter_most_are_told_first():
    """How many have an offer is told, and how many might have had one is not, where the two are close."""
    assert shown_steps([400, 380, 63, 60], first=(0, 3)) == [400, 380, None, 60]
    assert shown_steps([400, 380, 63, 60]) == [400, 380, 63, None]

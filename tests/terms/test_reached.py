"""Between what the figure of a limit lies, by the ranges that are told: always true, and no more than they say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.terms import Measure, ToldGroup, figure_between
from patience import tries

SMALLEST = 30
COUNTED = [one for one in Measure if not one.is_weighted]


def _figure(measure, groups):
    """The figure of groups (people, hits, had) as a limit is held to it, in whole numbers."""
    judged = [group for group in groups if group[0] >= SMALLEST]
    if len(judged) < (1 if measure.is_floor else 2):
        return Fraction(1 if measure.is_least else 0)
    rates = [Fraction(hits, people) for people, hits, _ in judged]
    if measure.is_floor:
        return max(Fraction(0), *(Fraction(had - hits, people) for people, hits, had in judged))
    if measure.comparison == "difference":
        return max(rates) - min(rates)
    over = max(rates)
    if measure.comparison == "ratio_to_mean":
        over = Fraction(sum(hits for _, hits, _ in judged), sum(people for people, _, _ in judged))
    return min(rates) / over if over else Fraction(1)


@st.composite
def some_groups(draw):
    """Groups of people with hits, and hits without limits."""
    out = []
    for _ in range(draw(st.integers(1, 5))):
        people = draw(st.integers(10, 90))
        out.append((people, draw(st.integers(0, people)), draw(st.integers(0, people))))
    return out


def _around(number, below, above, most):
    return max(0, number - below), min(most, number + above)


def _told(group, few, shift):
    """A group as ranges that hold it; the smaller the shift, the nearer to their end."""
    people, hits, had = group
    ends = _around(people, min(few, shift), few, 10**6)
    numbers = [_around(number, shift, few, ends[1]) for number in (hits, had)]
    judged = True if ends[0] >= SMALLEST else None if ends[1] >= SMALLEST else False
    return ToldGroup(ends, *numbers, is_judged=judged)


@given(
    groups=st.lists(some_groups(), min_size=1, max_size=3),
    few=st.integers(0, 12),
    shift=st.integers(0, 12),
    bound=st.sampled_from([0.0, 0.05, 0.5, 0.8, 1.0]),
)
@settings(max_examples=tries(60, 2000), deadline=None)
@pytest.mark.parametrize("measure", COUNTED)
def test_the_true_figure_always_lies_between(measure, groups, few, shift, bound):
    """Whatever the ranges, of one comparison or of several, also where a range does not say whether a group counts."""
    worst = min if measure.is_least else max
    true = worst(_figure(measure, one) for one in groups)
    told = [[_told(group, few, shift) for group in one] for one in groups]
    is_kept = true >= Fraction(str(bound)) if measure.is_least else true <= Fraction(str(bound))
    for known in ({}, {"kept" if is_kept else "broken": bound}):
        least, most = figure_between(measure, told, **known)
        assert least - 1e-12 <= true <= most + 1e-12


@given(groups=some_groups())
@settings(max_examples=tries(60, 2000), deadline=None)
@pytest.mark.parametrize("measure", COUNTED)
def test_of_exact_numbers_it_is_the_figure_itself(measure, groups):
    """No range is wider than the rounding to three decimals."""
    told = [_told(group, 0, 0) for group in groups]
    least, most = figure_between(measure, [told])
    assert least <= _figure(measure, groups) + Fraction(1, 10**9)
    assert most - least <= 0.0010001


def test_of_modelled_responses_numbers_of_people_say_nothing():
    """There is nothing to say, rather than anything."""
    assert figure_between(Measure.EXPECTED_BENEFIT_RATIO, [[ToldGroup((50, 50), (1, 9))]]) is None


def test_a_bound_that_is_known_to_be_kept_narrows_it():
    """A ratio that is kept is at least the bound; one that is not is below it."""
    vague = [[ToldGroup((100, 100), (31, 49)), ToldGroup((100, 100), (26, 44))]]
    assert figure_between(Measure.SELECTION_RATE_RATIO, vague) == (0.53, 1.0)
    assert figure_between(Measure.SELECTION_RATE_RATIO, vague, kept=0.8) == (0.8, 1.0)
    assert figure_between(Measure.SELECTION_RATE_RATIO, vague, broken=0.8) == (0.53, 0.8)
    assert figure_between(Measure.SELECTION_RATE_DIFFERENCE, vague, kept=0.05) == (0.0, 0.05)

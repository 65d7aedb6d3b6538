"""Rates per group, with hidden numbers and small groups said to be so."""

from __future__ import annotations

import json
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from evenhand.disparity import compare, group_rates
from evenhand.terms import SUPPRESSED


def test_groups_are_compared_with_the_one_that_has_the_highest_rate(table_of):
    """Lowest ratio first, exact, with intervals."""
    comparison = compare(("sex",), group_rates(table_of(female=(40, 100), male=(60, 100), other=(48, 100))))
    assert comparison.best == ("male",)
    assert [gap.group for gap in comparison.gaps] == [("female",), ("other",), ("male",)]
    lowest = comparison.gaps[0]
    assert lowest.ratio == Fraction(2, 3)
    assert lowest.below
    assert lowest.beyond_chance
    assert lowest.ratio_lower < 2 / 3 < lowest.ratio_upper
    assert comparison.gaps[1].below is False
    assert comparison.lowest_ratio == float(Fraction(2, 3))


def test_a_small_group_is_shown_but_not_judged(table_of):
    """Twelve people have a rate and an interval, and no verdict."""
    rates = group_rates(table_of(female=(1, 12), male=(60, 100), other=(50, 100)), minimum_size=30)
    assert rates[0].note == "too-small"
    assert ("female",) not in {gap.group for gap in compare(("sex",), rates).gaps}


def test_people_whose_group_is_unknown_stay_visible(table_of):
    """They have a rate of their own; they are judged only on request."""
    table = table_of(female=(50, 100), male=(50, 100), unknown=(10, 100))
    assert [rate.note for rate in group_rates(table)] == ["", "", "unknown"]
    judged = compare(("sex",), group_rates(table, include_unknown=True))
    assert judged.gaps[0].group == ("unknown",)


def test_a_hidden_number_gives_a_range_and_never_an_exact_rate(table_of):
    """1 to 9 hits of 200: no rate is shown, the interval covers all, and it is below four fifths for certain."""
    rates = group_rates(table_of(female=(4, 200), male=(60, 100)))
    assert rates[0].hits is None
    assert rates[0].rate is None
    assert (rates[0].fewest, rates[0].most) == (1, 9)
    assert rates[0].lower < 0.005 < 0.045 < rates[0].upper
    gap = compare(("sex",), rates).gaps[-1]
    assert gap.ratio is None
    assert gap.below is True


def test_where_the_hidden_number_decides_nothing_is_said(table_of):
    """1 to 9 of 40 beside 10 of 40: may be below or not."""
    gaps = compare(("sex",), group_rates(table_of(female=(9, 40), male=(10, 40)))).gaps
    assert {gap.group: gap.below for gap in gaps}[("female",)] is None


def test_a_group_of_three_is_hidden_whole(table_of):
    """Neither its size nor its rate is known."""
    rate = group_rates(table_of(female=(1, 3), male=(60, 100)))[0]
    assert (rate.rows, rate.rate, rate.note) == (None, None, "too-small")


def test_one_group_alone_is_compared_with_nothing(table_of):
    """No best group and no gap."""
    comparison = compare(("sex",), group_rates(table_of(female=(50, 100))))
    assert comparison.best is None
    assert comparison.lowest_ratio is None


def test_nobody_with_the_outcome_gives_no_ratio_and_no_error(table_of):
    """Zero hits everywhere: ratios are unknown, nothing is below."""
    gaps = compare(("sex",), group_rates(table_of(female=(0, 100), male=(0, 100)))).gaps
    assert [(gap.ratio, gap.below) for gap in gaps] == [(None, False), (None, False)]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=6))
def test_any_table_of_counts_gives_finite_json(table_of, numbers):
    """Whatever is hidden or empty, the comparison can be written down, and no hidden number stands in it."""
    groups = {f"g{i}": (min(pair), max(pair)) for i, pair in enumerate(numbers)}
    table = table_of(**groups)
    comparison = compare(("sex",), group_rates(table, include_unknown=True))
    text = json.dumps(comparison.to_dict(), allow_nan=False)
    for rate in json.loads(text)["rates"]:
        assert rate["hits"] != SUPPRESSED
        assert 0.0 <= rate["lower"] <= rate["upper"] <= 1.0

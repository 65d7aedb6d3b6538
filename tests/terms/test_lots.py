"""Lots fall evenly, are another draw at another moment, and depend on nothing but the pseudonym."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evenhand.terms import lots_for

PEOPLE = np.array([b"%032d" % number for number in range(60_000)])
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def drawn(people=PEOPLE, *, share=0.1, offers=3, campaign="tea", seed=7, at=NOON):
    """Lots of a campaign of three offers."""
    return lots_for(people, share=share, offers=offers, campaign=campaign, seed=seed, at=at)


@pytest.mark.parametrize(("share", "offers"), [(0.02, 1), (0.1, 3), (0.5, 20)])
def test_the_share_and_every_offer_are_as_likely_as_declared(share, offers):
    """Counts lie within four and a half standard errors of what is expected, for a fixed draw."""
    lots = drawn(share=share, offers=offers)
    size = len(PEOPLE)
    assert abs(lots.is_drawn.sum() - share * size) < 4.5 * np.sqrt(size * share * (1 - share))
    counts = np.bincount(lots.offer[lots.is_drawn] + 1, minlength=offers + 1)
    expected = share * size * lots.chance
    assert lots.chance == pytest.approx(1 / (offers + 1))
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected)
    assert (lots.offer[~lots.is_drawn] == -1).all()


def test_the_order_and_the_others_do_not_matter():
    """A person's lot is the same alone as among all."""
    lots, some = drawn(), np.arange(0, 60_000, 7)[::-1]
    part = drawn(PEOPLE[some])
    np.testing.assert_array_equal(part.is_drawn, lots.is_drawn[some])
    np.testing.assert_array_equal(part.offer, lots.offer[some])


@pytest.mark.parametrize(
    "other", [{"at": NOON + timedelta(microseconds=1)}, {"campaign": "coffee"}, {"seed": 8}], ids=str
)
def test_another_moment_campaign_or_seed_is_another_draw(other):
    """Whether somebody is drawn says nothing of the next time: both together as often as by chance."""
    both = drawn().is_drawn & drawn(**other).is_drawn
    assert abs(both.mean() - 0.01) < 4.5 * np.sqrt(0.01 * 0.99 / len(PEOPLE))


def test_the_same_moment_in_another_zone_is_the_same_draw():
    """A moment is a moment, however it is written."""
    from zoneinfo import ZoneInfo

    there = drawn(at=NOON.astimezone(ZoneInfo("Europe/Amsterdam")))
    np.testing.assert_array_equal(there.offer, drawn().offer)


def test_drawing_a_larger_share_keeps_whom_a_smaller_one_draws():
    """Nobody leaves the draw because more people enter it."""
    few, many = drawn(share=0.05), drawn(share=0.2)
    assert (many.is_drawn | ~few.is_drawn).all()
    np.testing.assert_array_equal(few.offer[few.is_drawn], many.offer[few.is_drawn])

"""What changed from period to period, and what only looks as if it had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency

from evenhand.disparity import periods_of
from evenhand.disparity._drift import drift_of
from evenhand.terms import Severity, chi_square_tail
from planted_histories import null_story

TIME = ("EH-DATA-011", "EH-DATA-013", "EH-DATA-014")


def test_a_feature_that_changes_is_named_with_its_period():
    """In the last eighth of the rows most people have another value."""
    story = null_story(1, 4_000)
    late = story.order > np.quantile(story.order, 0.875)
    story.codes[5] = np.where(late & (np.random.default_rng(0).random(4_000) < 0.8), 3, story.codes[5]).astype(np.uint8)
    result = story.audit()
    (finding,) = [item for item in result.findings if item.id == "EH-DATA-011"]
    assert finding.subject_matter == "c1"
    assert finding.severity is Severity.WARNING
    assert finding.measured["period"] == result.periods[-1].period


def test_an_outcome_that_rises_and_a_group_that_comes_in_are_named():
    """The rate goes from .1 to .3; a third of the last half are of a group that was rare."""
    story = null_story(2, 4_000)
    rng = np.random.default_rng(5)
    late = story.order > 0.5
    story.outcome = (rng.random(4_000) < np.where(late, 0.3, 0.1)).astype(np.uint8)
    story.groups["origin"] = np.where(late & (rng.random(4_000) < 0.4), "z", story.groups["origin"])
    result = story.audit()
    named = {(item.id, item.subject_matter) for item in result.findings if item.id in TIME}
    assert named == {("EH-DATA-013", "outcome"), ("EH-DATA-014", "origin")}
    assert sum(one.rows for one in result.periods) == 4_000
    assert all(one.lower <= one.rate <= one.upper for one in result.periods)


def test_rates_per_group_are_told_for_every_period():
    """Each period has a comparison of each sensitive column, with intervals, like those over all rows."""
    result = null_story(3, 3_000).audit()
    assert len(result.groups_by_period) == 3 * len(result.periods)
    period, comparison = result.groups_by_period[0]
    assert period == result.periods[0].period
    assert sum(rate.rows or 0 for rate in comparison.rates) == result.periods[0].rows


def test_the_noise_that_is_taken_off_is_the_noise_that_there_is():
    """Over 1,000 unchanged histories the divergence averages to what is said to be noise, and stability to about 0."""
    rng = np.random.default_rng(4)
    drifts = [
        drift_of("feature", "x", rng.multinomial(400, np.full(12, 1 / 12), size=6), tuple("abcdef"))
        for _ in range(1_000)
    ]
    assert np.mean([one.divergence for one in drifts]) == pytest.approx(drifts[0].noise, rel=0.05)
    assert np.mean([one.chance < 0.01 for one in drifts]) < 0.025
    assert max(one.stability for one in drifts) < 0.1


@given(st.lists(st.lists(st.integers(1, 400), min_size=3, max_size=3), min_size=2, max_size=5))
def test_the_chance_agrees_with_scipy(counts):
    """The G test of SciPy, without its correction."""
    drift = drift_of("feature", "x", np.array(counts), tuple("abcde")[: len(counts)])
    statistic, _, freedom, _ = chi2_contingency(counts, correction=False, lambda_="log-likelihood")
    assert drift.chance == pytest.approx(float(chi2.sf(statistic, freedom)), abs=1e-9)
    assert drift.divergence == pytest.approx(statistic / (2 * np.sum(counts) * np.log(2)), abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 2, 3, 20, 101, 1_785])
def test_far_tails_are_exact(freedom):
    """From one half to one in a million million, for as many degrees of freedom as bins and periods can give."""
    for chance in (0.5, 1e-3, 1e-6, 1e-12):
        assert chi_square_tail(float(chi2.isf(chance, freedom)), freedom) == pytest.approx(chance, rel=1e-6)


def test_rows_of_one_moment_stay_in_one_period():
    """Ties are not torn apart, periods are named by their ends, and two equal names are numbered."""
    order = np.repeat([1.0, 2.0, 3.0], [800, 100, 100])
    periods = periods_of(order)
    assert periods is not None
    assert len({(moment, code) for moment, code in zip(order.tolist(), periods.codes.tolist(), strict=True)}) == 3
    numbered = periods_of(np.arange(1_000) / 1_000, name_of=lambda value: f"{value:.0f}" if value < 0 else "day")
    assert numbered is not None
    assert numbered.names[0] == "1: day"


@pytest.mark.parametrize("order", [np.zeros(5_000), np.arange(500.0), np.array([])])
def test_too_few_rows_or_moments_make_no_periods(order):
    """One moment, or fewer than 600 rows: nothing can be said about time."""
    assert periods_of(order) is None

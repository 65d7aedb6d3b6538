"""Groups that exist only where two or three columns meet."""

from __future__ import annotations

import numpy as np

from planted_histories import Story, null_story


def test_all_seven_views_of_three_columns_are_looked_at():
    """Each with sizes and intervals; those without two large groups are said to be too thin."""
    result = null_story(1, 3_000).audit()
    looked_at = {comparison.features for comparison in result.outcome} | set(result.too_thin)
    assert len(looked_at) == 7
    assert all(0 <= rate.lower <= rate.upper <= 1 for one in result.outcome for rate in one.rates)
    few = null_story(1, 100).audit()
    assert ("sex", "age", "origin") in few.too_thin


def test_with_many_columns_only_pairs_are_looked_at():
    """Five columns have ten pairs; their 26 larger intersections would be too many questions about too few people."""
    story = null_story(2, 2_000)
    for extra in ("d", "e"):
        story.groups[extra] = story.groups["sex"].copy()
    result = story.audit()
    assert max(len(one) for one in {c.features for c in result.outcome} | set(result.too_thin)) == 2
    assert len(result.outcome) + len(result.too_thin) == 5 + 10


def test_a_group_that_only_the_intersection_shows_is_named():
    """Both columns even, one corner of the crossing at a third: named once, with what single columns show."""
    rng = np.random.default_rng(3)
    sex, age = rng.choice(np.array(["f", "m"]), 8_000), rng.choice(np.array(["old", "young"]), 8_000)
    crossed = (sex == "f") == (age == "old")
    outcome = (rng.random(8_000) < np.where(crossed, 0.1, 0.3)).astype(np.uint8)
    result = Story({"sex": sex, "age": age}, [], [], outcome).audit()
    assert not [item for item in result.findings if item.id == "EH-DATA-001"]
    (finding,) = [item for item in result.findings if item.id == "EH-DATA-012"]
    assert finding.subject_matter == "sex & age"
    assert finding.measured["ratio"] < 0.5
    assert finding.measured["shown"] > 0.8


def test_two_gaps_that_merely_meet_are_not_named_twice():
    """Women at .75 and the old at .75 everywhere: the columns say so, and the crossing (.56) is within their reach."""
    rng = np.random.default_rng(4)
    sex, age = rng.choice(np.array(["f", "m"]), 8_000), rng.choice(np.array(["old", "young"]), 8_000)
    rate = 0.4 * np.where(sex == "f", 0.78, 1.0) * np.where(age == "old", 0.85, 1.0)
    result = Story({"sex": sex, "age": age}, [], [], (rng.random(8_000) < rate).astype(np.uint8)).audit()
    assert not [item for item in result.findings if item.id == "EH-DATA-012"]

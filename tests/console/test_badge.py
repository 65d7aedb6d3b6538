"""The fairness badge of a campaign says of the limit what is told of it, and nothing of something else in its place."""

from __future__ import annotations

from evenhand.assembly.runs._campaign_figures import badge_of


def _worst(ratio, lower, *, below=False):
    return {"group": ["b"], "ratio": ratio, "lower": lower, "upper": 1.0, "below": below}


def _reach(limit, worst, *, is_whole=True):
    return {"limit": limit, "features": [limit or "region"], "compared_with": 0.8, "worst": worst, "is_whole": is_whole}


def _badge(*reach):
    return badge_of({"reach": reach})


def test_a_limit_of_which_nothing_can_be_told_is_not_covered_by_another_comparison():
    """However even that one is; no numbers, since they would be of something else."""
    badge = _badge(_reach("sex", None, is_whole=False), _reach("", _worst(0.94, 0.85)))
    assert (badge["state"], badge["limit"], badge["ratio"]) == ("not-told", "sex", None)
    badge = _badge(_reach("age", _worst(0.9, 0.85)), _reach("sex", None, is_whole=False))
    assert (badge["state"], badge["features"]) == ("not-told", ["sex"])


def test_a_limit_of_which_one_group_is_not_told_is_not_held_on_the_word_of_the_others():
    """The one that is not told may be the one with least."""
    assert _badge(_reach("sex", _worst(0.9, 0.85), is_whole=False))["state"] == "not-told"


def test_a_difference_that_is_told_counts_whatever_else_is_not():
    """Not held is not held."""
    badge = _badge(_reach("age", _worst(0.6, 0.5, below=True)), _reach("sex", None, is_whole=False))
    assert (badge["state"], badge["ratio"]) == ("not-held", 0.6)


def test_what_is_told_as_a_whole_is_told_by_its_furthest_group():
    """Of limits; of other comparisons only where there is no limit. None where nobody is compared."""
    badge = _badge(_reach("age", _worst(0.9, 0.85)), _reach("sex", _worst(0.85, 0.7)), _reach("", _worst(0.5, 0.4)))
    assert (badge["state"], badge["limit"]) == ("no-evidence", "sex")
    assert _badge(_reach("", _worst(0.9, 0.85)))["state"] == "held"
    assert _badge(_reach("sex", None)) is None
    assert _badge() is None

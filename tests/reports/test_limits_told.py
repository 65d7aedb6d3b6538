"""The figure of a limit is told where no number of a group follows from it; else what the ranges of groups say."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from evenhand.disparity import compare, told_rates
from evenhand.reports import GroupChapter, render
from evenhand.terms import LimitOutcome, Measure, ToldTable
from page_reader import read

RATIO, BENEFIT, FLOOR = (
    Measure.SELECTION_RATE_RATIO,
    Measure.EXPECTED_BENEFIT_RATIO,
    Measure.SELECTION_RATE_FLOOR,
)
EXACT = {"man": (640, 640, 190, 190), "woman": (600, 600, 164, 164)}
VAGUE = {"man": (631, 649, 181, 199), "woman": (591, 609, 155, 173)}


def _side(groups):
    """The groups side by side; of each (least people, most people, least hits, most hits)."""
    ends = [np.array([[one[end]] for one in groups.values()], dtype=np.int64) for end in range(4)]
    table = ToldTable(("sex",), tuple((name,) for name in groups), *ends)
    return compare(("sex",), told_rates(table), Fraction(9, 10))


def _chapter(after, before=None, measure=RATIO):
    return GroupChapter("fair-sex", measure.value, 0.9, "blind", _side(before or after), _side(after))


def _declared(measure=RATIO, bound=0.9):
    return {"id": "fair-sex", "groups": ["sex"], "measure": measure.value, "bound": bound}


def _outcome(used=0.9207, measure=RATIO, bound=0.9):
    return LimitOutcome("fair-sex", "disparity", bound, used, held=True, binding=True, money=0, people=0,
                        measure=measure, features=("sex",))  # fmt: skip


def _words(report, lang):
    return " ".join("".join(read(render(report, lang=lang)).words).split())


def test_a_figure_of_exact_numbers_is_told(reported):
    """Nothing is hidden, so the figure says nothing new."""
    (told,) = reported(_declared(), _outcome(), [_chapter(EXACT)])["limits"]
    assert told["used"] == 0.9207
    assert not {"used_between", "used_then"} & set(told)


def test_of_ranges_it_is_told_between_what_it_lies(reported):
    """By the ranges that the same report tells of groups, on the kept side of the bound; the page says it in words."""
    report = reported(_declared(), _outcome(), [_chapter(VAGUE)])
    (told,) = report["limits"]
    assert told["used"] is None
    assert told["used_between"] == [0.9, 1.0]
    report["limits"][0]["used_between"] = [0.9, 0.987]
    assert "between 0.9 and 0.987" in _words(report, "en").replace("0.900", "0.9")
    assert "tussen 0,9 en 0,987" in _words(report, "nl").replace("0,900", "0,9")


@pytest.mark.parametrize("people", [(26, 44), (30, 48), (12, 30)])
def test_a_group_that_may_be_large_enough_hides_the_figure_too(reported, people):
    """The range does not say whether the limit holds for it; the exact figure would, and its rate with it."""
    groups = {"man": (200, 200, 60, 60), "woman": (200, 200, 59, 59), "other": (*people, 3, 20)}
    (told,) = reported(_declared(), _outcome(), [_chapter(groups)])["limits"]
    assert told["used"] is None
    assert told["used_between"] == [0.9, 0.984]
    far = {**groups, "other": (11, 29, 3, 20)}
    assert reported(_declared(), _outcome(), [_chapter(far)])["limits"][0]["used"] == 0.9207


def test_a_floor_hides_its_figure_where_what_groups_had_before_is_hidden(reported):
    """The fall is what they had less what they have: who knows two of these knows the third."""
    before = {"man": (640, 640, 190, 190), "woman": (600, 600, 160, 199)}
    outcome = _outcome(0.01, FLOOR, 0.05)
    (told,) = reported(_declared(FLOOR, 0.05), outcome, [_chapter(EXACT, before, FLOOR)])["limits"]
    assert told["used"] is None
    assert told["used_between"] == [0.0, 0.05]


def test_of_modelled_responses_it_is_told_what_it_was_then(reported):
    """Numbers of people say nothing of them, so the figure of the report that groups are told beside stands there, with
    its run and day; of another bound it would be another limit's."""
    declared, outcome = _declared(BENEFIT), _outcome(0.9207, BENEFIT)
    earlier = reported(declared, outcome, [_chapter(EXACT, measure=BENEFIT)])
    assert earlier["limits"][0]["used"] == 0.9207
    now = reported(declared, replace(outcome, used=0.913), [_chapter(VAGUE, measure=BENEFIT)], earlier)
    then = {"used": 0.9207, "run": earlier["run"]["run_id"], "at": earlier["run"]["at"]}
    assert (now["limits"][0]["used"], now["limits"][0]["used_then"]) == (None, then)
    assert f"0.921 in run {then['run']} of" in _words(now, "en")
    assert f"0,921 in run {then['run']} van" in _words(now, "nl")
    alone = reported(declared, outcome, [_chapter(VAGUE, measure=BENEFIT)])["limits"][0]
    other = reported(_declared(BENEFIT, 0.8), outcome, [_chapter(VAGUE, measure=BENEFIT)], earlier)["limits"][0]
    assert [one["used"] for one in (alone, other)] == [None, None]
    assert not any("used_then" in one or "used_between" in one for one in (alone, other))

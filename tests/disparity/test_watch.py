"""Many comparisons over one stream: judged together, shown without telling of anybody, and never counted twice."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.disparity import (
    LOOK,
    Compared,
    Mark,
    MonitorRule,
    MonitorState,
    Stretch,
    Watch,
    catch_up,
    compared_groups,
    e_bh,
    gap_interval,
)
from evenhand.terms import DataError, UsageError

NAMES = (("a",), ("b",), ("c",), ("unknown",))
OFFERS = ("tea", "jam")
RULE = MonitorRule(tolerance=0.02)
SEX = ("sex",)


def events(count: int, *, seed: int = 0, gap: float = 0.0, only: bool = False) -> Stretch:
    """So many events of four groups and two offers; group b gets more by `gap`."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(-1, 4, count)
    offers = rng.integers(0, 2, count)
    yes = rng.random(count) < np.where(cells == 1, 0.2 + gap, 0.2)
    return Stretch({SEX: (cells, NAMES)}, yes.astype(np.int64) * 1_000_000, offers, OFFERS, only)


def part(stretch: Stretch, begin: int, end: int) -> Stretch:
    """Some of the events."""
    cells, names = stretch.cells[SEX]
    return Stretch(
        {SEX: (cells[begin:end], names)},
        stretch.amounts[begin:end],
        stretch.offers[begin:end],
        stretch.names,
        stretch.only_of_the_offer,
    )


def watch() -> Watch:
    """Three groups, over all offers and for one."""
    return Watch(RULE, [Compared(SEX, group, offer) for group in NAMES[:3] for offer in ("", "tea")])


def test_e_values_count_together_as_the_rule_says():
    """By hand: of four at 5 %, one needs 80, two need 40 each, three 26.7 each."""
    assert e_bh([80, 1, 1, 1], 0.05) == (True, False, False, False)
    assert e_bh([79, 39, 1, 1], 0.05) == (False, False, False, False)
    assert e_bh([79, 41, 1, 1], 0.05) == (True, True, False, False)
    assert e_bh([27, 27, 27, 1], 0.05) == (True, True, True, False)
    assert e_bh([], 0.05) == ()


@given(st.lists(st.floats(0, 1e6), max_size=30), st.floats(0.001, 0.5))
def test_any_that_counts_needs_an_average_of_one_over_alpha(evidence, alpha):
    """So a set without differences gives a false alarm at any time with a chance of at most alpha."""
    if any(e_bh(evidence, alpha)):
        assert sum(evidence) / len(evidence) >= (1 - 1e-9) / alpha


def test_the_group_with_more_is_found_and_the_others_are_not():
    """Group b is skewed over all offers and for the offer; a and c are below everybody else by less than b is above."""
    one = watch()
    one.take(0, events(30_000, gap=0.15))
    states = {key: one.monitor(key).state for key in one.compared}
    assert states[Compared(SEX, ("b",))] is MonitorState.SKEWED
    assert one.monitor(Compared(SEX, ("b",))).direction == 1
    assert one.monitor(Compared(SEX, ("a",))).direction in (0, -1)


def test_an_offer_is_compared_over_all_events_or_over_its_own():
    """Over its own events only half as many are counted."""
    key = Compared(SEX, ("b",), "tea")
    counted = []
    for only in (False, True):
        one = Watch(RULE, [key])
        one.take(0, events(4_000, only=only))
        counted.append(one.monitor(key).events)
    assert 0.4 < counted[1] / counted[0] < 0.6


def test_who_could_not_have_an_offer_is_on_no_side_of_it():
    """Of an offer everybody counts who could have it; of all together everybody who could have any."""
    stretch = events(3_000)
    rng = np.random.default_rng(1)
    excluded = np.stack([rng.random(3_000) < share for share in (0.5, 0.0, 0.1)], axis=1)
    keys = [Compared(SEX, ("a",), offer) for offer in ("tea", "jam", "")]
    one = Watch(RULE, keys)
    one.take(0, Stretch(stretch.cells, stretch.amounts, stretch.offers, OFFERS, False, excluded))
    cells, _ = stretch.cells[SEX]
    known = (cells >= 0) & (cells < 3)
    counted = [int((known & ~excluded[:, column]).sum()) for column in range(3)]
    assert [one.monitor(key).events for key in keys] == counted


def test_unknown_people_are_on_no_side_unless_a_reference_is_named():
    """Beside everybody else the unknown are left out; beside a reference only the reference counts."""
    stretch = events(2_000)
    cells = stretch.cells[SEX][0]
    rest, reference = Compared(SEX, ("b",)), Compared(SEX, ("b",), "", ("c",))
    one = Watch(RULE, [rest, reference])
    one.take(0, stretch)
    assert one.monitor(rest).events == int(np.isin(cells, (0, 1, 2)).sum())
    assert one.monitor(reference).events == int(np.isin(cells, (1, 2)).sum())


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 1_500), max_size=8))
def test_batches_may_overlap_and_be_brought_twice(cuts):
    """However the stream is cut, with what came before brought again each time, the state is the same to the bit."""
    stretch = events(1_500, gap=0.3)
    whole = watch()
    assert whole.take(0, stretch) == 1_500
    one = watch()
    for end in [*sorted(cuts), 1_500]:
        begin = max(0, one.taken - 40)
        one.take(begin, part(stretch, begin, end))
        one = Watch.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False)))
    assert one.take(0, stretch) == 0
    assert one.to_dict() == whole.to_dict()


def test_events_that_are_missing_are_not_passed_over():
    """A stream is counted in order, each event once."""
    one = watch()
    one.take(0, events(100))
    with pytest.raises(UsageError, match="taken up to event 100, and these start with event 101"):
        one.take(101, events(10))


def test_no_two_showings_differ_by_a_few_people():
    """Between any two showings every cell gained nobody or at least ten."""
    one, stretch = watch(), events(6_000)
    before = {key: ([0, 0], [0, 0]) for key in one.compared}
    showings = 0
    for begin in range(0, 6_000, LOOK):
        one.take(begin, part(stretch, begin, begin + LOOK))
        for key in one.compared:
            shown = one.shown(key)
            if shown is None or (shown.people, shown.yes) == before[key]:
                continue
            showings += 1
            people, yes = before[key]
            new = [(now - was, y - w) for now, was, y, w in zip(shown.people, people, shown.yes, yes, strict=True)]
            assert all(cell == 0 or cell >= 10 for total, hits in new for cell in (hits, total - hits))
            before[key] = (shown.people, shown.yes)
    assert showings > 20


def test_nothing_is_shown_of_a_handful_of_people():
    """Before ten people are on either side, with ten yes and ten no, there are no figures."""
    one = watch()
    one.take(0, events(LOOK - 1))
    assert all(one.shown(key) is None for key in one.compared)


def test_which_groups_are_compared():
    """Large and known ones; of two only one, since the other says the same; beside a reference all others."""
    cells = np.repeat([0, 1, 2, 3, -1], [50, 60, 12, 90, 70])
    assert compared_groups(cells, NAMES) == (("a",),)
    assert compared_groups(cells, NAMES, minimum_size=10) == NAMES[:3]
    assert compared_groups(cells, NAMES, include_unknown=True) == (("a",), ("b",), ("unknown",))
    assert compared_groups(cells, NAMES, reference=("b",)) == (("a",),)
    assert compared_groups(cells, NAMES, reference=("c",)) == ()
    assert compared_groups(np.zeros(50, dtype=np.int64), NAMES[:1]) == ()


def run(marks: tuple[Mark, ...], stretch: Stretch) -> tuple[Watch, tuple[Mark, ...], int, int]:
    """Read a stream again."""
    shown = np.stack((stretch.amounts, stretch.offers), axis=1).astype(np.int64)
    caught = catch_up(
        marks,
        np.ascontiguousarray(shown).view(np.uint8).reshape(len(shown), -1),
        watch,
        lambda one, begin, end: one.take(begin, part(stretch, begin, end)) and None,
    )
    return caught.watch, caught.marks, caught.new, caught.corrected_from


@settings(max_examples=15, deadline=None)
@given(
    ends=st.lists(st.integers(1, 3_000), min_size=1, max_size=5),
    corrected=st.lists(st.integers(0, 2_999), max_size=3),
)
def test_a_stream_that_is_read_again_gives_the_state_of_one_reading(ends, corrected):
    """It may grow, shrink, and be corrected anywhere: the state is that of the stream as it now is, to the bit."""
    stretch, marks = events(3_000), ()
    for place, end in enumerate(ends):
        amounts = stretch.amounts.copy()
        for one in corrected[:place]:
            amounts[one] = 1_000_000 - amounts[one]
        now = part(Stretch(stretch.cells, amounts, stretch.offers, stretch.names), 0, end)
        found, marks, _, _ = run(marks, now)
        fresh = watch()
        fresh.take(0, now)
        assert found.to_dict() == fresh.to_dict()
        assert len(marks) <= 8


def test_a_correction_is_told_and_replayed_from_before_it():
    """A yes that is withdrawn late in a long stream has only its last part counted again."""
    stretch = events(6_400)
    _, marks, new, corrected = run((), stretch)
    assert (new, corrected) == (6_400, -1)
    _, marks, new, corrected = run(marks, stretch)
    assert (new, corrected) == (0, -1)
    amounts = stretch.amounts.copy()
    amounts[6_000] = 1_000_000 - amounts[6_000]
    _, _, new, corrected = run(marks, Stretch(stretch.cells, amounts, stretch.offers, stretch.names))
    assert new == 0
    assert 5_600 <= corrected <= 6_000


def test_the_course_is_made_of_showings_and_holds_its_last():
    """However long the stream, few points are kept; each was shown, and events grow from one to the next."""
    one, key = watch(), Compared(SEX, ("b",))
    one.take(0, events(40_000, gap=0.1))
    course = one.course(key)
    assert 16 <= len(course) <= 32
    assert [point.events for point in course] == sorted({point.events for point in course})
    assert course[-1].events == one.shown(key).events
    bounds = gap_interval(one.shown(key).whole, RULE)
    assert (course[-1].lower, course[-1].upper) == pytest.approx(bounds, abs=1e-12)
    assert all(point.lower <= point.gap <= point.upper for point in course)
    assert 0.05 < course[-1].lower < 0.1 < course[-1].upper


def test_where_an_alarm_was_raised_is_told_as_a_look():
    """To 250 events, so that it tells of no single person; the same however the stream was split."""
    stretch, key = events(5_000, gap=0.2), Compared(SEX, ("b",))
    places = set()
    for size in (7, 250, 5_000):
        one = watch()
        for begin in range(0, 5_000, size):
            one.take(begin, part(stretch, begin, min(5_000, begin + size)))
        places.add(one.raised(key))
        assert one.looked == 5_000
    (place,) = places
    assert 0 < place < 5_000
    assert place % LOOK == 0


def test_a_state_of_the_first_format_is_taken_over():
    """It has no course yet; the rest, alarms included, is as it was."""
    one = watch()
    one.take(0, events(5_100, gap=0.2))
    saved = json.loads(json.dumps(one.to_dict()))
    for compared in saved["compared"]:
        del compared["points"], compared["raised"]
    back = Watch.from_dict(saved | {"format": 1})
    key = Compared(SEX, ("b",))
    assert back.monitor(key).to_dict() == one.monitor(key).to_dict()
    assert (back.course(key), back.raised(key)) == ((), 5_250)


@pytest.mark.parametrize("saved", [{}, {"format": 1}, {"format": 1, "rule": {}}, {"format": 9}])
def test_a_watch_that_is_none_is_refused(saved):
    """It says what to do."""
    with pytest.raises(DataError, match="saved state of the monitors cannot be read"):
        Watch.from_dict(saved)


def test_a_mark_that_is_none_is_refused():
    """It says what to do."""
    with pytest.raises(DataError, match="saved place in a stream cannot be read"):
        Mark.from_dict({"taken": 1})

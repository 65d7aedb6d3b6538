"""One comparison, watched all the time: no more false alarms than promised, and the same state however it is fed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evenhand.disparity import Monitor, MonitorRule, MonitorState, gap_estimate, gap_interval, until_shown
from evenhand.terms import DataError, UsageError

Whole = NDArray[np.int64]
NO_TOLERANCE = MonitorRule(tolerance=0.0)


def stream(
    rng: np.random.Generator, events: int, others: float, group: float, share: float = 0.5
) -> tuple[Whole, Whole]:
    """Sides and answers of so many people, with this rate of a yes on each side."""
    sides = (rng.random(events) < share).astype(np.int64)
    return sides, (rng.random(events) < np.where(sides == 1, group, others)).astype(np.int64)


def naive_alarm(sides: Whole, answers: Whole) -> bool:
    """Whether a two-sided z-test at 5 %, repeated after every event from the thirtieth on, ever says different."""
    count = np.arange(1, len(sides) + 1)
    group = np.cumsum(sides)
    others = count - group
    hits, group_hits = np.cumsum(answers), np.cumsum(answers * sides)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = hits / count
        error = np.sqrt(rate * (1 - rate) * (1 / group + 1 / others))
        z = (group_hits / group - (hits - group_hits) / others) / error
    return bool((np.abs(z[30:]) > 1.96).any())


@pytest.mark.parametrize(("rate", "share"), [(0.1, 0.5), (0.1, 0.2), (0.02, 0.5)])
def test_false_alarms_are_rarer_than_alpha_at_every_event_together(rate, share):
    """Of 300 even streams, each looked at after each of 2,000 events, at most alpha + 2 standard errors ever alarm;
    a z-test that is repeated as often gives a false alarm in more than a fifth of them."""
    rng = np.random.default_rng(20)
    false, naive = 0, 0
    for _ in range(300):
        sides, answers = stream(rng, 2_000, rate, rate, share)
        watch = Monitor(NO_TOLERANCE)
        watch.update(sides, answers)
        false += watch.alarm_at > 0
        naive += naive_alarm(sides, answers)
    assert false <= 300 * 0.05 + 2 * math.sqrt(300 * 0.05 * 0.95)
    assert naive > 60


def test_a_difference_as_large_as_the_tolerance_is_no_alarm():
    """At the border of the tolerance false alarms stay below alpha + 2 standard errors, too."""
    rng = np.random.default_rng(21)
    false = 0
    for _ in range(200):
        watch = Monitor(MonitorRule(tolerance=0.05))
        watch.update(*stream(rng, 2_000, 0.1, 0.15))
        false += watch.alarm_at > 0
    assert false <= 200 * 0.05 + 2 * math.sqrt(200 * 0.05 * 0.95)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_difference_beyond_the_tolerance_is_found(direction):
    """Ten points are found within 4,000 events in at least 18 of 20 streams, and in the right direction."""
    rng = np.random.default_rng(22)
    found = 0
    for _ in range(20):
        watch = Monitor(MonitorRule(tolerance=0.02))
        watch.update(*stream(rng, 4_000, 0.2 - 0.05 * direction, 0.2 + 0.05 * direction))
        found += watch.state is MonitorState.SKEWED and watch.direction == direction
    assert found >= 18


def test_a_weight_undoes_a_biased_choice_of_what_is_seen():
    """Answers of one side are seen half as often when they are a no: weighted by 1/chance there is no false alarm,
    unweighted there is one in nearly every stream."""
    rng = np.random.default_rng(23)
    weighted, plain = 0, 0
    for _ in range(60):
        sides, answers = stream(rng, 6_000, 0.2, 0.2)
        chance = np.where((sides == 1) & (answers == 0), 0.5, 1.0)
        seen = rng.random(len(sides)) < chance
        amounts = np.where(seen, answers * 1_000_000 / chance, 0).astype(np.int64)
        one = Monitor(MonitorRule(tolerance=0.02, largest=2.0))
        one.update(sides, amounts, unit=1_000_000)
        weighted += one.alarm_at > 0
        other = Monitor(MonitorRule(tolerance=0.02))
        other.update(sides[seen], answers[seen])
        plain += other.alarm_at > 0
    assert weighted <= 60 * 0.05 + 2 * math.sqrt(60 * 0.05 * 0.95)
    assert plain >= 50


def test_a_change_after_a_long_fair_time_is_found_and_so_is_its_end():
    """Fair for 20,000 events, then ten points for 8,000, then fair: skewed, then within tolerance again."""
    rng = np.random.default_rng(24)
    watch = Monitor(MonitorRule(tolerance=0.04))
    watch.update(*stream(rng, 20_000, 0.2, 0.2))
    assert watch.state is MonitorState.NO_EVIDENCE
    watch.update(*stream(rng, 8_000, 0.2, 0.3))
    assert watch.state is MonitorState.SKEWED
    assert 20_000 < watch.alarm_at < 26_000
    watch.update(*stream(rng, 30_000, 0.2, 0.2))
    assert watch.state is MonitorState.WITHIN_AGAIN
    assert watch.lifted_at > 28_000
    watch.update(*stream(rng, 12_000, 0.35, 0.2))
    assert (watch.state, watch.direction, watch.alarm_kind) == (MonitorState.SKEWED, -1, "change")


events = st.lists(st.tuples(st.integers(-1, 1), st.booleans()), min_size=1, max_size=700)


@settings(max_examples=60, deadline=None)
@given(events=events, cuts=st.lists(st.integers(0, 700), max_size=6), skewed=st.booleans())
def test_any_split_of_a_stream_gives_the_same_state(events, cuts, skewed):
    """Event by event, in one batch, or cut anywhere and saved and restored in between: equal to the last bit."""
    sides = np.array([side for side, _ in events], dtype=np.int64)
    answers = np.array([yes or (skewed and side == 1) for side, yes in events], dtype=np.int64)
    rule = MonitorRule(tolerance=0.01, changes_every=100)
    whole, single, split = Monitor(rule), Monitor(rule), Monitor(rule)
    whole.update(sides, answers)
    for side, answer in zip(sides.tolist(), answers.tolist(), strict=True):
        if side >= 0:
            single.observe(side, answer * 1_000_000)
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(events)], strict=True):
        split.update(sides[begin:end], answers[begin:end])
        split = Monitor.from_dict(json.loads(json.dumps(split.to_dict(), allow_nan=False)), rule)
    assert whole.to_dict() == single.to_dict() == split.to_dict()


def test_an_alarm_is_there_after_the_very_event_that_raises_it():
    """Fed one by one, the state says skewed at the event that the batch names, and not one before."""
    sides, answers = stream(np.random.default_rng(25), 4_000, 0.1, 0.2)
    batch, single = Monitor(NO_TOLERANCE), Monitor(NO_TOLERANCE)
    batch.update(sides, answers)
    seen = 0
    for place, (side, answer) in enumerate(zip(sides.tolist(), answers.tolist(), strict=True), 1):
        single.observe(side, answer * 1_000_000)
        if not seen and single.state is MonitorState.SKEWED:
            seen = place
    assert seen == batch.alarm_at > 0


def test_the_evidence_never_runs_out_of_range():
    """After 300,000 events, all for one side or all alike, every number is finite and can be saved."""
    for answers in (np.tile([0, 1], 150_000), np.zeros(300_000, dtype=np.int64)):
        watch = Monitor(MonitorRule())
        watch.update(np.tile([0, 1], 150_000), answers)
        json.dumps(watch.to_dict(), allow_nan=False)
        assert watch.evidence < math.inf


def test_the_interval_holds_the_true_difference_at_every_look():
    """Looked at ten times a stream, the interval misses the true difference in at most alpha + 2 standard errors."""
    rng = np.random.default_rng(26)
    missed = 0
    for _ in range(100):
        sides, answers = stream(rng, 4_000, 0.1, 0.16, 0.3)
        watch, out = Monitor(NO_TOLERANCE), False
        for begin in range(0, 4_000, 400):
            watch.update(sides[begin : begin + 400], answers[begin : begin + 400])
            lower, upper = gap_interval(watch.whole, watch.rule)
            out |= not lower <= 0.06 <= upper
        missed += out
    assert missed <= 100 * 0.05 + 2 * math.sqrt(100 * 0.05 * 0.95)


def test_the_interval_becomes_narrow():
    """400,000 events tell a difference to within two points, with the estimate inside."""
    watch = Monitor(NO_TOLERANCE)
    watch.update(*stream(np.random.default_rng(27), 400_000, 0.1, 0.13))
    lower, upper = gap_interval(watch.whole, watch.rule)
    assert lower <= (gap_estimate(watch.whole) or 0) <= upper
    assert upper - lower < 0.02
    assert 0 < lower <= 0.03 <= upper


def test_the_forecast_says_about_how_many_events_a_difference_needs():
    """Half of the streams with five points more alarm within a third of the forecast, to either side."""
    rng = np.random.default_rng(28)
    told, needed = [], []
    for _ in range(40):
        watch = Monitor(NO_TOLERANCE)
        watch.update(*stream(rng, 200, 0.1, 0.1))
        told.append(until_shown(watch, 0.05) or 0)
        watch.update(*stream(rng, 12_000, 0.1, 0.15))
        needed.append(watch.alarm_at - 200)
    assert 0.67 < float(np.median(needed)) / float(np.median(told)) < 1.5


def test_no_forecast_is_made_up():
    """Before the first block, and for a difference that is tolerated, there is none."""
    watch = Monitor(MonitorRule(tolerance=0.05))
    assert until_shown(watch, 0.1) is None
    watch.update(np.array([0, 1] * 50), np.array([0, 1, 0, 0] * 25))
    assert until_shown(watch, 0.05) is None
    assert until_shown(watch, 0.1) is not None


@pytest.mark.parametrize(
    "values",
    [{"tolerance": 1.0}, {"tolerance": -0.1}, {"alpha": 0.0}, {"alpha": 1.0}, {"largest": 0.5}, {"changes_every": 9}],
)
def test_a_rule_out_of_range_is_refused(values):
    """The message names the values."""
    with pytest.raises(UsageError, match="The monitor cannot work with"):
        MonitorRule(**values)


@pytest.mark.parametrize(
    ("sides", "amounts"),
    [([0, 1], [1]), ([0, 2], [1, 1]), ([0, 1], [1, 2]), ([0, 1], [-1, 1]), ([0.0, 1.0], [1, 1])],
)
def test_events_that_do_not_fit_are_refused(sides, amounts):
    """Nothing of them is taken."""
    watch = Monitor(MonitorRule())
    with pytest.raises(UsageError, match="The events do not fit"):
        watch.update(np.array(sides), np.array(amounts))
    assert watch.events == 0


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"whole": [1.0]}, {"evidence": float("nan")}, {"people": [1]}, {"state": "fine"}, {"detector": {}}],
)
def test_a_state_that_is_none_is_refused(change):
    """A changed state is refused as a whole."""
    watch = Monitor(MonitorRule())
    watch.update(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]))
    with pytest.raises(DataError, match="saved state of a monitor cannot be read"):
        Monitor.from_dict({**watch.to_dict(), **change}, watch.rule)

"""What another policy would have brought: by hand, on worlds whose truth is known, and on real recommendations."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.campaigns import Logged, policy_value
from evenhand.terms import DataError

DATA = Path(__file__).parents[3] / "shared" / "data" / "open_bandit"
SMALL = Logged(np.array([0, 1, 0, 1]), np.array([1, 0, 0, 1]), np.array([0.5, 0.5, 0.25, 0.75]))


def world(rows: int, rng: np.random.Generator, heavy: float) -> tuple[Logged, np.ndarray, np.ndarray, float]:
    """Five actions, drawn with chances that are the more uneven the larger `heavy` is: log, policy, rewards, least."""
    x = rng.random(rows)[:, None]
    expected = 0.02 + 0.08 * np.abs(np.sin(3 * x + np.arange(5)))
    chance = np.exp(heavy * np.cos(5 * x + 2 * np.arange(5)))
    chance /= chance.sum(axis=1, keepdims=True)
    action = (chance.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(0, 4)
    own = np.arange(rows), action
    reward = (rng.random(rows) < expected[own]).astype(np.int64)
    return Logged(action, reward, chance[own]), expected.argmax(axis=1), expected, float(chance.min())


def covered(rows: int, heavy: float, draws: int) -> dict[str, float]:
    """How often each interval holds the truth, which is known."""
    truth = float(world(300_000, np.random.default_rng(99), heavy)[2].max(axis=1).mean())
    rng = np.random.default_rng(1)
    hits = dict.fromkeys(("ips", "snips", "doubly_robust", "guaranteed"), 0.0)
    for _ in range(draws):
        logged, policy, expected, least = world(rows, rng, heavy)
        found = policy_value(logged, policy, predicted=0.8 * expected, reward_range=(0, 1), least_chance=least)
        estimates = {name: getattr(found, name) for name in hits if getattr(found, name) is not None}
        ends = {name: one if name == "guaranteed" else (one.lower, one.upper) for name, one in estimates.items()}
        for name, (lower, upper) in ends.items():
            hits[name] += (lower <= truth <= upper) / draws
    return hits


def test_four_rows_by_hand():
    """Weights 2, 0, 4, 0: IPS 2/4, SNIPS 2/6; as much as 36/20 rows; the log itself brought 1/2."""
    found = policy_value(SMALL, np.zeros(4, np.int64))
    assert found.ips.value == pytest.approx(0.5)
    assert found.snips.value == pytest.approx(1 / 3)
    assert found.weight.value == pytest.approx(1.5)
    assert found.effective_rows == pytest.approx(36 / 20)
    assert found.logged.value == pytest.approx(0.5)
    assert found.gain.value == pytest.approx(0.0)
    assert found.doubly_robust is None
    assert found.guaranteed is None


def test_three_ways_of_saying_what_the_policy_does_give_the_same():
    """What it does, its chance of what was done, and its chances of everything."""
    chosen = np.array([0, 1, 1, 0])
    chances = np.eye(2)[chosen]
    first = policy_value(SMALL, chosen, predicted=np.full((4, 2), 0.5))
    assert policy_value(SMALL, chances, predicted=np.full((4, 2), 0.5)) == first
    assert policy_value(SMALL, (chosen == SMALL.action).astype(float)).ips == first.ips


def test_the_policy_that_decided_is_worth_what_it_brought():
    """With its own chances every weight is 1, and all methods agree with the plain mean."""
    logged, _, _, _ = world(3_000, np.random.default_rng(0), 1.0)
    found = policy_value(logged, logged.propensity)
    assert found.ips.value == pytest.approx(found.logged.value)
    assert found.snips.value == pytest.approx(found.logged.value)
    assert found.gain.value == pytest.approx(0.0, abs=1e-12)
    assert found.effective_rows == pytest.approx(3_000)
    assert found.findings == ()


def test_right_predictions_make_doubly_robust_the_narrowest():
    """Where the model knows the expected reward, the weights carry only what is left."""
    logged, policy, expected, _ = world(20_000, np.random.default_rng(5), 1.0)
    found = policy_value(logged, policy, predicted=expected)
    assert found.doubly_robust is not None
    assert found.doubly_robust.upper - found.doubly_robust.lower < found.ips.upper - found.ips.lower
    assert found.doubly_robust.lower < expected.max(axis=1).mean() < found.doubly_robust.upper


def test_intervals_hold_the_truth_where_weights_are_even():
    """In 200 logs of 2,000 rows every normal interval holds it in 91 % or more, the guaranteed one always."""
    held = covered(2_000, 0.5, 200)
    assert min(held["ips"], held["snips"], held["doubly_robust"]) >= 0.91
    assert held["guaranteed"] >= 0.975


def test_only_the_guaranteed_interval_survives_heavy_weights():
    """With few, heavy weights the normal intervals miss the truth in most logs; the one by betting holds."""
    held = covered(2_000, 5.0, 100)
    assert max(held["ips"], held["snips"]) < 0.5
    assert held["guaranteed"] >= 0.95


def test_heavy_weights_and_wrong_chances_are_findings():
    """Few effective rows are a warning; weights whose mean cannot be 1 are an error."""
    logged, policy, _, _ = world(2_000, np.random.default_rng(2), 5.0)
    assert "EH-LOT-002" in {one.id for one in policy_value(logged, policy).findings}
    logged, policy, _, _ = world(5_000, np.random.default_rng(2), 0.5)
    wrong = dataclasses.replace(logged, propensity=np.minimum(1.0, logged.propensity * 1.5))
    assert [one.id for one in policy_value(wrong, policy).findings] == ["EH-LOT-001"]


def test_an_action_that_nobody_could_draw_widens_the_guaranteed_interval_and_does_not_break_it():
    """The policy always does what was never drawn: nothing is known, and the interval says so."""
    logged, _, _, _ = world(2_000, np.random.default_rng(4), 0.0)
    found = policy_value(logged, np.full(2_000, 7), reward_range=(0, 1))
    assert found.guaranteed == (0.0, 1.0)
    assert found.snips is None
    assert "EH-LOT-001" in {one.id for one in found.findings}


def test_rows_of_one_person_count_once():
    """Every row four times, of the same person: the value stays, the interval is that of the single rows."""
    logged, policy, _, _ = world(1_000, np.random.default_rng(6), 0.5)
    four = Logged(*(np.repeat(one, 4) for one in (logged.action, logged.reward, logged.propensity)))
    told = dataclasses.replace(four, person=np.repeat(np.arange(1_000), 4))
    once, blind, known = (policy_value(log, np.repeat(policy, len(log) // 1_000)) for log in (logged, four, told))
    assert known.ips.value == pytest.approx(once.ips.value)
    assert known.ips.upper == pytest.approx(once.ips.upper)
    assert blind.ips.upper - blind.ips.value == pytest.approx((once.ips.upper - once.ips.value) / 2, rel=0.01)
    assert policy_value(told, np.repeat(policy, 4), reward_range=(0, 1)).guaranteed is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter(seed):
    """Every figure is the same to the bit, whatever the order."""
    rng = np.random.default_rng(seed)
    logged, policy, expected, least = world(200, rng, 2.0)
    order = rng.permutation(200)
    mixed = Logged(logged.action[order], logged.reward[order], logged.propensity[order])
    one = policy_value(logged, policy, predicted=expected, reward_range=(0, 1), least_chance=least)
    other = policy_value(mixed, policy[order], predicted=expected[order], reward_range=(0, 1), least_chance=least)
    assert one == other


@pytest.mark.parametrize(
    ("change", "policy", "more", "code"),
    [
        ({"reward": np.array([1, 0])}, np.zeros(4, int), {}, "lots-shape"),
        ({"propensity": np.array([0.5, 0.0, 0.5, 0.5])}, np.zeros(4, int), {}, "lots-propensity"),
        ({"propensity": np.array([0.5, np.nan, 0.5, 0.5])}, np.zeros(4, int), {}, "lots-propensity"),
        ({"reward": np.array([0.5, np.inf, 0.5, 0.5])}, np.zeros(4, int), {}, "lots-reward"),
        ({"action": np.array([0.0, 1.0, 0.0, 1.0])}, np.zeros(4, int), {}, "lots-action"),
        ({"action": np.array([0, 1, 2, 1])}, np.full((4, 2), 0.5), {}, "lots-action"),
        ({}, np.full((4, 2), 0.4), {}, "lots-policy"),
        ({}, np.full(4, 1.5), {}, "lots-policy"),
        ({}, np.zeros(4, int), {"reward_range": (0.0, 0.5)}, "lots-reward"),
        ({}, np.zeros(4, int), {"reward_range": (1.0, 0.0)}, "lots-reward"),
        ({}, np.zeros(4, int), {"least_chance": 0.5}, "lots-propensity"),
        ({}, np.full(4, 0.5), {"predicted": np.zeros((4, 2))}, "lots-predicted"),
        ({}, np.zeros(4, int), {"predicted": np.full((4, 2), np.nan)}, "lots-predicted"),
        ({}, np.zeros(4, int), {"predicted": np.zeros((4, 1))}, "lots-action"),
    ],
)
def test_what_cannot_be_is_refused(change, policy, more, code):
    """Each wrong column has its own code, and a sentence in three parts."""
    with pytest.raises(DataError, match="Rule: a policy is weighed by the chances") as caught:
        policy_value(dataclasses.replace(SMALL, **change), policy, **more)
    assert caught.value.code == code


@pytest.mark.parametrize(("campaign", "items"), [("all", 80), ("men", 34), ("women", 46)])
@pytest.mark.skipif(not DATA.is_dir(), reason="the open bandit data is not on this machine")
def test_real_recommendations_say_of_each_other_what_came_true(campaign, items):
    """What drawing evenly brings, told from the log of another policy, agrees with the log of drawing evenly.

    10,000 impressions each with some tens of clicks, and weights of up to 12,000: so only that the guaranteed interval
    holds the rate that was seen, that each interval by the bandit's log overlaps it, and that warnings are given.
    """
    drawn, bandit = (pl.read_csv(DATA / f"{name}_{campaign}.csv.gz") for name in ("random", "bts"))
    seen = policy_value(_log(drawn), np.full(drawn.height, 1 / items), reward_range=(0, 1), least_chance=1 / items)
    assert seen.weight.value == pytest.approx(1.0)
    told = policy_value(_log(bandit), np.full(bandit.height, 1 / items), reward_range=(0, 1))
    assert told.guaranteed[0] <= seen.ips.value <= told.guaranteed[1]
    assert seen.guaranteed[0] <= seen.logged.value <= seen.guaranteed[1]
    assert told.snips.lower <= seen.ips.upper
    assert seen.ips.lower <= told.snips.upper


def _log(table: pl.DataFrame) -> Logged:
    return Logged(
        table["item_id"].to_numpy(), table["click"].to_numpy(), table["propensity_score"].to_numpy().astype(float)
    )


def test_lists_and_frame_columns_are_read_like_arrays():
    """A log as lists, and as polars columns, has the value of the same log in arrays."""
    columns = ([0, 1, 0, 1], [1, 0, 0, 1], [0.5, 0.5, 0.25, 0.75], ["a", "b", "b", "c"])
    policy = np.zeros(4, np.int64)
    expected = policy_value(Logged(*(np.array(column) for column in columns)), policy)
    assert policy_value(Logged(*columns), [0, 0, 0, 0]) == expected
    assert policy_value(Logged(*(pl.Series(column) for column in columns)), pl.Series(policy)) == expected


@pytest.mark.parametrize(
    ("changed", "policy", "more", "code"),
    [
        ({"action": np.array([[0], [1], [0], [1]])}, np.zeros(4, int), {}, "lots-shape"),
        ({"reward": np.zeros((4, 1))}, np.zeros(4, int), {}, "lots-shape"),
        ({"propensity": 0.5}, np.zeros(4, int), {}, "lots-shape"),
        ({}, np.zeros((4, 2, 2)), {}, "lots-shape"),
        ({}, np.array(["a", "b", "a", "b"]), {}, "lots-policy"),
        ({"reward": np.array(["1", "0", "x", "0"])}, np.zeros(4, int), {}, "lots-reward"),
        ({"reward": np.array([1e308, 0, 1, 0])}, np.zeros(4, int), {}, "lots-reward"),
        ({"propensity": np.array([0.5, None, 0.5, 0.5])}, np.zeros(4, int), {}, "lots-propensity"),
        ({"person": np.array(["a", None, "b", "c"])}, np.zeros(4, int), {}, "lots-person"),
        ({}, np.zeros(4, int), {"reward_range": (0.0, np.inf)}, "lots-reward"),
        ({}, np.zeros(4, int), {"predicted": [["x", "y"]] * 4}, "lots-predicted"),
        ({}, np.zeros(4, int), {"against": np.full((4, 2), 0.4)}, "lots-policy"),
    ],
)
def test_columns_of_another_shape_or_kind_are_refused(changed, policy, more, code):
    """What would be stretched to fit, or is no number, is an error of its own and never a figure."""
    with pytest.raises(DataError, match="To do: compare the columns") as caught:
        policy_value(dataclasses.replace(SMALL, **changed), policy, **more)
    assert caught.value.code == code


def test_the_gain_is_over_the_policy_that_it_is_told_against():
    """Row by row: weights 2, 0, 4, 0 less 1, 1, 2, 2/3, times rewards 1, 0, 0, 1; over itself the gain is nothing."""
    always = np.zeros(4, np.int64)
    even = np.full((4, 2), 0.5)
    assert policy_value(SMALL, always, against=even).gain.value == pytest.approx((1 - 2 / 3) / 4)
    itself = policy_value(SMALL, even, against=even).gain
    assert (itself.value, itself.lower, itself.upper) == (0.0, 0.0, 0.0)

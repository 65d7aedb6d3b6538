"""What an offer changes: the fit, on worlds whose true increment is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.scoring import Experiment, Plan, assignment, fit_increment
from evenhand.scoring._increment import FOLDS, folds_of
from evenhand.terms import DataError

PLAN = Plan(sizes=(11, 11, 6), ordered=(True, True, False))


def experiment(rows: int, seed: int, increment, *, chance: float = 0.5, response: float = 0.3) -> Experiment:
    """Two numbers of eight bins and a category of three; the response rises steeply with the first."""
    rng = np.random.default_rng(seed)
    codes = tuple(rng.integers(3, size, rows).astype(np.uint8) for size in PLAN.sizes)
    plain = response + 0.04 * (codes[0].astype(float) - 6.5)
    shown = (rng.random(rows) < chance).astype(np.uint8)
    outcome = (rng.random(rows) < plain + shown * increment(codes)).astype(np.uint8)
    return Experiment.with_one_chance(codes, shown, outcome)


def told(fitted, codes) -> np.ndarray:
    """Increment of each row."""
    return fitted.intercept + sum(effect[code] for effect, code in zip(fitted.effects, codes, strict=True))


def step(codes) -> np.ndarray:
    """Ten points where the second number is high, minus four elsewhere."""
    return np.where(codes[1] > 6, 0.10, -0.04)


@pytest.mark.parametrize("chance", [0.5, 0.2])
def test_a_true_increment_is_found_behind_a_strong_response(chance):
    """Every increment is within four points; the column that drives the response alone adds nothing to it."""
    rows = experiment(40_000, 0, step, chance=chance)
    found = fit_increment(rows, PLAN)
    assert np.abs(told(found, rows.codes) - step(rows.codes)).max() < 0.04
    assert np.ptp(found.effects[0][3:]) < 0.02
    steps = found.effects[1][3:]
    assert steps[4:].mean() - steps[:4].mean() == pytest.approx(0.14, abs=0.03)


def test_an_offer_that_changes_nothing_is_found_to_change_nearly_nothing():
    """Over ten worlds the increments stay within two points, though the response runs from 16 to 44 %."""
    sizes = []
    for seed in range(10):
        rows = experiment(20_000, seed, lambda codes: np.zeros(len(codes[0])))
        sizes.append(np.sqrt(np.mean(np.square(told(fit_increment(rows, PLAN), rows.codes)))))
    assert np.mean(sizes) < 0.012
    assert max(sizes) < 0.03


def test_an_offer_that_puts_people_off_has_a_negative_increment():
    """A loss of eight points for everybody is a base of minus eight points."""
    rows = experiment(20_000, 3, lambda codes: np.full(len(codes[0]), -0.08))
    assert told(fit_increment(rows, PLAN), rows.codes).mean() == pytest.approx(-0.08, abs=0.015)


def test_the_average_increment_is_that_of_the_experiment():
    """In its rows the increments account for all of what shown and control differ in, beyond what was expected."""
    rows = experiment(4_000, 5, step, chance=0.3)
    average = told(fit_increment(rows, PLAN), rows.codes).mean()
    measured = rows.outcome[rows.shown == 1].mean() - rows.outcome[rows.shown == 0].mean()
    assert average == pytest.approx(measured, abs=0.01)


def test_an_increment_of_two_columns_together_is_found_and_noise_names_next_to_none():
    """An exclusive or in the increment is named first in four worlds of four, with at most one stray pair beside it in
    all of them; where the offer changes nothing, none is named."""
    plan = Plan(PLAN.sizes, PLAN.ordered, pairs=3)
    found = []
    for seed in range(6, 10):
        jointly = experiment(30_000, seed, lambda codes: np.where((codes[0] > 6) == (codes[1] > 6), 0.10, -0.05))
        found.append([(pair.first, pair.second) for pair in fit_increment(jointly, plan).pairs])
    assert all(named[0] == (0, 1) for named in found)
    assert sum(map(len, found)) <= 5
    for seed in range(3):
        assert not fit_increment(experiment(20_000, seed, lambda codes: np.zeros(len(codes[0]))), plan).pairs


def test_amounts_have_an_increment_in_their_own_unit():
    """A third spend 5 more where they are shown the offer."""
    rows = experiment(20_000, 1, step)
    rng = np.random.default_rng(2)
    spent = 20.0 + 3.0 * rows.codes[0] + rows.shown * 5.0 * (rows.codes[2] == 3) + rng.normal(0, 4, 20_000)
    amounts = Experiment.with_one_chance(rows.codes, rows.shown, spent)
    found = fit_increment(amounts, Plan(PLAN.sizes, PLAN.ordered, link="identity"))
    assert told(found, rows.codes) == pytest.approx(5.0 * (rows.codes[2] == 3), abs=0.6)


def test_known_chances_that_differ_are_used():
    """Where the offer was shown more often to those who respond anyway, the stated chances take that out."""
    rng = np.random.default_rng(4)
    plain = experiment(40_000, 4, step)
    chance = 0.2 + 0.6 * (plain.codes[0] - 3) / 7
    shown = (rng.random(40_000) < chance).astype(np.uint8)
    rate = 0.3 + 0.04 * (plain.codes[0].astype(float) - 6.5) + shown * 0.05
    outcome = (rng.random(40_000) < rate).astype(np.uint8)
    found = fit_increment(Experiment(plain.codes, shown, outcome, chance), PLAN)
    assert told(found, plain.codes).mean() == pytest.approx(0.05, abs=0.015)
    naive = outcome[shown == 1].mean() - outcome[shown == 0].mean()
    assert naive > 0.09


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), rows=st.integers(120, 400))
def test_the_order_of_the_rows_changes_nothing(seed, rows):
    """Shuffled rows give the same effects to the last bit, weights and all."""
    plain = experiment(rows, seed, step)
    weight = np.random.default_rng(seed).integers(1, 4, rows).astype(float)
    one = Experiment.with_one_chance(plain.codes, plain.shown, plain.outcome, weight)
    order = np.random.default_rng(seed + 1).permutation(rows)
    other = Experiment(
        tuple(column[order] for column in one.codes),
        one.shown[order],
        one.outcome[order],
        one.propensity[order],
        weight[order],
    )
    first, second = fit_increment(one, PLAN), fit_increment(other, PLAN)
    assert first.intercept == second.intercept
    for a, b in zip(first.effects, second.effects, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_every_part_has_its_share_of_every_kind_of_row(seed):
    """Rows that are alike go to all parts evenly: in each part as many of them as in any other, give or take one."""
    rows = experiment(300, seed, step)
    fold = folds_of(rows)
    assert np.bincount(fold, minlength=FOLDS).tolist() == [60] * FOLDS
    kinds = np.unique(np.stack([*rows.codes, rows.shown, rows.outcome]), axis=1, return_inverse=True)[1]
    for kind in np.unique(kinds):
        assert np.ptp(np.bincount(fold[kinds == kind], minlength=FOLDS)) <= 1


def test_chance_that_decided_is_told_from_something_that_did():
    """An experiment looks random; a history in which good customers were picked does not, and the column is named."""
    drawn = experiment(5_000, 6, step)
    assert assignment(drawn, ["age", "visits", "region"]).looks_random(1e-3)
    rng = np.random.default_rng(7)
    picked = (rng.random(5_000) < np.where(drawn.codes[1] > 6, 0.7, 0.4)).astype(np.uint8)
    chosen = assignment(Experiment.with_one_chance(drawn.codes, picked, drawn.outcome), ["age", "visits", "region"])
    assert not chosen.looks_random(1e-9)
    assert chosen.feature == "visits"
    assert chosen.lowest < 0.9 < 1.1 < chosen.highest


def test_chance_raises_a_false_alarm_no_more_often_than_it_says():
    """Of 400 experiments about one in twenty is beyond the 5 % mark."""
    alarms = sum(
        not assignment(experiment(600, seed, step), ["age", "visits", "region"]).looks_random(0.05)
        for seed in range(400)
    )
    assert alarms <= 32


def test_a_side_without_rows_is_refused():
    """No control rows: the message counts both sides and says what to do."""
    rows = experiment(200, 0, step)
    everybody = Experiment(rows.codes, np.ones(200, np.uint8), rows.outcome, np.full(200, 0.5))
    with pytest.raises(DataError, match="200 rows that were shown the offer and 0 that were shown nothing"):
        fit_increment(everybody, PLAN)


def test_a_chance_of_one_is_refused():
    """Whoever could not have been left out tells nothing about being left out."""
    rows = experiment(200, 0, step)
    sure = Experiment(rows.codes, rows.shown, rows.outcome, np.ones(200))
    with pytest.raises(DataError, match="no chance of being left out"):
        fit_increment(sure, PLAN)


def test_an_outcome_that_never_varies_is_refused():
    """Nothing to change."""
    rows = experiment(200, 0, step)
    with pytest.raises(DataError, match="same outcome"):
        fit_increment(Experiment.with_one_chance(rows.codes, rows.shown, np.zeros(200)), PLAN)


@given(st.integers(0, 1_000))
@settings(max_examples=20)
def test_all_rows_of_a_person_go_to_one_part_whatever_the_order(seed):
    """Somebody's response is never expected from a fit that saw another row of theirs."""
    rng = np.random.default_rng(seed)
    person = rng.integers(0, 60, 300)
    codes = (rng.integers(3, 6, 300).astype(np.uint8),)
    shown, outcome = rng.integers(0, 2, 300), rng.integers(0, 2, 300)
    rows = Experiment.with_one_chance(codes, shown, outcome, None, person)
    fold = folds_of(rows)
    assert all(len(set(fold[person == one].tolist())) == 1 for one in np.unique(person))
    sizes = np.bincount(np.array([fold[person == one][0] for one in np.unique(person)]), minlength=FOLDS)
    assert np.ptp(sizes) <= 1
    order = rng.permutation(300)
    again = Experiment((codes[0][order],), shown[order], outcome[order], rows.propensity[order], None, person[order])
    assert (folds_of(again) == fold[order]).all()

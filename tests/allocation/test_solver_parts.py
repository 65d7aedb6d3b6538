"""The pieces of the solver, each against what it must be: they are private, and wrong ones would only look slow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.cases import PlainWall, campaign_with, scored_with
from evenhand.allocation import allocate
from evenhand.allocation.solver._comparisons import judge
from evenhand.allocation.solver._crowd import Crowd
from evenhand.allocation.solver._dual import decide
from evenhand.allocation.solver._limits import build_rows
from evenhand.allocation.solver._nest import Nest
from evenhand.allocation.solver._newton import minimise
from evenhand.allocation.solver._products import outer_product, row_sums, solve_definite, squared
from evenhand.allocation.solver._quadratic import settle_step
from evenhand.policy import DisparityLimit

SEEDS = st.integers(0, 10_000)


def test_where_nothing_may_be_given_the_bound_is_nothing() -> None:
    """A budget of nothing: no price says so of everybody, and so few places do."""
    value = (np.random.default_rng(0).normal(size=(2, 60_000)) * 1e6).astype(np.int64)
    found = allocate(scored_with(value), campaign_with(costs=[100_000, 200_000], budget=0), PlainWall({}))
    assert (found.certificate.value, found.certificate.bound, found.certificate.gap) == (0, 0, 0.0)


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(1, 150), st.integers(1, 150))
def test_products_in_pieces_are_the_products(seed: int, rows: int, columns: int) -> None:
    """Tiles and strips change nothing but the last digits, whatever the sizes."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(rows, columns)), rng.normal(size=(rows + 3, columns))
    assert np.allclose(outer_product(one, other), one @ other.T)
    assert np.allclose(row_sums(one, other[0]), one @ other[0])
    long = rng.normal(size=(3, 40 * columns)).astype(np.float32)
    assert np.allclose(squared(long), long @ long.T, rtol=1e-3, atol=1e-2)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(1, 260))
def test_block_elimination_solves_the_system(seed: int, size: int) -> None:
    """What comes out, put back in, gives the right side."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(size, size + 5))
    matrix, right = half @ half.T + np.eye(size), rng.normal(size=size)
    assert np.allclose(matrix @ solve_definite(matrix, right), right, atol=1e-6)


def test_a_singular_system_is_refused() -> None:
    """No numbers where there is no answer."""
    with pytest.raises(np.linalg.LinAlgError, match="ingular"):
        solve_definite(np.zeros((2, 2)), np.ones(2))


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 120), st.booleans())
def test_a_step_ends_where_no_price_wants_to_move(seed: int, size: int, flat: bool) -> None:
    """Prices are not negative; where there is one the slope is zero, and where there is none it does not fall."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(size, max(size // 3, 1) if flat else size + 5)) * rng.lognormal(0, 2, (size, 1))
    curve = half @ half.T + np.diag(rng.uniform(1e-3, 1e-2, size) * np.square(half).sum(axis=1))
    slope = rng.normal(size=size) * np.sqrt(np.diag(curve))
    dual = np.where(rng.random(size) < 0.5, 0.0, rng.exponential(size=size))
    z = settle_step(curve, slope, dual)
    unit = np.sqrt(np.diag(curve))
    rest = (slope + curve @ (z - dual)) / unit
    size_of = max(float(np.abs((slope - curve @ dual) / unit).max()), 1e-12)
    assert (z >= 0).all()
    assert (rest >= -1e-6 * size_of).all()
    assert np.abs(rest[z > 1e-6 * z.max(initial=0.0)]).max(initial=0.0) <= 1e-5 * size_of


def test_prices_that_only_cancel_each_other_are_gone_in_a_few_steps() -> None:
    """A group's row from above and its row from below, both priced far too high on a small sample, move nobody
    together; on those near a tie they come down in few steps, however narrow these are."""
    rng = np.random.default_rng(5)
    people, offers = np.array([0, 3_000, 3_000, 3_000]), 2
    value = rng.normal(size=(offers, people.sum())) * 1e6 + np.repeat([0, 0, 2e5, -3e5], people)
    campaign = campaign_with(costs=[0, 0], contacts=2_000)
    limit = DisparityLimit(id="fair", groups=("g",), bound=0.8, mode="aware", necessity="test", minimum_size=30)
    compared = judge(limit, ("g",), (("a",), ("b",), ("c",)), people[1:], ())
    share = np.vstack([np.zeros(3), np.eye(3)])[:, compared.judged]
    rows = build_rows(campaign, len(people), [(compared, share)], 1e6)
    crowd = Crowd(value=value, starts=np.append(0, people.cumsum()), draw=np.arange(people.sum(), dtype=np.uint64),
                  weight=np.ones(len(people)), fixed=np.zeros((len(people), offers)), fixed_value=0.0,
                  is_lotted=True)  # fmt: skip
    known = {"beta": 1e3, "people": float(people.sum()), "steps": 60, "tolerance": 1.0}
    found = minimise(crowd, rows, np.zeros(len(rows)), **known, room=1e12)
    away = found.dual + np.where(rows.group >= 0, 3e6, 0.0)
    again = minimise(crowd, rows, away, **known, room=1e12)
    assert again.off(known["beta"]) <= known["tolerance"]
    assert np.abs(rows.price(again.dual) - rows.price(found.dual)).max() < 20 * known["beta"]


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_nobody_who_matters_is_left_out_of_a_layer(seed: int) -> None:
    """While no price moves by half the reach, choices in the layer and those fixed add up to everybody's choices."""
    rng = np.random.default_rng(seed)
    people, offers, cells = 400, 3, 2
    crowd = Crowd(
        value=rng.normal(1e6, 4e5, (offers, people)).astype(np.int64).astype(np.float64),
        starts=np.array([0, 150, people], dtype=np.intp),
        draw=rng.integers(0, 2**63, people).astype(np.uint64),
        weight=np.ones(cells),
        fixed=np.zeros((cells, offers)),
        fixed_value=0.0,
        is_lotted=False,
    )
    nest, price = Nest(crowd), rng.normal(8e5, 1e5, (cells, offers))
    for _ in range(4):
        least = float(rng.uniform(1e3, 1e5))
        part, reach = nest.near(price, 4 * least, least)
        assert reach >= least
        moved = price + rng.uniform(-reach / 2, reach / 2, price.shape) * 0.999
        assert np.array_equal(_chosen(crowd, moved), _chosen(part, moved))
        price = price + rng.normal(0, 1e4, price.shape)


def _chosen(crowd: Crowd, price: np.ndarray) -> np.ndarray:
    """People per cell and offer, those already fixed included."""
    choice = decide(crowd, price).choice
    counts = crowd.fixed.copy()
    for cell, (begin, end) in enumerate(zip(crowd.starts[:-1], crowd.starts[1:], strict=True)):
        mine = choice[begin:end]
        counts[cell] += np.bincount(mine[mine >= 0], minlength=len(crowd.value))
    return counts

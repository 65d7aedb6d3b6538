"""How well a feature tells a group, from counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.disparity import bins_auroc, cramers_v, proxy_table
from evenhand.terms import CountTable


def _table(counts: list[list[int]], minimum_cell: int = 10) -> CountTable:
    array = np.array(counts, np.int64)
    groups = tuple((f"g{i}",) for i in range(len(counts)))
    return CountTable(("sex",), groups, array, np.where(array < 0, 5, array).sum(axis=1), minimum_cell)


def test_a_feature_that_is_the_group_is_a_perfect_proxy():
    """Cramer's V and AUROC are 1."""
    proxy = proxy_table("title", _table([[0, 500, 0], [0, 0, 500]]))
    assert proxy.cramers_v == pytest.approx(1.0)
    assert proxy.strongest == 1.0


def test_a_feature_spread_alike_tells_nothing():
    """V is 0 and the AUROC one half."""
    proxy = proxy_table("day", _table([[100, 200, 100], [100, 200, 100]]))
    assert proxy.cramers_v == 0.0
    assert proxy.strongest == 0.5


def test_chance_alone_does_not_look_like_a_proxy():
    """64 bins and a group of 150 among 3,000 at random: V below .05, AUROC below .55."""
    rng = np.random.default_rng(0)
    group, bins = rng.random(3000) < 0.05, rng.integers(0, 64, 3000)
    counts = np.array([np.bincount(bins[group == side], minlength=64) for side in (False, True)])
    assert (cramers_v(counts) or 0.0) < 0.05
    assert bins_auroc(counts[1], counts[0]) < 0.55


def test_hidden_cells_are_counted_and_small_groups_left_out():
    """A cell that the wall hides stands for half of the minimum; a group of 20 has no AUROC."""
    proxy = proxy_table("job", _table([[100, -1, 100], [20, 0, 0], [50, 100, 50]]), minimum_size=30)
    assert proxy.hidden_cells == 1
    assert [name for name, _ in proxy.auroc] == ["g0", "g2"]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=30))
def test_measures_stay_within_their_range(pairs):
    """V in 0..1 or unknown, AUROC in one half..1, the same for groups turned round in V."""
    counts = np.array(pairs).T
    v = cramers_v(counts)
    assert v is None or 0.0 <= v <= 1.0
    assert v == pytest.approx(cramers_v(counts[::-1]))
    assert 0.5 <= bins_auroc(counts[0], counts[1]) <= 1.0

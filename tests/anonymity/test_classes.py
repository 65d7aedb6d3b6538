"""Classes of people who look alike, counted by one group-by."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.anonymity import Combinations, Levels, bands, characters, least_loss, measure
from evenhand.terms import UsageError


@st.composite
def tables(draw):
    """Rows of up to three quasi-identifiers and a confidential column, some of huge width."""
    n = draw(st.integers(1, 60))
    width = draw(st.sampled_from([2, 5, 1 << 30]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = tuple(
        rng.integers(0, min(width, 4), n) * (width // min(width, 4)) for _ in range(draw(st.integers(1, 3)))
    )
    return columns, rng.integers(0, 3, n), draw(st.integers(2, 12))


@given(table=tables())
def test_the_figures_are_those_of_a_walk_over_all_rows(table):
    """Smallest class, people under k, diversity and closeness: the definitions, person by person."""
    columns, secret, k = table
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    classes = Counter(rows)
    values = defaultdict(Counter)
    for row, value in zip(rows, secret.tolist(), strict=True):
        values[row][value] += 1
    everybody = Counter(secret.tolist())
    apart = max(
        sum(abs(inside[value] / classes[row] - all_ / len(rows)) for value, all_ in everybody.items()) / 2
        for row, inside in values.items()
    )
    found = measure(Combinations(columns, np.ones(len(rows), np.int64), {"secret": secret}), k)
    assert (found.rows, found.classes, found.smallest) == (len(rows), len(classes), min(classes.values()))
    assert found.under == sum(size for size in classes.values() if size < k)
    assert found.holds is (found.under == 0)
    assert found.diversity["secret"] == min(len(inside) for inside in values.values())
    assert found.closeness["secret"] == pytest.approx(apart)


@given(table=tables(), most=st.sampled_from([0.0, 0.1, 0.5]))
def test_no_other_levels_lose_less(table, most):
    """Every combination of levels is tried by hand: the one chosen is allowed, and none that is allowed loses less."""
    columns, secret, k = table
    n = len(secret)
    levels = []
    for number, codes in enumerate(columns):
        places = {int(value): at for at, value in enumerate(sorted(set(codes.tolist())))}
        fine = tuple(map(str, places))
        levels.append(Levels(str(number), ("as it is", "halves", "none"), (fine, tuple(
            "low" if at < len(fine) / 2 else "high" for at in range(len(fine))), ("*",) * len(fine))))  # fmt: skip
        columns = tuple(
            np.array([places[int(one)] for one in codes]) if at == number else column
            for at, column in enumerate(columns)
        )
    table = Combinations(columns, np.ones(n, np.int64), {"secret": secret})
    chosen = least_loss(table, levels, k, diversity=2, most_left_out=most)
    best: tuple[float, int] | None = None
    for combined in np.ndindex(*(3,) * len(columns)):
        rows = list(zip(*([one.labels[at][code] for code in codes.tolist()]
                          for one, at, codes in zip(levels, combined, columns, strict=True)), strict=True))  # fmt: skip
        size = Counter(rows)
        kinds = {row: len({secret[i] for i in range(n) if rows[i] == row}) for row in size}
        left = sum(count for row, count in size.items() if count < k or kinds[row] < 2)
        found = (round(sum(combined) / 2 / len(columns), 12), left)
        if left <= int(most * n) and (best is None or found < best):
            best = found
    assert (None if chosen is None else (chosen.loss, chosen.left_out)) == best


@pytest.mark.parametrize("width", [0, -5, float("nan"), float("inf")])
def test_a_band_has_a_width(width):
    """A width of nothing, or without end, is refused."""
    with pytest.raises(UsageError, match="no width"):
        bands([1.0], width)


def test_odd_numbers_have_a_band_too():
    """Missing stays missing; what has no end stands above or below all."""
    odd = [float("nan"), float("inf"), float("-inf"), -1, 1]
    assert bands(odd, 10) == (None, "above all", "below all", "-10--1", "0-9")


def test_a_level_keeps_a_character_at_least():
    """None is what `*` is for."""
    with pytest.raises(UsageError, match="keeps no character"):
        characters(["1012AB"], 0)


def test_too_many_combinations_are_refused():
    """They would be tried for hours."""
    level = Levels("age", ("",) * 30, (("20",),) * 30)
    table = Combinations((np.zeros(1, np.int64),) * 3, np.array([20]))
    with pytest.raises(UsageError, match="27,000 ways"):
        least_loss(table, [level] * 3, 2)

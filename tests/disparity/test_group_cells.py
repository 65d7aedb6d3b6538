"""One pass over the rows, everything else from the cells: the same rates as counting by hand."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.adapters.data.group_cells import cells_of_parquet
from evenhand.disparity import below_bound, count_cells, group_audit, ratio_interval, wilson
from evenhand.terms import DataError, UsageError

NAMES = ("sex", "age", "origin")
VALUES = (("f", "m"), ("a", "b", "c", "d", "e"), ("w", "x", "y", "z"))
SIZES = (2, 5, 4, 2, 2)


def _rows(seed: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, size, count).astype(np.uint8) for size in SIZES]


def _by_hand(codes: list[np.ndarray], chosen: tuple[int, ...], group: tuple[str, ...], name: str) -> tuple[int, int]:
    """Hits and rows of one group by looking at every row."""
    hits = rows = 0
    for row in zip(*(column.tolist() for column in codes), strict=True):
        if any(VALUES[axis][row[axis]] != value for axis, value in zip(chosen, group, strict=True)):
            continue
        outcome, decision = row[3], row[4]
        if (name == "true_positive" and not outcome) or (name == "false_positive" and outcome):
            continue
        rows += 1
        hits += outcome if name == "outcome" else decision
    return hits, rows


def test_every_rate_of_every_view_is_the_one_counted_by_hand():
    """Seven views, four measures: to the last digit the division of two numbers counted row by row."""
    codes = _rows(1, 400)
    audit = group_audit(count_cells(codes, SIZES), NAMES, VALUES)
    wanted = [chosen for width in (1, 2, 3) for chosen in combinations(range(3), width)]
    assert [view.features for view in audit.views] == [tuple(NAMES[i] for i in chosen) for chosen in wanted]
    for view, chosen in zip(audit.views, wanted, strict=True):
        for one in view.measures:
            for place, group in enumerate(view.groups):
                hits, rows = _by_hand(codes, chosen, group, one.name)
                assert (one.hits[place], one.rows[place]) == (hits, rows)
                assert one.rate[place] == hits / rows if rows else np.isnan(one.rate[place])


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 600), st.integers(1, 40))
def test_the_arrays_say_what_the_single_numbers_say(seed, count, minimum_size):
    """Intervals equal `wilson` and `ratio_interval`, and *below* is the exact comparison, for every group."""
    audit = group_audit(count_cells(_rows(seed, count), SIZES), NAMES, VALUES, minimum_size=minimum_size)
    assert audit.rows == count
    for view in audit.views:
        for one in view.measures:
            for place in range(len(view.groups)):
                hits, rows = int(one.hits[place]), int(one.rows[place])
                assert (one.lower[place], one.upper[place]) == pytest.approx(wilson(hits, rows), abs=1e-15)
                judged = rows >= minimum_size
                if one.best < 0 or not judged or not one.hits[one.best]:
                    assert np.isnan(one.ratio[place])
                    assert not one.below[place]
                    continue
                best = int(one.hits[one.best]), int(one.rows[one.best])
                assert one.below[place] == below_bound(hits, rows, *best, Fraction(4, 5))
                assert one.ratio[place] <= 1.0
                if place != one.best:
                    around = ratio_interval(hits, rows, *best)
                    assert (one.ratio_lower[place], one.ratio_upper[place]) == pytest.approx(around, rel=1e-12)


def test_exactly_four_fifths_is_not_below_in_arrays_either():
    """2 of 3 beside 25 of 30, where division says .7999...; and counts beyond 64 bits are compared whole."""
    for factor in (1, 10**9):
        cells = np.zeros((2, 2, 2), np.int64)
        cells[0, 0] = [10 * factor, 20 * factor]
        cells[1, 0] = [5 * factor, 25 * factor]
        found = group_audit(cells, ["sex"], [("f", "m")]).view("sex").measure("selection")
        assert found.below.tolist() == [False, False]
        cells[0, 0] += [1, -1]
        assert group_audit(cells, ["sex"], [("f", "m")]).view("sex").measure("selection").below.tolist() == [
            True,
            False,
        ]


def test_groups_too_small_and_groups_of_nobody():
    """Twelve rows have a rate and no ratio; a combination that nobody has is not there."""
    cells = np.zeros((3, 2, 2), np.int64)
    cells[0, 0], cells[1, 0] = [6, 6], [50, 50]
    view = group_audit(cells, ["sex"], [("x", "m", "f")]).view("sex")
    assert view.groups == (("x",), ("m",))
    selection = view.measure("selection")
    assert selection.rate.tolist() == [0.5, 0.5]
    assert np.isnan(selection.ratio[0])
    assert view.measure("true_positive").best == -1
    with pytest.raises(KeyError, match="accuracy"):
        view.measure("accuracy")
    with pytest.raises(KeyError, match="age"):
        group_audit(cells, ["sex"], [("x", "m", "f")]).view("age")


def test_the_columns_are_plain_values():
    """One row per view, group and measure; what is not known is None."""
    columns = group_audit(count_cells(_rows(2, 50), SIZES), NAMES, VALUES).to_columns()
    assert len({len(values) for values in columns.values()}) == 1
    json.dumps(columns, allow_nan=False)
    assert pl.DataFrame(columns).filter(pl.col("features") == "sex").height == 2 * 4


@given(st.integers(0, 1_000), st.sampled_from([(2, 2, 2), (3, 90, 2), (256, 1, 1), (2, 200, 300)]))
def test_cells_are_what_a_plain_count_gives(seed, sizes):
    """Few and many combinations, whatever whole-number type; rows with a negative code are left out."""
    rng = np.random.default_rng(seed)
    columns = [rng.integers(-1, size, 300) for size in sizes]
    wanted = np.zeros(sizes, np.int64)
    for row in zip(*(column.tolist() for column in columns), strict=True):
        if min(row) >= 0:
            wanted[row] += 1
    assert (count_cells(columns, sizes) == wanted).all()


@pytest.mark.parametrize(
    ("columns", "sizes"),
    [
        ([], []),
        ([np.array([0, 2])], [2]),
        ([np.array([0]), np.array([0, 1])], [2, 2]),
        ([np.array([0])], [20_000_000]),
        ([np.array([0])], [1, 1]),
    ],
)
def test_codes_that_do_not_fit_are_refused(columns, sizes):
    """No column, a code too large, unequal lengths, too many combinations, a size too many."""
    with pytest.raises(UsageError, match="do not belong together"):
        count_cells(columns, sizes)


def test_cells_of_another_shape_are_refused():
    """The last two axes are outcome and decision."""
    with pytest.raises(UsageError, match="an outcome and a decision"):
        group_audit(np.zeros((2, 2), np.int64), ["sex"], [("f", "m")])


def test_a_parquet_file_gives_the_same_cells(tmp_path):
    """Grouped while it is read; a missing group is the group unknown, last."""
    codes = _rows(3, 2_000)
    texts = {name: np.array(values)[column] for name, values, column in zip(NAMES, VALUES, codes[:3], strict=True)}
    frame = pl.DataFrame({**texts, "hired": codes[3] == 1, "chosen": codes[4]})
    path = tmp_path / "people.parquet"
    frame.write_parquet(path)
    cells, groups = cells_of_parquet(path, sensitive_features=NAMES, outcome="hired", decision="chosen")
    assert groups == VALUES
    assert (cells == count_cells(codes, SIZES)).all()
    frame.with_columns(sex=pl.Series([None, *texts["sex"][1:].tolist()])).write_parquet(path)
    _, groups = cells_of_parquet(path, sensitive_features=["sex"], outcome="hired", decision="chosen")
    assert groups == (("f", "m", "unknown"),)


def test_a_file_that_cannot_be_counted_says_why(tmp_path):
    """No such column, an outcome of three values, a column of names; no value stands in the message."""
    path = tmp_path / "people.parquet"
    pl.DataFrame({"sex": ["f", "m"], "y": [0, 7], "d": [0, 1]}).write_parquet(path)
    with pytest.raises(DataError, match="cannot be counted"):
        cells_of_parquet(path, sensitive_features=["age"], outcome="y", decision="d")
    with pytest.raises(DataError, match="not one of 1/0"):
        cells_of_parquet(path, sensitive_features=["sex"], outcome="y", decision="d")
    names = [f"person {number}" for number in range(1_500)]
    pl.DataFrame({"sex": names, "y": [0, 1] * 750, "d": [0, 1] * 750}).write_parquet(path)
    with pytest.raises(DataError, match="1500 different values") as caught:
        cells_of_parquet(path, sensitive_features=["sex"], outcome="y", decision="d")
    assert "person 7" not in str(caught.value)

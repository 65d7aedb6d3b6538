"""Fits from tables that are read in batches: the same integers as in memory."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand import AdditiveClassifier, AdditiveRegressor
from evenhand.adapters.data.sources import DuckTable, ParquetTable
from evenhand.adapters.models._first_reading import NumberCounts
from evenhand.terms import DataError


def history(rows: int = 3000) -> pl.DataFrame:
    """Numbers, words, gaps, weights, and three outcomes."""
    rng = np.random.default_rng(0)
    age, region = rng.integers(18, 90, rows), rng.choice(["north", "east", "south"], rows)
    logit = (age > 50) * 1.5 + (region == "east") * 1.0 - 1.5
    return pl.DataFrame(
        {
            "age": age,
            "region": region,
            "spend": [
                None if gone else value
                for gone, value in zip(rng.random(rows) < 0.2, rng.gamma(2.0, 30.0, rows), strict=True)
            ],
            "member": rng.random(rows) < 0.3,
            "weight": rng.choice([0.0, 0.5, 1.0, 1.7], rows),
            "bought": np.where(rng.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no"),
            "amount": rng.gamma(2.0, 10.0, rows) + age,
            "visits": rng.poisson(age / 30.0),
        }
    )


FEATURES = ["age", "region", "spend", "member"]
CASES = [
    (AdditiveClassifier(pairs=2), "bought"),
    (AdditiveRegressor(pairs=2), "amount"),
    (AdditiveRegressor(pairs=2, loss="poisson"), "visits"),
]


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(("estimator", "outcome"), CASES, ids=["classes", "amounts", "counts"])
def test_a_parquet_file_read_in_batches_gives_the_same_integers(tmp_path, estimator, outcome, weight):
    """Bins and tables have the digest of the fit in memory, with weights and without, for uneven batches."""
    table = history()
    table.write_parquet(tmp_path / "history.parquet", row_group_size=500)
    told = ParquetTable(tmp_path / "history.parquet", rows=777)
    estimator.fit(table.select(FEATURES), table[outcome], None if weight is None else table[weight])
    expected = estimator.model_.digest, estimator.predict(table.select(FEATURES)).tolist()
    estimator.fit_table(told, outcome, columns=FEATURES, weight=weight)
    assert (estimator.model_.digest, estimator.predict(table.select(FEATURES)).tolist()) == expected


@pytest.mark.parametrize(("estimator", "outcome"), CASES, ids=["classes", "amounts", "counts"])
def test_a_query_gives_the_same_integers(estimator, outcome):
    """A DuckDB query, in record batches, is the same history."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    table = history()
    connection = duckdb.connect()
    connection.register("past", table.to_arrow())
    expected = estimator.fit(table.select(FEATURES), table[outcome]).model_.digest
    told = DuckTable(connection, "SELECT * FROM past ORDER BY amount", rows=1000)
    assert "age" in told.columns
    assert estimator.fit_table(told, outcome, columns=FEATURES).model_.digest == expected


def of_households(table: pl.DataFrame) -> pl.DataFrame:
    """Five rows each, some in no order; each has a habit of its own."""
    rng = np.random.default_rng(1)
    whose = rng.permutation(np.repeat(np.arange(table.height // 5), 5))
    habit = rng.random(table.height // 5)[whose]
    answer = np.where(rng.random(table.height) < habit, "yes", "no")
    return table.with_columns(pl.Series("household", [f"h{one}" for one in whose]), pl.Series("bought", answer))


@pytest.mark.parametrize("weight", [None, "weight"])
def test_people_with_several_rows_are_known_by_their_column(tmp_path, weight):
    """Names in a file, in uneven batches: the integers of the fit in memory, which are not those of people apart."""
    table = of_households(history())
    table.write_parquet(tmp_path / "history.parquet", row_group_size=500)
    told, glass = ParquetTable(tmp_path / "history.parquet", rows=777), AdditiveClassifier(pairs=1)
    weights = None if weight is None else table[weight]
    expected = glass.fit(table.select(FEATURES), table["bought"], weights, table["household"]).model_.digest
    apart = glass.fit(table.select(FEATURES), table["bought"], weights).model_.digest
    learned = glass.fit_table(told, "bought", columns=FEATURES, weight=weight, person="household").model_.digest
    assert learned == expected != apart


@pytest.mark.parametrize("weight", [None, "weight"])
def test_bins_of_a_table_have_their_people(tmp_path, weight):
    """A name and an amount of one household in many rows have no bin of their own, in a file as in memory."""
    table = of_households(history())
    one = table["household"].is_in([f"h{at}" for at in range(8)])
    table = table.with_columns(
        household=pl.when(one).then(pl.lit("h0")).otherwise("household"),
        region=pl.when(one).then(pl.lit("kanarie")).otherwise("region"),
        spend=pl.when(one).then(31337.0).otherwise("spend"),
    )
    table.write_parquet(tmp_path / "history.parquet", row_group_size=500)
    told, glass = ParquetTable(tmp_path / "history.parquet", rows=777), AdditiveClassifier(pairs=0, minimum_bin=20)
    weights = None if weight is None else table[weight]
    expected = glass.fit(table.select(FEATURES), table["bought"], weights, table["household"]).model_
    assert (expected.view.binnings[1].categories, max(expected.view.binnings[2].cuts) < 1000) == (
        ("east", "north", "south"),
        True,
    )
    glass.fit_table(told, "bought", columns=FEATURES, weight=weight, person="household")
    assert glass.model_.digest == expected.digest


def test_the_ids_of_people_are_no_feature(tmp_path):
    """Where no columns are named, the ids are not learned from; ids of one row each say nothing."""
    table = history().select(*FEATURES, "bought").with_row_index("household")
    table.write_parquet(tmp_path / "history.parquet")
    glass = AdditiveClassifier(pairs=1)
    expected = glass.fit(table.select(FEATURES), table["bought"]).model_.digest
    told = ParquetTable(tmp_path / "history.parquet")
    assert glass.fit_table(told, "bought", person="household").model_.digest == expected


def test_a_row_that_is_nobodys_is_refused(tmp_path):
    """A missing id in any batch, of words or of numbers."""
    for ids in (["a"] * 2999 + [None], [1.0] * 2999 + [float("nan")]):
        history().with_columns(pl.Series("household", ids)).write_parquet(tmp_path / "history.parquet")
        with pytest.raises(DataError, match="whose row it is"):
            AdditiveClassifier().fit_table(ParquetTable(tmp_path / "history.parquet"), "bought", person="household")


def test_bins_that_are_known_spare_a_reading(tmp_path):
    """Given binnings are used as they are."""
    table = history()
    table.write_parquet(tmp_path / "history.parquet")
    glass = AdditiveClassifier(max_bins=8, pairs=0).fit(table.select(FEATURES), table["bought"])
    again = AdditiveClassifier(pairs=0).fit_table(
        ParquetTable(tmp_path / "history.parquet"), "bought", columns=FEATURES, binnings=glass.model_.view.binnings
    )
    assert again.model_.digest == glass.model_.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.lit(None, pl.String).alias("bought"), "contains NaN"),
        (pl.lit("yes").alias("bought"), "only one class"),
        (pl.lit(-1.0).alias("weight"), "negative"),
        (pl.lit(0.0).alias("weight"), "no row that counts"),
        (pl.date(2020, 1, 1).alias("age"), "dates or times"),
        (pl.int_range(pl.len()).cast(pl.String).alias("region"), "no category"),
    ],
)
def test_a_table_that_cannot_be_learned_from_says_why(tmp_path, change, message):
    """The same errors as in memory."""
    history(200).with_columns(change).write_parquet(tmp_path / "history.parquet")
    with pytest.raises(DataError, match=message):
        AdditiveClassifier().fit_table(
            ParquetTable(tmp_path / "history.parquet"), "bought", columns=FEATURES, weight="weight"
        )


def test_a_file_that_is_not_there_is_named_as_such(tmp_path):
    """No trace of the library underneath."""
    with pytest.raises(DataError, match="cannot be read"):
        AdditiveClassifier().fit_table(ParquetTable(tmp_path / "none.parquet"), "bought")


@given(st.integers(0, 2**32 - 1), st.integers(5, 200), st.integers(1, 7))
def test_the_sample_of_many_numbers_depends_on_the_numbers_alone(seed, most, parts):
    """Any order and any batches keep the same numbers with the same counts, and short numbers stay."""
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(size=1000), np.zeros(300)])
    one, other = NumberCounts(most), NumberCounts(most)
    one.add(values, np.ones(1300))
    for part in np.array_split(rng.permutation(values), parts):
        other.add(part, np.ones(len(part)))
    for mine, its in zip(one.counted(), other.counted(), strict=True):
        np.testing.assert_array_equal(mine, its)
    kept, times = one.counted()
    assert len(kept) <= most
    assert times[kept == 0.0].tolist() == [300.0]

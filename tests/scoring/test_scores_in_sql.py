"""DuckDB, PostgreSQL and Spark give the bits of the batch, whatever stands in names, texts and rows."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.scoring import model_sql
from evenhand.terms import Binning, FeatureView, Model, Pair, UsageError
from scoring.engine_cases import in_numpy, odd_model, odd_rows

SEEDS = st.integers(0, 2**32 - 1)
TABLE = 'people"; DROP TABLE people; --'


def _kinds(model: Model) -> dict[str, str]:
    """Kind of every raw column."""
    return {
        name: binning.kind
        for binning in model.view.binnings
        for name in ([f"{binning.name}@{o}" for o in model.offers] if binning.per_offer else [binning.name])
    }


def _check(model: Model, columns: dict[str, list[Any]], offer: int, rows: list[tuple[Any, ...]]) -> None:
    score, parts = in_numpy(model, columns, offer)
    got = np.array(sorted(rows), np.int64)
    np.testing.assert_array_equal(got[:, 0], np.arange(len(score)))
    np.testing.assert_array_equal(got[:, 1], score)
    np.testing.assert_array_equal(got[:, 2:], parts)


def _one_category(*texts: str) -> Model:
    table = np.arange(len(texts) + 3, dtype=np.int32)[None] * 7
    view = FeatureView("Marketing", (Binning("c", "category", categories=texts),), "")
    return Model(view, ("o",), np.array([5]), (table,), {}, {}, "")


@pytest.fixture(scope="module")
def duck() -> Iterator[Any]:
    """DuckDB in memory: no extension is fetched or loaded, nothing outside is read."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed: pip install 'evenhand[duckdb]'")
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_access": False,
            "threads": 1,
        },
    )
    yield connection
    connection.close()


def _fill(connection: Any, name: Any, model: Model, columns: dict[str, list[Any]], double: str, mark: str) -> None:
    kinds = _kinds(model)
    typed = ", ".join(f"{name(c)} {double if kinds[c] == 'number' else 'text'}" for c in columns)
    connection.execute(f"DROP TABLE IF EXISTS {name(TABLE)}")
    connection.execute(f"CREATE TABLE {name(TABLE)} ({name('key')} bigint, {typed})")
    values = [(i, *row) for i, row in enumerate(zip(*columns.values(), strict=True))]
    cursor = connection.cursor()
    cursor.executemany(f"INSERT INTO {name(TABLE)} VALUES ({', '.join([mark] * (len(columns) + 1))})", values)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.duckdb
@given(SEEDS)
def test_duckdb_has_the_bits_of_the_batch(duck, seed):
    """Any model, any row: score and every contribution."""
    rng = np.random.default_rng(seed)
    model = odd_model(rng)
    columns = odd_rows(rng, model, 30)
    _fill(duck, _quoted, model, columns, "double", "?")
    for offer, name in enumerate(model.offers):
        query = model_sql(model, "duckdb", TABLE, name, keep=["key"], contributions=True)
        _check(model, columns, offer, duck.execute(query).fetchall())


@pytest.mark.duckdb
@given(st.lists(st.text(max_size=6), min_size=1, max_size=6, unique=True))
def test_no_text_of_a_category_is_run_or_mistaken(duck, texts):
    """Quotes, backslashes, NUL and half surrogate pairs: each is itself or nothing."""
    model = _one_category(*texts)
    holdable = [text for text in texts if "\0" not in text]
    duck.execute("CREATE OR REPLACE TABLE t (key bigint, c text)")
    duck.cursor().executemany("INSERT INTO t VALUES (?, ?)", list(enumerate([*holdable, None])))
    rows = duck.execute(model_sql(model, "duckdb", "t", keep=["key"], contributions=True)).fetchall()
    _check(model, {"c": [*holdable, None]}, 0, rows)


@pytest.mark.duckdb
def test_a_category_may_be_a_number_in_the_table(duck):
    """Whole numbers and truth values as they are, floating-point ones when named: 1.0 is the category 1."""
    model = _one_category("-0", "1", "1.0", "2.5", "inf", "true")
    values = [1.0, 2.5, -0.0, math.inf, math.nan, 3.0, None]
    duck.execute("CREATE OR REPLACE TABLE t (key bigint, c double)")
    duck.cursor().executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(values)))
    query = model_sql(model, "duckdb", "t", keep=["key"], contributions=True, numeric_categories=["c"])
    _check(model, {"c": values}, 0, duck.execute(query).fetchall())
    duck.execute("CREATE OR REPLACE TABLE t AS SELECT * FROM (VALUES (0, true), (1, false), (2, NULL)) v(key, c)")
    rows = duck.execute(model_sql(model, "duckdb", "t", keep=["key"], contributions=True)).fetchall()
    _check(model, {"c": [True, False, None]}, 0, rows)
    duck.execute("CREATE OR REPLACE TABLE t AS SELECT * FROM (VALUES (0, 1), (1, 12)) v(key, c)")
    rows = duck.execute(model_sql(model, "duckdb", "t", keep=["key"], contributions=True)).fetchall()
    _check(model, {"c": [1, 12]}, 0, rows)


@pytest.mark.duckdb
def test_a_column_that_ignores_case_is_read_exactly(duck):
    """The order and likeness of texts that a table declares do not matter: a category goes by its characters."""
    duck.execute("CREATE OR REPLACE TABLE t (key bigint, c text COLLATE nocase)")
    duck.execute("INSERT INTO t VALUES (0, 'east'), (1, 'EAST'), (2, '')")
    rows = duck.execute(model_sql(_one_category("east"), "duckdb", "t", keep=["key"], contributions=True)).fetchall()
    _check(_one_category("east"), {"c": ["east", "EAST", ""]}, 0, rows)


@pytest.mark.duckdb
def test_every_bin_of_a_full_byte_is_found(duck):
    """253 ordinary bins, and pairs as fine as the bins."""
    rng = np.random.default_rng(3)
    cuts = tuple(np.unique(rng.normal(size=252)).tolist())
    binnings = (Binning("a", "number", cuts), Binning("b", "number", cuts[:40]))
    pair = Pair(0, 1, (0, *range(255)), (0, *range(43)))
    tables = tuple(rng.integers(-(10**6), 10**6, (1, part.size)).astype(np.int32) for part in (*binnings, pair))
    model = Model(FeatureView("M", binnings, ""), ("o",), np.array([1]), tables, {}, {}, "", (pair,))
    columns: dict[str, list[Any]] = {"a": [*cuts, None], "b": [*cuts[::-1], None]}
    _fill(duck, _quoted, model, columns, "double", "?")
    query = model_sql(model, "duckdb", TABLE, keep=["key"], contributions=True)
    _check(model, columns, 0, duck.execute(query).fetchall())


@pytest.mark.postgres
@settings(max_examples=25)
@given(SEEDS)
def test_postgresql_has_the_bits_of_the_batch(postgres_url, seed):
    """A real server, with either meaning of a backslash in plain literals."""
    psycopg = pytest.importorskip("psycopg")

    rng = np.random.default_rng(seed)
    model = odd_model(rng)
    columns = odd_rows(rng, model, 20)
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"SET standard_conforming_strings = {rng.choice(['on', 'off'])}")

        def name(raw: str) -> str:
            return _quoted(raw).replace("%", "%%")

        kinds = _kinds(model)
        connection.execute(f"DROP TABLE IF EXISTS {_quoted(TABLE)}")
        typed = ", ".join(f"{_quoted(c)} {'float8' if kinds[c] == 'number' else 'text'}" for c in columns)
        connection.execute(f"CREATE TABLE {_quoted(TABLE)} (key bigint, {typed})")
        values = [(i, *row) for i, row in enumerate(zip(*columns.values(), strict=True))]
        marks = ", ".join(["%s"] * (len(columns) + 1))
        connection.cursor().executemany(f"INSERT INTO {name(TABLE)} VALUES ({marks})", values)
        for offer, id_ in enumerate(model.offers):
            query = model_sql(model, "postgresql", ("public", TABLE), id_, keep=["key"], contributions=True)
            _check(model, columns, offer, connection.execute(query).fetchall())


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A real Spark on this machine, with the standard rules for types."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'evenhand[spark]'")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    session = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.spark
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("escaped", ["true", "false"])
def test_spark_has_the_bits_of_the_batch(spark, seed, escaped):
    """A real Spark, with either meaning of a backslash in literals."""
    from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

    spark.conf.set("spark.sql.parser.escapedStringLiterals", escaped)
    rng = np.random.default_rng(seed)
    model = odd_model(rng)
    columns = odd_rows(rng, model, 25)
    kinds = _kinds(model)
    fields = [StructField(c, DoubleType() if kinds[c] == "number" else StringType()) for c in columns]
    values = [(i, *row) for i, row in enumerate(zip(*columns.values(), strict=True))]
    frame = spark.createDataFrame(values, StructType([StructField("key", LongType()), *fields]))
    frame.createOrReplaceTempView("people")
    for offer, name in enumerate(model.offers):
        query = model_sql(model, "spark", "people", name, keep=["key"], contributions=True)
        _check(model, columns, offer, [tuple(row) for row in spark.sql(query).collect()])


def test_a_name_that_no_database_has_is_refused():
    """Neither an empty one nor one with a NUL."""
    for table in ("", "a\0b"):
        with pytest.raises(UsageError, match="empty or holds a NUL"):
            model_sql(_one_category("x"), "duckdb", table)


def test_names_that_a_database_takes_for_one_are_refused():
    """DuckDB and Spark ignore case; PostgreSQL does not. A kept column may not be called like a result."""
    view = FeatureView("M", (Binning("Age", "number"), Binning("age", "number")), "")
    model = Model(view, ("o",), np.array([0]), (np.zeros((1, 4), np.int32),) * 2, {}, {}, "")
    for dialect in ("duckdb", "spark"):
        with pytest.raises(UsageError, match="same name"):
            model_sql(model, dialect, "t")
    assert "score" in model_sql(model, "postgresql", "t")
    with pytest.raises(UsageError, match="same name"):
        model_sql(_one_category("x"), "postgresql", "t", keep=["score"])


def test_a_database_that_was_not_tried_is_refused():
    """Only dialects that were shown to give the same bits."""
    with pytest.raises(UsageError, match="no dialect 'oracle'"):
        model_sql(_one_category("x"), "oracle", "t")

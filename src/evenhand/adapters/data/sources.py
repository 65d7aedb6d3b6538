"""Histories larger than memory: rows are read in batches, turned into bin codes, counted and forgotten.

Each table here can be read again and again: a Parquet file, a query of DuckDB, or a Spark data frame, whose partitions
count their own rows and send counts alone to the driver. A fit takes a dozen readings or two. Because every count is a
whole number, the fit has the same bits as in memory, whatever the batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.features import encode
from evenhand.scoring import Chunk, Source, Work
from evenhand.terms import Binning, DataError

from ..models._estimator_input import InputTable, numbers_in
from ..models._first_reading import Stated

__all__ = ["Batches", "DuckTable", "ParquetTable", "SparkTable"]

_BATCH = 131_072


class Batches(Protocol):
    """A table that can be read in batches, as often as one likes."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        ...

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Some rows at a time, these columns of them."""
        ...

    def source(self, binnings: tuple[Binning, ...], stated: Stated) -> Source:
        """Its rows as bin codes, for a fit."""
        ...


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file, or several that a pattern names.

    Attributes:
        path: file, folder or pattern.
        rows: rows read at once.

    Raises:
        DataError: it cannot be read.
    """

    path: str | Path
    rows: int = _BATCH

    @property
    def columns(self) -> tuple[str, ...]:
        """See `Batches.columns`."""
        with _reading("The Parquet file"):
            return tuple(pl.scan_parquet(self.path).collect_schema().names())

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """See `Batches.batches`; only the row groups of a batch are read."""
        with _reading("The Parquet file"):
            table = pl.scan_parquet(self.path).select(columns)
            count = int(table.select(pl.len()).collect().item())
            for start in range(0, count, self.rows):
                yield table.slice(start, self.rows).collect()

    def source(self, binnings: tuple[Binning, ...], stated: Stated) -> Source:
        """See `Batches.source`."""
        return _Counted(self, binnings, stated)


@dataclass(frozen=True, slots=True)
class DuckTable:
    """A query of DuckDB (which reads CSV, Parquet, SQLite, PostgreSQL ... and tables of its own).

    Attributes:
        connection: of the package ``duckdb``, not used for anything else while a model is learned; needs pyarrow.
        query: a SELECT without a closing semicolon. Its rows must be the same each time, in any order.
        rows: rows read at once.
    """

    connection: Any
    query: str
    rows: int = _BATCH

    @property
    def columns(self) -> tuple[str, ...]:
        """See `Batches.columns`."""
        return tuple(self.connection.sql(self.query).columns)

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """See `Batches.batches`."""
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        found = self.connection.sql(f"SELECT {quoted} FROM ({self.query})")
        reader = found.to_arrow_reader if hasattr(found, "to_arrow_reader") else found.fetch_arrow_reader
        for batch in reader(self.rows):
            yield _frame_of(batch)

    def source(self, binnings: tuple[Binning, ...], stated: Stated) -> Source:
        """See `Batches.source`."""
        return _Counted(self, binnings, stated)


@dataclass(frozen=True, slots=True)
class SparkTable:
    """A Spark data frame, whose partitions count where they lie; the workers need evenhand installed.

    Where bins are to be learned, the first reading streams the columns through the driver; hand over ``binnings``
    learned from a sample to spare that.

    Attributes:
        frame: a `pyspark.sql.DataFrame`; cache it, since it is read a dozen times.
        rows: rows streamed at once.
    """

    frame: Any
    rows: int = _BATCH

    @property
    def columns(self) -> tuple[str, ...]:
        """See `Batches.columns`."""
        return tuple(self.frame.columns)

    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """See `Batches.batches`."""
        held: list[tuple[Any, ...]] = []
        chosen = self.frame.select(*(_spark_name(name) for name in columns))
        for row in chosen.toLocalIterator(prefetchPartitions=True):
            held.append(tuple(row))
            if len(held) == self.rows:
                yield pl.DataFrame(held, schema=list(columns), orient="row", infer_schema_length=None)
                held = []
        if held:
            yield pl.DataFrame(held, schema=list(columns), orient="row", infer_schema_length=None)

    def source(self, binnings: tuple[Binning, ...], stated: Stated) -> Source:
        """See `Batches.source`."""
        return _CountedBySpark(self.frame, binnings, stated)


def chunk_of(frame: pl.DataFrame, binnings: tuple[Binning, ...], stated: Stated) -> Chunk:
    """A batch as bin codes, outcomes, weights and whose the rows are; rows of weight zero are left out."""
    weight = None if stated.weight is None else stated.weights(frame[stated.weight])
    if weight is not None and not weight.all():
        frame, weight = frame.filter(pl.Series(weight > 0)), weight[weight > 0]
    table = InputTable(tuple(frame.columns), tuple(frame.get_columns()), frame.height, True)
    codes = tuple(encode(binning, table.values(table.names.index(binning.name))) for binning in binnings)
    given = stated.values(frame[stated.outcome])
    outcome = numbers_in(given) if stated.positive is None else (given == stated.positive).astype(np.float64)
    return Chunk(codes, outcome, weight, None if stated.people is None else stated.people.whose(frame))


@dataclass(frozen=True, slots=True)
class _Counted:
    """A table's rows, counted here."""

    table: Batches
    binnings: tuple[Binning, ...]
    stated: Stated

    def total(self, work: Work) -> NDArray[np.float64]:
        counts = work.start()
        for frame in self.table.batches(_needed(self.binnings, self.stated)):
            work.add(counts, chunk_of(frame, self.binnings, self.stated))
        return counts


@dataclass(frozen=True, slots=True)
class _CountedBySpark:
    """A Spark frame's rows, counted by its partitions; their counts are added up on the driver, one at a time."""

    frame: Any
    binnings: tuple[Binning, ...]
    stated: Stated

    def total(self, work: Work) -> NDArray[np.float64]:
        binnings, stated = self.binnings, self.stated
        names = _needed(binnings, stated)

        def count(batches: Iterator[Any]) -> Iterator[Any]:
            import pyarrow as pa  # type: ignore[import-untyped]

            counts = work.start()
            for batch in batches:
                work.add(counts, chunk_of(_named(_frame_of(batch), names), binnings, stated))
            yield pa.RecordBatch.from_pydict({"counts": pa.array([counts.tobytes()], pa.binary())})

        counts = work.start()
        chosen = self.frame.select(*(_spark_name(name) for name in names))
        chosen = chosen.toDF(*(f"c{place}" for place in range(len(names))))  # mapInArrow quotes no names
        for row in chosen.mapInArrow(count, "counts binary").toLocalIterator():
            counts += np.frombuffer(row["counts"], np.float64).reshape(counts.shape)
        return counts


def _needed(binnings: tuple[Binning, ...], stated: Stated) -> list[str]:
    person = None if stated.people is None else stated.people.column
    return [*(one.name for one in binnings), stated.outcome, *filter(None, (stated.weight, person))]


def _spark_name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _frame_of(batch: Any) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _named(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


class _reading:  # noqa: N801
    """What cannot be read is said in our words."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (OSError, pl.exceptions.PolarsError)):
            raise DataError(
                "table-unreadable",
                f"{self._what} cannot be read ({type(error).__name__}).",
                rule="the table stays where it is, unchanged, while a model is learned from it",
                remedy="look at its path, its columns and its permissions",
            ) from error

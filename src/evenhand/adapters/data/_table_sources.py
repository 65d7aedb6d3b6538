"""Where the columns of a table are: in memory, or in a Parquet file that is read column by column."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl

from evenhand.terms import DataError

from .columns import kind_of, texts_of
from .csv_file import typed_column

__all__ = ["CsvSnapshot", "ParquetFile", "Snapshot", "TableSource"]


class TableSource(Protocol):
    """One snapshot of a table."""

    names: tuple[str, ...]
    rows: int

    def typed(self, name: str) -> pl.Series:
        """The column with the type that its values have."""
        ...

    def text(self, name: str) -> pl.Series:
        """The column as it is written; for ids, outcomes and groups."""
        ...

    def digest(self) -> str:
        """SHA-256 (hex) of what was read."""
        ...


class Snapshot:
    """Columns in memory."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.names = tuple(frame.columns)
        self.rows = frame.height
        self._frame = frame

    def typed(self, name: str) -> pl.Series:
        return self._frame.get_column(name)

    def text(self, name: str) -> pl.Series:
        return self._frame.get_column(name)

    def digest(self) -> str:
        whole = hashlib.sha256()
        for name in sorted(self.names):
            whole.update(hashlib.sha256(_column_bytes(name, self._frame.get_column(name))).digest())
        return whole.hexdigest()


class CsvSnapshot(Snapshot):
    """Columns of a CSV file: text as written, typed on demand."""

    def __init__(self, frame: pl.DataFrame, digest: str) -> None:
        super().__init__(frame)
        self._digest = digest
        self._typed: dict[str, pl.Series] = {}

    def typed(self, name: str) -> pl.Series:
        if name not in self._typed:
            self._typed[name] = typed_column(self._frame.get_column(name))
        return self._typed[name]

    def digest(self) -> str:
        return self._digest


class ParquetFile:
    """A Parquet file; each column is read when it is asked for, and the file may not change in between."""

    def __init__(self, where: str, path: Path, digest: str) -> None:
        self._where = where
        self._path = path
        self._stamp = self._stamped()
        self._digest = digest
        try:
            lazy = pl.scan_parquet(path)
            self.names = tuple(lazy.collect_schema().names())
            self.rows = int(lazy.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._broken(error) from None

    def typed(self, name: str) -> pl.Series:
        try:
            series = pl.scan_parquet(self._path).select(name).collect().to_series()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._broken(error) from None
        if self._stamped() != self._stamp:
            raise DataError(
                "data-changed",
                f"{self._where} changed while it was being read.",
                rule="a run decides on one state of the data",
                remedy="start again when the file is complete",
            )
        return series

    def text(self, name: str) -> pl.Series:
        return self.typed(name)

    def digest(self) -> str:
        return self._digest

    def _stamped(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _broken(self, error: Exception) -> DataError:
        return DataError(
            "data-broken-parquet",
            f"{self._where} cannot be read as Parquet ({type(error).__name__}).",
            rule="a Parquet file is complete, from its first to its last four bytes",
            remedy="make the file again; it may be cut off, or not Parquet",
        )


def _column_bytes(name: str, series: pl.Series) -> bytes:
    """The same bytes for the same content, whatever frame or database it came from."""
    if kind_of(series) == "number":
        numbers = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        numbers[np.isnan(numbers)] = np.nan
        return f"number {name}\0".encode() + (numbers + 0.0).astype("<f8").tobytes()
    values = texts_of(series).tolist()
    lengths = np.array([-1 if value is None else len(value) for value in values], dtype="<i8")
    return f"text {name}\0".encode() + lengths.tobytes() + "".join(value or "" for value in values).encode()

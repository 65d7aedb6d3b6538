"""Tables in: a CSV or Parquet file, a table of a database, or any data frame; only the named columns are read.

A `DataTable` hands out one column at a time. Parquet columns are read from the file when they are asked for; all other
sources are read once, as one snapshot.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.policy import Table
from evenhand.terms import DataError, StoreError

from ._column_names import check_names
from ._table_parsing import (
    MixedColumn,
    age_bands,
    edge_bands,
    looks_like_age,
    mixed_numbers,
    numbers_or_dates,
    parse_answers,
    parse_outcome,
    parse_weights,
    quantile_bands,
)
from ._table_sources import CsvSnapshot, ParquetFile, Snapshot, TableSource
from .columns import ColumnKind, TableColumns, as_text, kind_of, texts_of
from .csv_file import csv_header, read_csv
from .frames import frame_names, read_frame
from .sql_tables import read_sql

__all__ = ["DataTable", "MixedColumn", "open_frame", "open_table"]

_CSV = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".pq")
_MOST_GROUPS = 20
_PARTS = {"quarters": 4, "quintiles": 5, "deciles": 10}
_MOST_TEXTS = 200


class DataTable:
    """A table of people or of history rows.

    Attributes:
        where: what messages call it.
        names: every column of the source, also those that may not be read.
    """

    def __init__(self, where: str, names: Sequence[str], source: TableSource, *, may_be_empty: bool = False) -> None:
        if not source.rows and not may_be_empty:
            raise DataError(
                "data-empty",
                f"{where} has no rows.",
                rule="a table has a header and at least one row",
                remedy="check how it was made",
            )
        self.where = where
        self.names = tuple(names)
        self._source = source

    def __len__(self) -> int:
        return self._source.rows

    def digest(self) -> str:
        """SHA-256 (hex) of what was read: of the file's bytes, or of the columns of a frame or database table."""
        return self._source.digest()

    def kind(self, name: str) -> ColumnKind:
        """What a column holds."""
        return kind_of(self._source.typed(self._known(name)))

    def series(self, name: str) -> pl.Series:
        """One column as a polars series, typed."""
        return self._source.typed(self._known(name))

    def columns(self, names: Sequence[str]) -> TableColumns:
        """The named columns for gate 2, and no others."""
        return TableColumns(self.where, [self._known(name) for name in names], self._source.typed)

    def ids(self, name: str, *, unique: bool) -> list[str]:
        """Text of each row's subject id, exactly as written.

        Args:
            name: the identifier column.
            unique: subjects stand there once each; history rows may repeat them.

        Raises:
            DataError: an id is missing, or stands there twice; counts only, never an id.
        """
        ids = as_text(self._source.text(self._known(name)))
        missing = ids.null_count()
        if missing:
            raise DataError(
                "data-missing-ids",
                f"{missing} of {len(ids)} rows of {self.where} have no id in column {name!r}.",
                rule="every row belongs to one subject",
                remedy="give each row its subject id, or remove these rows",
            )
        repeated = len(ids) - ids.n_unique() if unique else 0
        if repeated:
            raise DataError(
                "data-duplicate-ids",
                f"{repeated} rows of {self.where} repeat an id (column {name!r}) that stands there already.",
                rule="one row per id",
                remedy="keep one row for each id",
            )
        return list(ids.to_list())

    def texts(self, name: str) -> list[str | None]:
        """Text of each value as written, None where missing."""
        return list(texts_of(self._source.text(self._known(name))).tolist())

    def groups(self, name: str, cut: str | int | Sequence[float] | None = None) -> list[str | None]:
        """Group of each person by a sensitive column, for the vault; None where unknown.

        Text and small numbers stay as they are. A column named after age becomes age bands (17 or younger, 18-24,
        25-34 ... 75 or older; impossible ages are unknown, and so are values that are no numbers where nine in ten
        are); any other number with more than 20 different values becomes its four quarters.

        Args:
            name: the column.
            cut: into which parts a number is cut: quarters, quintiles, deciles, so many parts of equal size, or the
                values at which a group begins; None = as above.

        Raises:
            DataError: nearly every person has a text of their own, so that naming groups would name people; or what is
                to be cut is no number.
        """
        typed = self._source.typed(self._known(name))
        is_number = kind_of(typed) == "number"
        if cut is not None and not is_number:
            written = pl.Series(self.texts(name), dtype=pl.String).drop_nulls()
            odd = int(written.str.strip_chars().cast(pl.Float64, strict=False).is_null().sum())
            raise DataError(
                "data-not-a-number",
                f"Column {name!r} of {self.where} is to be cut into groups and {odd} of its {len(written)} values are"
                " no numbers.",
                rule="a cut makes groups of a number",
                remedy="leave these values empty (they count as unknown) or write them as numbers, such as 12345.67;"
                " else take cut out of the column's declaration",
            )
        if is_number and (cut is not None or typed.n_unique() > _MOST_GROUPS):
            numbers = typed.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            if isinstance(cut, Sequence) and not isinstance(cut, str):
                return edge_bands(numbers, cut)
            if cut is None and looks_like_age(name):
                return age_bands(numbers)
            return quantile_bands(numbers, _PARTS[cut] if isinstance(cut, str) else cut or 4)
        texts = self.texts(name)
        mixed = mixed_numbers(name, pl.Series(texts, dtype=pl.String), _MOST_GROUPS)
        if mixed is not None and mixed[0].banded:
            return age_bands(mixed[1])
        known = [text for text in texts if text is not None]
        different = len(set(known))
        if different > _MOST_GROUPS and (different > _MOST_TEXTS or 2 * different > len(known)):
            raise DataError(
                "data-not-groups",
                f"Column {name!r} of {self.where} has {different} different texts among {len(known)} values.",
                rule="G-32: a group is shared by many people; a text of one's own would name the person in a report",
                remedy="merge the values into broader groups, or give the column the role forbidden",
            )
        return texts

    def mixed(self, name: str) -> MixedColumn | None:
        """Of a sensitive column of numbers in which some values are none, which makes it text: how many of each."""
        if self.kind(name) != "text":
            return None
        found = mixed_numbers(name, pl.Series(self.texts(name), dtype=pl.String), _MOST_GROUPS)
        return None if found is None else found[0]

    def outcome(self, name: str) -> NDArray[np.uint8]:
        """1 or 0 per row, from 1/0, true/false, yes/no (ja/nee).

        Raises:
            DataError: another value, a missing one, or the same one everywhere.
        """
        return parse_outcome(self.where, name, self._source.text(self._known(name)))

    def answers(self, name: str) -> NDArray[np.uint8]:
        """As `outcome`, and it may be the same everywhere: what was delivered, what followed.

        Raises:
            DataError: another value, or a missing one.
        """
        return parse_answers(self.where, name, self._source.text(self._known(name)))

    def weights(self, name: str, largest: float) -> NDArray[np.int64]:
        """An importance weight per row, in parts per million.

        Raises:
            DataError: one is missing, no number, below 0 or above the largest.
        """
        return parse_weights(self.where, name, self._source.typed(self._known(name)), largest)

    def order(self, name: str) -> NDArray[np.float64]:
        """A number per row to order by: the number itself, or days since 1970 for dates (ISO 8601 text too)."""
        return numbers_or_dates(self.where, name, self._source.typed(self._known(name)))

    def _known(self, name: str) -> str:
        check_names(self.where, [name], self._source.names)
        return name


def open_table(
    table: Table,
    folder: Path,
    *,
    columns: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    may_be_empty: bool = False,
) -> DataTable:
    """Open what the campaign file points at.

    Args:
        table: the declaration: a file, or a database and its table.
        folder: folder of the campaign file, that file names are relative to.
        columns: the only columns to read; None = all (for drafting).
        environ: environment variables, for the address of a database; the process's own by default.
        may_be_empty: a header alone will do.

    Raises:
        DataError: it is not there, not a table, lacks columns or has no rows.
        StoreError: a database cannot be reached, or a file not be read.
    """
    if table.file is None:
        where = f"table {table.table!r}"
        names, frame = read_sql(table, folder, columns, os.environ if environ is None else environ)
        return DataTable(where, names, Snapshot(frame), may_be_empty=may_be_empty)
    path = folder / table.file
    where = path.name
    suffix = path.suffix.lower()
    if suffix not in _CSV + _PARQUET and path.is_file():
        raise DataError(
            "data-unknown-type",
            f"{where} is neither CSV nor Parquet (it ends in {suffix or 'nothing'!r}).",
            rule=f"files end in {', '.join(_CSV + _PARQUET)}",
            remedy="save it as CSV in UTF-8 or as Parquet",
        )
    data = _read_bytes(where, path)
    digest = hashlib.sha256(data).hexdigest()
    if suffix in _PARQUET:
        source = ParquetFile(where, path, digest)
        check_names(where, columns or (), source.names)
        return DataTable(where, source.names, source, may_be_empty=may_be_empty)
    names, _ = csv_header(where, data)
    wanted = tuple(dict.fromkeys(names if columns is None else columns))
    check_names(where, wanted, names)
    return DataTable(where, names, CsvSnapshot(read_csv(where, data, wanted), digest), may_be_empty=may_be_empty)


def open_frame(frame: Any, *, columns: Sequence[str] | None = None, may_be_empty: bool = False) -> DataTable:
    """Open any data frame that narwhals knows: pandas, polars, pyarrow, duckdb ...

    Args:
        frame: the frame; it is not changed.
        columns: the only columns to read; None = all.
        may_be_empty: columns without rows will do.

    Raises:
        UsageError: it is not a data frame.
        DataError: it lacks columns, has two of one name, mixes types or has no rows.
    """
    names = frame_names(frame)
    wanted = tuple(dict.fromkeys(names if columns is None else columns))
    check_names("the data frame", wanted, names)
    return DataTable("the data frame", names, Snapshot(read_frame(frame, wanted)), may_be_empty=may_be_empty)


def _read_bytes(where: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, [other.name for other in path.parent.glob("*")], 1, 0.6)
        raise DataError(
            "data-missing-file",
            f"There is no file {where}" + (f"; did you mean {near[0]}?" if near else "."),
            rule="file names are relative to the campaign file",
            remedy="correct the name, or put the file there",
        ) from None
    except IsADirectoryError:
        raise DataError(
            "data-directory",
            f"{where} is a folder.",
            rule="a table is one CSV or Parquet file",
            remedy="name the file inside it",
        ) from None
    except OSError as error:
        raise StoreError(
            "data-unreadable",
            f"{where} cannot be read ({error.strerror or type(error).__name__}).",
            rule="evenhand reads with your permissions",
            remedy="check the file's permissions and its disk",
        ) from error

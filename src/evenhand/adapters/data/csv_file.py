"""CSV files, checked line by line before they are believed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from evenhand.terms import DataError

__all__ = ["csv_header", "read_csv", "typed_column"]

_CHUNK = 8 * 2**20
_ABSENT = ["", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan"]
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?inf$"
_DECIMAL_COMMA = r"^[+-]?\d+(,\d+)?$"
_CODE = r"^[+-]?0\d"
"""A number that starts with a superfluous zero is a code (a postcode, a customer number) and stays text."""


def csv_header(where: str, data: bytes) -> tuple[tuple[str, ...], str]:
    """Column names and separator (comma, semicolon, tab or bar) of a CSV file.

    Raises:
        DataError: not UTF-8, empty, or a column name is empty or stands there twice.
    """
    _check_utf8(where, data)
    first = data.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0].decode().rstrip("\r")
    if not first.strip():
        raise DataError(
            "data-empty",
            f"{where} is empty.",
            rule="a table has a header line and at least one row",
            remedy="check how the file was made",
        )
    unquoted = re.sub(r'"[^"]*"', "", first)
    separator = max(",;\t|", key=unquoted.count)
    names = tuple(name.strip() for name in next(csv.reader([first], delimiter=separator)))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            "data-duplicate-columns",
            f"{where} has columns of the same name, or without one: {', '.join(map(repr, twice))}.",
            rule="a column is found by its name",
            remedy="rename or remove the doubles in the header line",
        )
    return names, separator


def read_csv(where: str, data: bytes, names: Sequence[str]) -> pl.DataFrame:
    """The named columns as text, null where absent (empty, NA, N/A, NULL, NaN).

    Raises:
        DataError: not UTF-8, ragged lines, or not a CSV file at all.
    """
    header, separator = csv_header(where, data)
    _check_ragged(where, data, separator, len(header))
    body = data.rstrip(b"\r\n") + b"\n"
    try:
        frame = pl.read_csv(
            body,
            columns=sorted(header.index(name) for name in names),
            separator=separator,
            infer_schema=False,
            null_values=_ABSENT,
        )
        frame.columns = [name for name in header if name in set(names)]  # without the spaces around them
        return frame.select(names)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            "data-broken-csv",
            f"{where} cannot be read as CSV ({_why_broken(data, separator) or type(error).__name__}).",
            rule="one record per line, quotes closed",
            remedy="open it in a spreadsheet and save it again as CSV in UTF-8",
        ) from None


def _why_broken(data: bytes, separator: str) -> str:
    """Which record opens a quote that nothing closes, or closes it in the middle of a field; "" where none does."""
    records = 0
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    try:
        for _ in csv.reader(text, delimiter=separator, strict=True):
            records += 1
    except csv.Error:
        return f"a quote is not closed, or not doubled, in record {records + 1}; the header is 1"
    return ""


def typed_column(text: pl.Series) -> pl.Series:
    """A text column as numbers where every value is one (12, 1.5, 1e3; or 1,5 throughout); else as it is.

    Codes such as 0123 stay text, for as a number they would lose their zero.
    """
    known = text.drop_nulls()
    if known.is_empty() or bool(known.str.contains(_CODE).any()):
        return text
    if bool(known.str.contains(_NUMBER).all()):
        whole = bool(known.str.contains(r"^-?\d{1,18}$").all())
        return text.cast(pl.Int64 if whole else pl.Float64)
    if bool(known.str.contains(_DECIMAL_COMMA).all()):
        return text.str.replace(",", ".", literal=True).cast(pl.Float64)
    return text


def _check_utf8(where: str, data: bytes) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    for start in range(0, max(len(data), 1), _CHUNK):
        try:
            decoder.decode(view[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        except UnicodeDecodeError:
            line = data.count(b"\n", 0, _first_bad_byte(data, start)) + 1
            raise DataError(
                "data-not-utf8",
                f"{where} is not UTF-8 text (line {line}).",
                rule="CSV files are read as UTF-8",
                remedy=f"save it as 'CSV UTF-8', or convert it: iconv -f {_likely(data)} -t UTF-8",
            ) from None


def _likely(data: bytes) -> str:
    """The encoding to convert from: UTF-16 where its mark stands first, else what spreadsheets in the West write."""
    return "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "WINDOWS-1252"


def _first_bad_byte(data: bytes, start: int) -> int:
    begin = max(0, start - 3)  # a character may begin before the chunk
    while begin < start and data[begin] & 0xC0 == 0x80:
        begin += 1
    try:
        data[begin : start + _CHUNK].decode()
    except UnicodeDecodeError as error:
        return begin + error.start
    return start


def _check_ragged(where: str, data: bytes, separator: str, width: int) -> None:
    """Every record has as many fields as the header: counts separators in blocks, asks the csv module in doubt."""
    if width == 1 or _seems_even(data, ord(separator), width - 1):
        return
    text = io.TextIOWrapper(io.BytesIO(data.rstrip(b"\r\n")), encoding="utf-8-sig", newline="")
    for number, record in enumerate(csv.reader(text, delimiter=separator), start=1):
        if len(record) != width:
            raise DataError(
                "data-ragged-csv",
                f"Record {number} of {where} (the header is 1) has {len(record)} fields instead of {width}.",
                rule="every record has as many fields as the header",
                remedy="quote fields that hold the separator, and remove blank or broken lines",
            )


def _seems_even(data: bytes, separator: int, expected: int) -> bool:
    end = len(data.rstrip(b"\r\n"))
    content = np.frombuffer(data, dtype=np.uint8, count=end)
    inside, so_far = 0, 0
    for start in range(0, end, _CHUNK):
        block = content[start : start + _CHUNK]
        separators, ends = block == separator, block == 10
        quotes = block == 34
        if inside or quotes.any():
            outside = ((np.cumsum(quotes, dtype=np.int32) + inside) & 1) == 0
            separators, ends = separators & outside, ends & outside
            inside = (inside + int(np.count_nonzero(quotes))) & 1
        reached = np.cumsum(separators, dtype=np.int32)
        at_end = reached[ends].astype(np.int64) + so_far
        per_record = np.diff(at_end, prepend=0)
        if not (per_record == expected).all():
            return False
        so_far = int(reached[-1]) + so_far - (int(at_end[-1]) if len(at_end) else 0)
    return so_far == expected

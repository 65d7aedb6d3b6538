"""How three databases write names, texts, numbers and lookups; nothing here knows a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Protocol

from evenhand.terms import UsageError

__all__ = ["DIALECTS", "Dialect", "DialectName", "dialect_of"]

DialectName = Literal["duckdb", "postgresql", "spark"]

_PLAIN = re.compile(r"[A-Za-z0-9 _.,;:/()<>=+@#%&!?*-]*")
"""Texts that every dialect writes alike between single quotes, whatever its settings."""


class Dialect(Protocol):
    """One database's way of writing. Every text goes in as a literal and every name as a quoted identifier."""

    double: str
    """Type of a 64-bit float."""
    string: str
    """Type of a text."""
    exactly: str
    """What makes a comparison of texts go by their characters alone."""
    folds_case: bool
    """Quoted names that differ in case only are one name."""
    fence: str
    """Keeps a subquery from being merged into the query around it, where every use would work it out again."""

    def name(self, name: str) -> str:
        """A quoted identifier."""
        ...

    def text(self, text: str) -> str | None:
        """A literal; None for a text that no column of this database can hold."""
        ...

    def below(self, value: str, cuts: Sequence[float]) -> str:
        """Number of cuts at or below a double that is not missing; `cuts` is not empty."""
        ...

    def absent(self, value: str) -> str:
        """Whether a double is NULL or NaN."""
        ...

    def entry(self, table: Sequence[int], place: str) -> str:
        """Entry of a list of integers, counted from 1."""
        ...


def quoted(name: str, quote: str) -> str:
    """A name between quotes that are doubled inside; an empty name or a NUL is no name anywhere.

    >>> quoted('people"; DROP TABLE people; --', '"')
    '"people""; DROP TABLE people; --"'
    """
    if not name or "\0" in name:
        raise UsageError(
            "sql-name",
            "A name is empty or holds a NUL character.",
            rule="tables and columns have names that a database can have",
            remedy="rename the column or the table",
        )
    return quote + name.replace(quote, quote * 2) + quote


def _double(number: float) -> str:
    return f"CAST('{number!r}' AS DOUBLE)"


def _steps(value: str, cuts: Sequence[float], first: int) -> str:
    """Binary search as nested CASE: log2(cuts) comparisons for each value."""
    if not cuts:
        return str(first)
    middle = len(cuts) // 2
    below, above = _steps(value, cuts[:middle], first), _steps(value, cuts[middle + 1 :], first + middle + 1)
    return f"CASE WHEN {value} < {_double(cuts[middle])} THEN {below} ELSE {above} END"


def _in_utf8(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair is no text outside Python
        return None


class _DuckDB:
    double = "DOUBLE"
    string = "VARCHAR"
    exactly = ' COLLATE "binary"'
    folds_case = True
    fence = ""

    def name(self, name: str) -> str:
        return quoted(name, '"')

    def text(self, text: str) -> str | None:
        raw = _in_utf8(text)
        if raw is None or _PLAIN.fullmatch(text):
            return None if raw is None else f"'{text}'"
        return "decode('" + "".join(f"\\x{byte:02X}" for byte in raw) + "'::BLOB)"

    def below(self, value: str, cuts: Sequence[float]) -> str:
        return _steps(value, cuts, 0)

    def absent(self, value: str) -> str:
        return f"{value} IS NULL OR isnan({value})"

    def entry(self, table: Sequence[int], place: str) -> str:
        return f"([{', '.join(map(str, table))}]::INTEGER[])[{place}]"


class _PostgreSQL:
    double = "float8"
    string = "text"
    exactly = ' COLLATE "C"'
    folds_case = False
    fence = " OFFSET 0"

    def name(self, name: str) -> str:
        return quoted(name, '"')

    def text(self, text: str) -> str | None:
        if _in_utf8(text) is None or "\0" in text:
            return None
        return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def below(self, value: str, cuts: Sequence[float]) -> str:
        return f"width_bucket({value}, '{{{','.join(map(repr, cuts))}}}'::float8[])"

    def absent(self, value: str) -> str:
        return f"{value} IS NULL OR {value} = 'NaN'::float8"

    def entry(self, table: Sequence[int], place: str) -> str:
        return f"('{{{','.join(map(str, table))}}}'::int4[])[{place}]"


class _Spark:
    double = "DOUBLE"
    string = "STRING"
    exactly = ""
    folds_case = True
    fence = ""

    def name(self, name: str) -> str:
        return quoted(name, "`")

    def text(self, text: str) -> str | None:
        raw = _in_utf8(text)
        if raw is None or _PLAIN.fullmatch(text):
            return None if raw is None else f"'{text}'"
        return f"decode(X'{raw.hex().upper()}', 'UTF-8')"

    def below(self, value: str, cuts: Sequence[float]) -> str:
        return _steps(value, cuts, 0)

    def absent(self, value: str) -> str:
        return f"{value} IS NULL OR isnan({value})"

    def entry(self, table: Sequence[int], place: str) -> str:
        return f"element_at(array({', '.join(map(str, table))}), {place})"


DIALECTS: dict[str, Dialect] = {"duckdb": _DuckDB(), "postgresql": _PostgreSQL(), "spark": _Spark()}


def dialect_of(name: str) -> Dialect:
    """The dialect with this name.

    Raises:
        UsageError: there is none.
    """
    if name not in DIALECTS:
        raise UsageError(
            "sql-dialect",
            f"There is no dialect {name!r}.",
            rule="a model is written for databases on which it was shown to give the same bits",
            remedy=f"one of: {', '.join(DIALECTS)}",
        )
    return DIALECTS[name]

"""Rules about where a table is."""

from __future__ import annotations

from collections.abc import Iterator

from ._campaign import Table
from ._finding import Path, PolicyFinding, found

__all__ = ["review_table"]


def review_table(name: str, path: Path, table: Table) -> Iterator[PolicyFinding]:
    """Everything that is wrong with how a table is named: `name` in words, at `path` in the file."""
    if (table.file is None) == (table.sql is None):
        what = "names both a file and a database." if table.file else "names neither a file nor a database."
        yield found("EH-POL-020", path, f"{name} {what}", "Name one: file, or sql and table.")
    elif (table.sql is None) != (table.table is None):
        what = "names a database and no table." if table.sql else "names a table and no database."
        yield found("EH-POL-021", path, f"{name} {what}", "A database needs sql and table; a file needs neither.")
    if table.sql is not None and "://" in table.sql and not table.sql.startswith("sqlite:///"):
        yield found(
            "EH-POL-022",
            (*path, "sql"),
            f"{name} holds a database address, which may hold a password.",
            "Put the address in an environment variable and write that variable's name here.",
        )

"""Where a home keeps its records: in files of its folder, or on a PostgreSQL server that the environment names.

The address with its password stands in an environment variable and nowhere else: no option, no file. What stands in
the home, in ``database.json``, is the *name* of that variable and the schema. It is written by ``evenhand db upgrade``,
and from then on a start without the variable is refused, so that nobody begins a second ledger by forgetting it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any

from evenhand.terms import StoreError, UsageError

from .home import Home, json_bytes, write_atomically

__all__ = ["DATABASE", "KEYS_DATABASE", "Placement", "place_home", "placement_of", "refuse_odd_schema"]

DATABASE = "EVENHAND_DATABASE"
"""The variable that names the server, unless the home says another."""
KEYS_DATABASE = "EVENHAND_KEYS_DATABASE"
"""The variable that names another server for the keys of people; without it they stand in a schema of their own."""
_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_RULE = "the address of a database stands in an environment variable, never in an option or a shared file"


@dataclass(frozen=True, slots=True)
class Placement:
    """A place on a server.

    Attributes:
        variable: the environment variable that holds the address.
        schema: of the tables; those of keys stand in ``SCHEMA_keys``.
        url: the address, ``postgresql://...``; never shown.
        keys_url: the address for keys of people; the same where none is named.
    """

    variable: str
    schema: str
    url: str = field(repr=False)
    keys_url: str = field(repr=False)

    @property
    def keys_schema(self) -> str:
        """The schema of the keys of people."""
        return f"{self.schema}_keys"

    @property
    def keys(self) -> Placement:
        """The place of the keys of people."""
        variable = self.variable if self.keys_url == self.url else KEYS_DATABASE
        return Placement(variable, self.keys_schema, self.keys_url, self.keys_url)

    @property
    def patience(self) -> dict[str, Any]:
        """How long a server may say nothing: one that is cut off without a word is noticed within some 15 seconds. What
        the address says itself stays."""
        return {name: value for name, value in _PATIENCE.items() if f"{name}=" not in self.url}

    @property
    def vault(self) -> Placement:
        """The place of the vault: a schema of its own in the home's database."""
        return Placement(self.variable, f"{self.schema}_vault", self.url, self.keys_url)

    def broken(self) -> StoreError:
        """What is said where the address is none."""
        return StoreError(
            "database-address",
            f"{self.variable} is not the address of a PostgreSQL database.",
            rule=_RULE,
            remedy="write it as postgresql://USER:PASSWORD@HOST:5432/NAME, with other signs percent-encoded",
        )


def placement_of(home: Home) -> Placement | None:
    """Where on a server a home lives; None where it lives in its folder.

    Raises:
        StoreError: it lives on a server and nothing names that, or a home with a ledger in its folder is asked to live
            elsewhere.
    """
    noted = _noted(home)
    if noted is not None:
        return _placed(*noted)
    if not os.environ.get(DATABASE):
        return None
    if home.ledger.exists():
        raise StoreError(
            "home-two-databases",
            f"{home.folder} has its ledger in files, and {DATABASE} names a server.",
            rule="a home has one ledger, and does not move because a variable is set",
            remedy=f"unset {DATABASE} for this home, or name a new home",
        )
    return _placed(DATABASE, "evenhand")


def refuse_odd_schema(schema: str | None) -> None:
    """Refuse what is not the name of a schema; None is none, and may be.

    Raises:
        UsageError: it is not.
    """
    if schema is not None and not _SCHEMA.fullmatch(schema):
        raise UsageError(
            "database-schema",
            "That is not the name of a schema.",
            rule="a to z, digits and _, at most 40, no digit first",
            remedy="choose another name, such as evenhand",
        )


def place_home(home: Home, variable: str | None, schema: str | None) -> Placement | None:
    """Note that a home lives on the server that a variable names; what is left out stays as it was.

    Returns:
        The place; None where nothing names a server.

    Raises:
        UsageError: not the name of a variable or schema, or another schema than the one where the home's ledger is.
        StoreError: as `placement_of`, or the note cannot be written.
    """
    if variable is not None and not _VARIABLE.fullmatch(variable):
        raise UsageError(
            "database-variable",
            "That is not the name of an environment variable.",
            rule=_RULE,
            remedy=f"put the address into a variable, such as {DATABASE}, and pass its name",
        )
    refuse_odd_schema(schema)
    noted = _noted(home)
    if noted is None and variable is None and schema is None and not os.environ.get(DATABASE):
        return None
    if noted is None and home.ledger.exists():
        raise StoreError(
            "home-two-databases",
            f"{home.folder} has its ledger in files.",
            rule="a home has one ledger, and does not move because a variable is named",
            remedy="name a new home for the server",
        )
    if noted is not None and schema is not None and schema != noted[1]:
        raise UsageError(
            "database-other-schema",
            f"{home.folder} lives in the schema {noted[1]}.",
            rule="a home has one ledger",
            remedy="name a new home for another schema",
        )
    before = noted or (DATABASE, "evenhand")
    chosen = (variable or before[0], schema or before[1])
    placed = _placed(*chosen)
    if chosen != noted:
        write_atomically(home.database_note, json_bytes({"variable": chosen[0], "schema": chosen[1]}))
    return placed


def _placed(variable: str, schema: str) -> Placement:
    url = os.environ.get(variable, "")
    if not url:
        raise StoreError(
            "database-not-named",
            f"This home lives on a PostgreSQL server, and the environment variable {variable} is not set.",
            rule=_RULE,
            remedy=f"set {variable} to the address of the database",
        )
    keys = os.environ.get(KEYS_DATABASE, "") or url
    placement = Placement(variable, schema, _address(url), _address(keys))
    if not placement.url or not placement.keys_url:
        raise (placement if not placement.url else placement.keys).broken()
    return placement


def _address(url: str) -> str:
    """The address as ``postgresql://...``; "" where it is not one."""
    scheme, mark, rest = url.partition("://")
    is_one = mark and scheme in {"postgres", "postgresql", "postgresql+psycopg"}
    return f"postgresql://{rest}" if is_one else ""


def _noted(home: Home) -> tuple[str, str] | None:
    """Variable and schema as the home has them."""
    path = home.database_note
    try:
        kept = json.loads(path.read_text("utf-8"))
        variable, schema = kept["variable"], kept["schema"]
        if not _VARIABLE.fullmatch(variable) or not _SCHEMA.fullmatch(schema):
            raise ValueError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(
            "database-note",
            f"{path} cannot be read, or does not say where this home lives.",
            rule='it holds {"schema": "evenhand", "variable": "EVENHAND_DATABASE"}',
            remedy="restore it from a copy, or write it again",
        ) from None
    return variable, schema

"""What every part of a campaign file is made of: its form, its kinds of value, and where a table is."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, WithJsonSchema, model_serializer

__all__ = [
    "MICRO",
    "Declared",
    "Duration",
    "Identifier",
    "Money",
    "Period",
    "Table",
    "Text",
    "date_as_text",
    "shortest",
]

MICRO = 1_000_000
"""Micro-units in one unit of money: all arithmetic that decides is done in them, as integers."""

Money = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=6),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6})?$"}]}
    ),
]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Period = Annotated[str, Field(pattern=r"^P[1-9]\d{0,2}[WD]$")]
Duration = Annotated[str, Field(pattern=r"^P(\d+[YMWD])+$")]


def shortest(duration: str) -> timedelta:
    """The least that an ISO 8601 duration comes to: a month of 28 days, a year of 365.

    >>> shortest("P1Y6M").days
    533
    """
    days = {"Y": 365, "M": 28, "W": 7, "D": 1}
    return timedelta(days=sum(int(number) * days[unit] for number, unit in re.findall(r"(\d+)([YMWD])", duration)))


def date_as_text(value: object) -> object:
    """Some YAML readers make dates of texts that look like one."""
    return value.isoformat() if isinstance(value, date) else value


class Declared(BaseModel):
    """Frozen, and no key that is not declared.

    Attributes:
        later: fields that the format got after its first runs were recorded. Written out only where they say something,
            so that a campaign without them keeps the text, and the digest, that it had.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_the_unsaid(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        for name in self.later & type(self).model_fields.keys():
            if getattr(self, name) == type(self).model_fields[name].default:
                written.pop(name, None)
        return written


class Text(Declared):
    """A text in the languages that people are addressed in."""

    nl: str = Field(min_length=1, description="In plain Dutch.")
    en: str = Field(min_length=1, description="In plain English.")


class Table(Declared):
    """Where a table is: a file, or a table of a database."""

    file: str | None = Field(None, description="CSV or Parquet file, relative to the campaign file.")
    sql: str | None = Field(
        None,
        description="Database: sqlite:///FILE, or the NAME of an environment variable that "
        "holds a postgresql:// address (secrets never stand in this file).",
    )
    table: str | None = Field(None, description="Table of that database.")

"""What every part of a campaign file is made of: its form, its kinds of value, and where a table is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, WithJsonSchema, model_serializer

__all__ = ["MICRO", "Declared", "Duration", "Identifier", "Money", "Table", "Text", "date_as_text"]

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
Duration = Annotated[str, Field(pattern=r"^P(\d+[YMWD])+$")]


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

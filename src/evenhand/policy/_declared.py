"""What every part of a campaign file has in common: nothing undeclared, ids, and tables."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

__all__ = ["Declared", "Identifier", "Table"]

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


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


class Table(Declared):
    """Where a table is: a file, or a table of a database."""

    file: str | None = Field(None, description="CSV or Parquet file, relative to the campaign file.")
    sql: str | None = Field(
        None,
        description="Database: sqlite:///FILE, or the NAME of an environment variable that "
        "holds a postgresql:// address (secrets never stand in this file).",
    )
    table: str | None = Field(None, description="Table of that database.")

"""What a person takes with them (GDPR 20): what they gave and what was observed of them, and nothing worked out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from evenhand.terms import DataError, Origin

__all__ = ["PORTABILITY_SCHEMA", "Item", "Portability", "read_portability"]

_FIELDS = ("source", "table", "row", "name", "meaning", "origin", "value")
_SOURCES = ("subjects", "history", "vault", "events")

PORTABILITY_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evenhand portability package",
        "type": "object",
        "required": ["schema_version", "subject", "controller", "items", "consents"],
        "additionalProperties": False,
        "properties": {
            "schema_version": {"const": 1},
            "subject": {"type": "string", "description": "The person's id at the controller."},
            "controller": {"type": "string"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": list(_FIELDS),
                    "additionalProperties": False,
                    "properties": {
                        "source": {"enum": list(_SOURCES)},
                        "table": {
                            "type": "string",
                            "description": "Name of the table at the controller; of events the decision they followed.",
                        },
                        "row": {"type": "integer", "minimum": 1, "description": "Items of one row belong together."},
                        "name": {"type": "string", "description": "Name of the column."},
                        "meaning": {"type": "string", "description": "What it is, in plain words."},
                        "origin": {"enum": ["given", "observed"]},
                        "value": {"type": ["string", "null"], "description": "As it was written; null = not known."},
                    },
                },
            },
            "consents": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["kind", "purpose", "status", "at"],
                    "properties": {name: {"type": "string"} for name in ("kind", "purpose", "status", "at")},
                },
            },
        },
    }
)
"""JSON Schema of a package."""


@dataclass(frozen=True, slots=True)
class Item:
    """One value of one column.

    Attributes:
        source: ``subjects``, ``history``, ``vault`` or ``events``.
        table: name of the table; of events the decision that they followed.
        row: which of the person's rows of that table, from 1.
        name, meaning: the column, and what it is in plain words.
        origin: given, observed or inferred.
        value: as it was written; None where it is not known.
        corrected: it was corrected at the person's request.
    """

    source: str
    table: str
    row: int
    name: str
    meaning: str
    origin: Origin
    value: str | None
    corrected: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without whether it was corrected."""
        return {name: getattr(self, name) for name in _FIELDS} | {"origin": self.origin.value}


@dataclass(frozen=True, slots=True)
class Portability:
    """A package.

    Attributes:
        subject: the person's own id.
        controller: whose data it is.
        items: values that were given or observed.
        consents: what the person said, as plain values.
    """

    subject: str
    controller: str
    items: tuple[Item, ...]
    consents: tuple[Mapping[str, str], ...]

    @classmethod
    def of(
        cls, subject: str, controller: str, items: Iterable[Item], consents: Iterable[Mapping[str, str]]
    ) -> Portability:
        """A package of what may be in it: what was inferred is left out."""
        kept = tuple(one for one in items if one.origin is not Origin.INFERRED)
        return cls(subject, controller, kept, tuple(dict(one) for one in consents))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as `PORTABILITY_SCHEMA` says."""
        return {
            "schema_version": 1,
            "subject": self.subject,
            "controller": self.controller,
            "items": [one.to_dict() for one in self.items],
            "consents": [dict(one) for one in self.consents],
        }

    def to_csv(self) -> str:
        """The items as a table: one row per value, with the dictionary of data beside it."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, _FIELDS, lineterminator="\n")
        writer.writeheader()
        for one in self.items:
            writer.writerow({name: "" if value is None else value for name, value in one.to_dict().items()})
        return text.getvalue()

    def tables(self, subject: str) -> dict[str, str]:
        """The items as CSV tables for a new controller: one per source, a row where there was one, the person's id at
        the new controller first. Consents are in none: they were given to somebody else.

        Example:
            >>> visits = Item("subjects", "people.csv", 1, "visits", "number of visits", Origin.OBSERVED, "3")
            >>> Portability("7", "Shop", (visits,), ()).tables("1042")
            {'subjects': 'subject,visits\\n1042,3\\n'}
        """
        rows: dict[str, dict[tuple[str, int], dict[str, str]]] = {}
        for one in self.items:
            row = rows.setdefault(one.source, {}).setdefault((one.table, one.row), {"subject": subject})
            row["their subject" if one.name == "subject" else one.name] = one.value or ""
        out = {}
        for source, kept in rows.items():
            text = io.StringIO(newline="")
            names = dict.fromkeys(name for row in kept.values() for name in row)
            writer = csv.DictWriter(text, list(names), lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(kept.values())
            out[source] = text.getvalue()
        return out


def read_portability(text: str) -> Portability:
    """A package back from its JSON, or from its CSV, which holds the items alone.

    Raises:
        DataError: it is no package.
    """
    try:
        if text.startswith(",".join(_FIELDS)):
            read = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            rows = [{**row, "value": row["value"] or None} for row in read]
            content = {"schema_version": 1, "subject": "", "controller": "", "consents": [], "items": rows}
        else:
            content = json.loads(text)
        return _package(content)
    except (ValueError, KeyError, TypeError, csv.Error):
        raise DataError(
            "portability-package",
            "This is no portability package that evenhand knows.",
            rule="G-20: what a person takes along can be read again",
            remedy="use the file portability.json as it was given, with its schema beside it; or portability.csv",
        ) from None


def _package(content: Any) -> Portability:
    """Raises ValueError, KeyError or TypeError where it is none."""
    if content["schema_version"] != 1:
        raise ValueError
    items = tuple(Item(**{**one, "row": int(one["row"]), "origin": Origin(one["origin"])}) for one in content["items"])
    words = (word for one in items for word in (one.source, one.table, one.name, one.meaning, one.value or ""))
    if any(one.origin is Origin.INFERRED or one.source not in _SOURCES for one in items):
        raise ValueError
    if not all(isinstance(word, str) for word in words):
        raise TypeError
    consents = tuple(dict(one) for one in content["consents"])
    return Portability(str(content["subject"]), str(content["controller"]), items, consents)

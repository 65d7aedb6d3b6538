"""The record of processing (GDPR 30(1)), from what campaigns declare: as plain values, CSV, and W3C DPV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

__all__ = ["ROPA_FIELDS", "ProcessingRecord"]

ROPA_FIELDS = MappingProxyType(
    {
        "campaign": "30(1)",
        "controller": "30(1)(a)",
        "contact": "30(1)(a)",
        "officer": "30(1)(a)",
        "joint": "30(1)(a)",
        "representative": "30(1)(a)",
        "purpose": "30(1)(b)",
        "basis": "6(1)",
        "people": "30(1)(c)",
        "data": "30(1)(c)",
        "recipients": "30(1)(d)",
        "transfers": "30(1)(e)",
        "erasure": "30(1)(f)",
        "security": "30(1)(g)",
        "stored_in": "30(1)(g)",
        "runs": "5(2)",
        "last_run": "5(2)",
    }
)
"""Every field of the record, and the paragraph of the GDPR that asks for it."""

_PREFIXES = MappingProxyType(
    {
        "dpv": "https://w3id.org/dpv#",
        "dct": "http://purl.org/dc/terms/",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "loc": "https://w3id.org/dpv/loc#",
    }
)
_BASIS = {"consent": "eu-gdpr:A6-1-a", "contract": "eu-gdpr:A6-1-b", "legitimate_interest": "eu-gdpr:A6-1-f"}


@dataclass(frozen=True, slots=True)
class ProcessingRecord:
    """A record of processing: one row per campaign.

    Attributes:
        made: when, ISO 8601.
        rows: values of `ROPA_FIELDS`; a text, or a list of texts. Nothing is empty: what nobody declared says so.
        gaps: campaign and field of what nobody declared.
        not_declared: what stands in a field that nobody declared.
        headings: what a CSV calls the fields, in words; {} = by their names.
        words: what a CSV says for purposes and legal bases; {} = their codes, as the other forms have them.
    """

    made: str
    rows: tuple[Mapping[str, Any], ...]
    gaps: tuple[tuple[str, str], ...]
    not_declared: str
    headings: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "schema_version": 1,
            "made": self.made,
            "fields": dict(ROPA_FIELDS),
            "processing": [dict(row) for row in self.rows],
            "gaps": [{"campaign": campaign, "field": field} for campaign, field in self.gaps],
        }

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n"

    def to_csv(self) -> str:
        """As CSV: a heading, one row per campaign, lists joined by semicolons."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([self.headings.get(name, name) for name in ROPA_FIELDS])
        for row in map(dict, self.rows):
            said = row | {name: self.words.get(str(row[name]), row[name]) for name in ("purpose", "basis")}
            writer.writerow([_guarded("; ".join(_texts(said[name]))) for name in ROPA_FIELDS])
        return text.getvalue()

    def to_jsonld(self) -> str:
        """As JSON-LD in the words of W3C DPV."""
        content = {"@context": dict(_PREFIXES), "@graph": [self._node(row) for row in self.rows]}
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    def to_turtle(self) -> str:
        """The same statements as Turtle."""
        lines = [f"@prefix {name}: <{iri}> ." for name, iri in _PREFIXES.items()]
        for row in self.rows:
            lines += ["", *_turtle(self._node(row))]
        return "\n".join(lines) + "\n"

    def _node(self, row: Mapping[str, Any]) -> dict[str, Any]:
        said = {name: [one for one in _texts(row[name]) if one != self.not_declared] for name in ROPA_FIELDS}
        stored: list[dict[str, Any]] = [
            {"@type": "dpv:StorageDuration", "dct:description": one} for one in said["erasure"]
        ]
        if said["stored_in"]:
            stored.append({"@type": "dpv:StorageLocation", "dpv:hasLocation": {"@id": f"loc:{said['stored_in'][0]}"}})
        process: dict[str, Any] = {
            "@id": f"urn:evenhand:processing:{quote(str(row['campaign']), safe='')}",
            "@type": "dpv:Process",
            "dct:title": str(row["campaign"]),
            "dpv:hasDataController": {
                "@type": "dpv:DataController",
                "dpv:hasName": str(row["controller"]),
                "dpv:hasContact": str(row["contact"]),
            },
            "dpv:hasPurpose": {"@id": f"dpv:{row['purpose']}"},
            "dpv:hasLegalBasis": {"@id": _BASIS[str(row["basis"])]},
            "dpv:hasDataSubject": said["people"],
            "dpv:hasPersonalData": said["data"],
            "dpv:hasRecipient": said["recipients"],
            "dpv:hasProcessing": [
                {"@type": "dpv:Transfer", "dct:description": one} for one in said["transfers"] if one != "-"
            ],
            "dpv:hasStorageCondition": stored,
            "dpv:hasTechnicalOrganisationalMeasure": said["security"],
        }
        for name, term, kind in (
            ("officer", "dpv:hasDataProtectionOfficer", "dpv:DataProtectionOfficer"),
            ("joint", "dpv:hasJointDataControllers", "dpv:JointDataControllers"),
            ("representative", "dpv:hasRepresentative", "dpv:Representative"),
        ):
            if said[name] and said[name] != ["-"]:
                process[term] = {"@type": kind, "dpv:hasName": said[name][0]}
        return {key: value for key, value in process.items() if value and value != ["-"]}


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "@") or (text[:1] == "-" and len(text) > 1) else text


def _turtle(node: Mapping[str, Any]) -> Iterator[str]:
    statements = [_statement(key, one) for key, value in node.items() if key != "@id" for one in _each(value)]
    yield f"<{node['@id']}>"
    yield from (f"    {one} ;" for one in statements[:-1])
    yield f"    {statements[-1]} ."


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _statement(key: str, value: Any) -> str:
    """Only what JSON-LD calls a type or an identifier is a term; a text is a text, whatever it begins with."""
    return f"a {value}" if key == "@type" else f"{key} {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        if "@id" in value:
            return str(value["@id"])
        parts = [_statement(key, one) for key, inner in value.items() for one in _each(inner)]
        return f"[ {' ; '.join(parts)} ]"
    return json.dumps(str(value), ensure_ascii=False)

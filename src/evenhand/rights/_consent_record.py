"""A consent record in the form of ISO/IEC TS 27560:2023, in the words of W3C DPV 2.3 (JSON-LD)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from ._consents import Said

__all__ = ["CONSENT_FIELDS", "ConsentContext", "consent_record", "missing_in", "records_text"]

CONTEXT = MappingProxyType(
    {
        "dpv": "https://w3id.org/dpv#",
        "dct": "http://purl.org/dc/terms/",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "loc": "https://w3id.org/dpv/loc#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "dct:conformsTo": {"@type": "@id"},
        "dpv:hasPurpose": {"@type": "@id"},
        "dpv:hasLegalBasis": {"@type": "@id"},
        "dpv:hasProcessing": {"@type": "@id"},
        "dpv:hasNecessity": {"@type": "@id"},
        "dpv:hasLocation": {"@type": "@id"},
        "dpv:hasJurisdiction": {"@type": "@id"},
        "dpv:isIndicatedBy": {"@type": "@id"},
        "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
        "dpv:hasDuration": {"@type": "xsd:duration"},
    }
)
"""Prefixes; and of which properties a value is a term (or a moment, or a duration) and no text."""
_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
_RIGHTS = ("A7-3", "A13", "A15", "A16", "A17", "A18", "A20", "A21", "A22", "A77")

CONSENT_FIELDS = MappingProxyType(
    {
        "schema version": "dct:conformsTo",
        "record id": "dct:identifier",
        "receipt id": "dct:identifier",
        "pii principal id": "dpv:hasDataSubject",
        "privacy notice": "dpv:hasNotice",
        "language": "dpv:hasNotice/dct:language",
        "purpose": "dpv:hasProcess/dpv:hasPurpose",
        "lawful basis": "dpv:hasProcess/dpv:hasLegalBasis",
        "pii information": "dpv:hasProcess/dpv:hasPersonalData",
        "pii type": "dpv:hasProcess/dpv:hasPersonalData",
        "pii optional": "dpv:hasProcess/dpv:hasNecessity",
        "special pii category": "dpv:hasProcess/dpv:hasPersonalData",
        "pii controllers": "dpv:hasDataController",
        "collection method": "dpv:hasProcess/dpv:hasProcessing",
        "processing method": "dpv:hasProcess/dpv:hasProcessing",
        "storage locations": "dpv:hasProcess/dpv:hasStorageCondition",
        "retention period": "dpv:hasProcess/dpv:hasStorageCondition",
        "processing location": "dpv:hasProcess/dpv:hasLocation",
        "geographic restrictions": "dpv:hasProcess/dpv:hasLocation",
        "jurisdiction": "dpv:hasJurisdiction",
        "recipient third parties": "dpv:hasProcess/dpv:hasRecipient",
        "withdrawal method": "dpv:hasConsentControl",
        "privacy rights": "dpv:hasRight",
        "authority party": "dpv:hasAuthority",
        "party id": "dpv:hasDataController/@id",
        "party address": "dpv:hasDataController/dpv:hasAddress",
        "party name": "dpv:hasDataController/dpv:hasName",
        "party role": "dpv:hasDataController/@type",
        "party contact": "dpv:hasDataController/dpv:hasContact",
        "party type": "dpv:hasDataController/@type",
        "event time": "dpv:hasConsentStatus/dpv:isIndicatedAtTime",
        "validity duration": "dpv:hasConsentStatus/dpv:hasDuration",
        "entity id": "dpv:hasConsentStatus/dpv:isIndicatedBy",
        "event type": "dpv:hasConsentStatus/@type",
        "event state": "dpv:hasConsentStatus/@type",
    }
)
"""Every field that ISO/IEC TS 27560 or the GDPR makes mandatory, and where it stands in our record."""


@dataclass(frozen=True, slots=True)
class ConsentContext:
    """What a record says beside what the person said; "" or () where nobody declared it.

    Attributes:
        controller, contact, address, country: of the controller.
        data: categories of personal data.
        recipients: names.
        stored_in: ISO 3166 country.
        retention: ISO 8601 duration.
        rights_at: where consent is withdrawn and rights are exercised.
        authority: where people can complain.
    """

    controller: str
    contact: str
    country: str
    address: str = ""
    data: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    stored_in: str = ""
    retention: str = ""
    rights_at: str = ""
    authority: str = ""


def consent_record(subject: str, purpose: str, said: Iterable[Said], context: ConsentContext) -> dict[str, Any]:
    """One record: everything that a person said about one purpose, oldest first.

    Args:
        subject: the person's pseudonym.
        purpose: a DPV term.
        said: what they said about it.
        context: what the organisation declares.

    Example:
        >>> from datetime import UTC, datetime
        >>> given = Said("consent", "DirectMarketing", "ConsentGiven", datetime(2026, 1, 1, tzinfo=UTC), method="form")
        >>> record = consent_record("ab12", "DirectMarketing", [given], ConsentContext("Shop", "privacy@shop.nl", "NL"))
        >>> record["dpv:hasConsentStatus"][0]["@type"]
        ['dpv:ConsentGiven', 'dpv:ExpressedConsent']
    """
    events = sorted(said, key=lambda one: one.at)
    last = events[-1]
    number = f"urn:evenhand:consent:{subject}:{purpose}"
    party = f"urn:evenhand:controller:{quote('-'.join(context.controller.lower().split()), safe='')}"
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dpv:hasPurpose": f"dpv:{purpose}",
        "dpv:hasLegalBasis": "eu-gdpr:A6-1-a",
        "dpv:hasProcessing": ["dpv:Collect", "dpv:Use", "dpv:Profiling"],
        "dpv:hasPersonalData": list(context.data),
        "dpv:hasNecessity": "dpv:Optional",
        "dpv:hasRecipient": [context.controller, *context.recipients],
        "dpv:hasLocation": _place(context.stored_in),
        "dpv:hasStorageCondition": _storage(context),
    }
    return {
        "@context": dict(CONTEXT),
        "@id": number,
        "@type": "dpv:ConsentRecord",
        "dct:identifier": number,
        "dct:conformsTo": _SCHEMA,
        "dpv:hasDataSubject": {"@id": f"urn:evenhand:subject:{subject}"},
        "dpv:hasDataController": _said_only(
            {
                "@id": party,
                "@type": ["dpv:DataController", "dpv:Organisation"],
                "dpv:hasName": context.controller,
                "dpv:hasAddress": context.address,
                "dpv:hasContact": context.contact,
            }
        ),
        "dpv:hasJurisdiction": _place(context.country),
        "dpv:hasAuthority": context.authority,
        "dpv:hasProcess": [_said_only(process)],
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            "dpv:isExercisedAt": context.rights_at or context.contact,
        },
        "dpv:hasRight": [
            {
                "@type": ["dpv:DataSubjectRight", *(f"eu-gdpr:{one}" for one in _RIGHTS)],
                "dpv:isExercisedAt": context.rights_at or context.contact,
            }
        ],
        "dpv:hasNotice": _notice(events, last),
        "dpv:hasConsentStatus": [_event(one) for one in events],
    }


def missing_in(record: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields that are mandatory and empty, because nobody declared or recorded them."""
    return tuple(field for field, way in CONSENT_FIELDS.items() if not _at(record, way.split("/")))


def records_text(records: Sequence[dict[str, Any]]) -> str:
    """Records as JSON text: no key stands twice in it."""
    return json.dumps(list(records), ensure_ascii=False, indent=1) + "\n"


def _notice(events: Sequence[Said], last: Said) -> dict[str, Any]:
    shown = next((one for one in reversed(events) if one.notice or one.notice_hash), last)
    if not (shown.notice or shown.notice_hash):
        return {}
    return _said_only(
        {
            "@id": f"urn:evenhand:notice:{quote(shown.notice or shown.notice_hash[:12], safe='')}",
            "@type": "dpv:ConsentNotice",
            "dct:hasVersion": shown.notice,
            "dct:language": shown.language,
            "dct:identifier": f"sha256:{shown.notice_hash}" if shown.notice_hash else "",
        }
    )


def _event(said: Said) -> dict[str, Any]:
    by = "dpv:DataSubject" if said.actor in ("", "person") else f"urn:evenhand:actor:{quote(said.actor, safe='')}"
    kinds = [f"dpv:{said.status}", *([_form(said)] if said.status.endswith("Given") else [])]
    return _said_only(
        {
            "@type": kinds,
            "dpv:isIndicatedBy": by,
            "dpv:hasIndicationMethod": said.method,
            "dpv:isIndicatedAtTime": said.at.isoformat(),
            "dpv:hasDuration": {"@id": "dpv:UntilEventDuration"},
        }
    )


def _form(said: Said) -> str:
    return f"dpv:{said.form.removeprefix('dpv:')}" if said.form else "dpv:ExpressedConsent"


def _storage(context: ConsentContext) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if context.stored_in:
        out.append({"@type": "dpv:StorageLocation", "dpv:hasLocation": _place(context.stored_in)})
    if context.retention:
        out.append({"@type": "dpv:StorageDuration", "dpv:hasDuration": context.retention})
    return out


def _place(country: str) -> str:
    return f"loc:{country}" if country else ""


def _said_only(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if value}


def _at(node: Any, way: Sequence[str]) -> Any:
    for key in way:
        if isinstance(node, list):
            node = node[0] if node else {}
        node = node.get(key) if isinstance(node, dict) else None
        if not node:
            return None
    return node

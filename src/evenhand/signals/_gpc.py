"""Global Privacy Control: one header, one resource, and what they mean - no more than that.

Source: W3C GPC, Editor's Draft of 3 April 2026; 11 CCR 7025 for what follows from it (RULES C-7025).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique

__all__ = ["GpcSupport", "Support", "gpc_header", "read_gpc_resource", "write_gpc_resource"]

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d))?", re.ASCII)


def gpc_header(fields: Iterable[str]) -> bool:
    """Whether the ``Sec-GPC`` header of a request is on.

    Only the value ``1`` counts; anything else is as if it was not there, and one ``1`` among several is enough. A list
    that a gateway folded into one field is taken apart at its commas.

    Args:
        fields: the value of each ``Sec-GPC`` header of the request, none or more.

    Example:
        >>> gpc_header(["1"]), gpc_header(["0"]), gpc_header(["true"]), gpc_header([])
        (True, False, False, False)
    """
    return any(part.strip(" \t") == "1" for text in fields for part in text.split(","))


@unique
class Support(StrEnum):
    """What a site says about its own handling of the signal."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GpcSupport:
    """What ``/.well-known/gpc.json`` of a site says.

    Attributes:
        support: ``yes``, ``no``, or ``unknown`` where the resource is missing or not what the standard describes.
        last_update: the day that it names, None where it names none that can be read.
    """

    support: Support
    last_update: date | None = None


def read_gpc_resource(body: str | bytes, *, content_type: str = "application/json", status: int = 200) -> GpcSupport:
    """Read the resource ``/.well-known/gpc.json``.

    Example:
        >>> read_gpc_resource('{"gpc": true, "lastUpdate": "2025-04-15"}').support.value
        'yes'
        >>> read_gpc_resource('{"gpc": "true"}').support.value
        'unknown'
    """
    unknown = GpcSupport(Support.UNKNOWN)
    if status != 200 or content_type.partition(";")[0].strip().lower() != "application/json":
        return unknown
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return unknown
    if not isinstance(content, dict) or not isinstance(content.get("gpc"), bool):
        return unknown
    return GpcSupport(Support.YES if content["gpc"] else Support.NO, _day(content.get("lastUpdate")))


def write_gpc_resource(*, abides: bool, last_update: date | None = None) -> str:
    """The resource ``/.well-known/gpc.json``, by which a site says whether it intends to abide by the signal.

    It speaks of the site that serves it and of nothing else, and of what the signal asks for alone: no sale and no
    sharing of what is known of the person, nor advertising by it across contexts.

    Args:
        abides: whether the site intends to.
        last_update: the day on which that was last changed; None = it is not said.

    Example:
        >>> write_gpc_resource(abides=True, last_update=date(2026, 3, 1))
        '{"gpc": true, "lastUpdate": "2026-03-01"}'
    """
    said: dict[str, object] = {"gpc": abides}
    return json.dumps(said if last_update is None else said | {"lastUpdate": last_update.isoformat()})


def _day(text: object) -> date | None:
    """The day of an RFC 3339 date or moment."""
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None

"""The fields of each United States section of GPP, as data.

Sources: the section specifications of IAB Tech Lab's Global Privacy Platform (usnat and the states, to October 2025).
Indiana, Kentucky, Maryland and Rhode Island stand here as the reference library (@iabgpp/cmpapi 3.2.0) writes them.
Their drafts show a section header before the core, which that library does not write: a string with one is refused, as
of another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["LAYOUTS", "US_SECTIONS", "Layout", "core_width", "numbers", "places"]


class Layout(NamedTuple):
    """One version of a section.

    Attributes:
        fields: name and how many values of two bits each field of the core has; 0 = one value that is not a list.
        part: what may follow the core: ``gpc``, ``sensitive`` (SensitiveDataProcessing, eight values), or nothing.
    """

    fields: tuple[tuple[str, int], ...]
    part: str


@cache
def core_width(name: str, version: int) -> int:
    """Bits of a core after the 6 of its version."""
    return sum(2 * max(1, count) for _, count in LAYOUTS[name, version].fields)


@cache
def places(name: str, version: int) -> Mapping[str, int | slice]:
    """Where the value or values of each field stand among all values of two bits of a core, in order."""
    found: dict[str, int | slice] = {}
    at = 0
    for field, count in LAYOUTS[name, version].fields:
        found[field] = slice(at, at + count) if count else at
        at += max(1, count)
    return MappingProxyType(found)


@cache
def numbers(name: str, version: int) -> Mapping[str, int]:
    """Which of a core's fields has this name."""
    return MappingProxyType({field: at for at, (field, _) in enumerate(LAYOUTS[name, version].fields)})


US_SECTIONS: Mapping[int, str] = MappingProxyType(
    {
        7: "usnat",
        8: "usca",
        9: "usva",
        10: "usco",
        11: "usut",
        12: "usct",
        13: "usfl",
        14: "usmt",
        15: "usor",
        16: "ustx",
        17: "usde",
        18: "usia",
        19: "usne",
        20: "usnh",
        21: "usnj",
        22: "ustn",
        23: "usmn",
        24: "usmd",
        25: "usin",
        26: "usky",
        27: "usri",
    }
)
"""Section id and name of each."""

_SALE_AND_ADS_NOTICES = ("SaleOptOutNotice", "TargetedAdvertisingOptOutNotice")
_SALE_AND_ADS = ("SaleOptOut", "TargetedAdvertisingOptOut")
_MSPA = ("MspaCoveredTransaction", "MspaOptOutOptionMode", "MspaServiceProviderMode")
_CHILD, _MORE = "KnownChildSensitiveDataConsents", "AdditionalDataProcessingConsent"


def _layout(names: tuple[str, ...], sensitive: int = 0, children: int = 0, part: str = "") -> Layout:
    counts = {"SensitiveDataProcessing": sensitive, _CHILD: children}
    return Layout(tuple((name, counts.get(name, 0)) for name in names), part)


def _national(sensitive: int, children: int) -> Layout:
    notices = ("SharingNotice", "SaleOptOutNotice", "SharingOptOutNotice", "TargetedAdvertisingOptOutNotice")
    sensitive_notices = ("SensitiveDataProcessingOptOutNotice", "SensitiveDataLimitUseNotice")
    choices = ("SaleOptOut", "SharingOptOut", "TargetedAdvertisingOptOut")
    consents = ("SensitiveDataProcessing", _CHILD, "PersonalDataConsents")
    return _layout((*notices, *sensitive_notices, *choices, *consents, *_MSPA), sensitive, children, "gpc")


def _state(
    notice: str, sensitive: int, children: int, *, extra: str = "", more: bool = True, gpc: bool = True
) -> Layout:
    notices = (notice, *_SALE_AND_ADS_NOTICES, *((extra,) if extra else ()))
    consents = ("SensitiveDataProcessing", _CHILD, *((_MORE,) if more else ()))
    return _layout((*notices, *_SALE_AND_ADS, *consents, *_MSPA), sensitive, children, "gpc" if gpc else "")


_CALIFORNIA = _layout(
    (
        *("SaleOptOutNotice", "SharingOptOutNotice", "SensitiveDataLimitUseNotice", "SaleOptOut", "SharingOptOut"),
        *("SensitiveDataProcessing", _CHILD, "PersonalDataConsents", *_MSPA),
    ),
    9,
    2,
    "gpc",
)
_NEWER = ("MspaCoveredTransaction", "MspaMode", "ProcessingNotice", *_SALE_AND_ADS_NOTICES, *_SALE_AND_ADS)
_WITH_SENSITIVE = _layout((*_NEWER, _CHILD, _MORE), part="sensitive")

LAYOUTS: Mapping[tuple[str, int], Layout] = MappingProxyType(
    {
        ("usnat", 1): _national(12, 2),
        ("usnat", 2): _national(16, 3),
        ("usca", 1): _CALIFORNIA,
        ("usva", 1): _state("SharingNotice", 8, 0, more=False, gpc=False),
        ("usco", 1): _state("SharingNotice", 7, 0, more=False),
        ("usut", 1): _state("SharingNotice", 8, 0, extra="SensitiveDataProcessingOptOutNotice", more=False, gpc=False),
        ("usct", 1): _state("SharingNotice", 8, 3, more=False),
        ("usfl", 1): _state("ProcessingNotice", 8, 3, gpc=False),
        ("usmt", 1): _state("SharingNotice", 8, 3),
        ("usor", 1): _state("ProcessingNotice", 11, 3),
        ("ustx", 1): _state("ProcessingNotice", 8, 0),
        ("usde", 1): _state("ProcessingNotice", 9, 5),
        ("usia", 1): _state("ProcessingNotice", 8, 0, extra="SensitiveDataOptOutNotice", more=False),
        ("usne", 1): _state("ProcessingNotice", 8, 0),
        ("usnh", 1): _state("ProcessingNotice", 8, 3),
        ("usnj", 1): _state("ProcessingNotice", 10, 5),
        ("ustn", 1): _state("ProcessingNotice", 8, 0),
        ("usmn", 1): _state("ProcessingNotice", 8, 0),
        ("usmd", 1): _layout((*_NEWER, _MORE), part="gpc"),
        ("usin", 1): _WITH_SENSITIVE,
        ("usky", 1): _WITH_SENSITIVE,
        ("usri", 1): _WITH_SENSITIVE,
    }
)
"""By name of the section and its version (of the newer four: MspaVersion)."""

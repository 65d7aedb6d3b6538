"""TCF Canada, section 5 of GPP: express consent and implied consent, in and out.

It is read and written, and no rule of this house rests on it: what it says permits nothing here.
Source: IAB Canada TCF Technical Specification; sets of vendors as @iabgpp/cmpapi 3.2.0 writes them (Fibonacci coding),
and as it wrote them before (TCF Europe's way), which is still met.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from ._bits import BitReader, BitWriter
from ._ids import (
    NOBODY,
    IdSet,
    read_optimized_fibonacci,
    read_optimized_integer,
    write_optimized_fibonacci,
)
from ._problem import Malformed, Problem
from ._tcf import PublisherTc, Restriction
from ._tcf_codec import (
    DISCLOSED_SEGMENT,
    PUBLISHER_SEGMENT,
    SLACK,
    letters_of,
    publisher_segment,
    read_publisher,
    read_restrictions,
    write_opening,
    write_restrictions,
)

__all__ = ["TcfCaString", "read_tcf_canada", "write_tcf_canada"]

_VERSIONS = (1, 2)
"""The standard says 1; IAB's own examples also hold a 2."""


@dataclass(frozen=True, slots=True)
class TcfCaString:
    """A TC string of TCF Canada; fields as in `TcfString`, with the words of its standard.

    Attributes:
        version: Version.
        created_ds, last_updated_ds: Created and LastUpdated, tenths of a second since 1970 UTC.
        cmp_id, cmp_version, consent_screen, consent_language, vendor_list_version: as in TCF Europe.
        policy_version: TcfPolicyVersion.
        use_non_standard_stacks: UseNonStandardStacks.
        special_feature_express_consent: SpecialFeatureExpressConsent.
        purposes_express_consent, purposes_implied_consent: PurposesExpressConsent, PurposesImpliedConsent.
        vendor_express_consent, vendor_implied_consent: VendorExpressConsent, VendorImpliedConsent.
        publisher_restrictions: PubRestrictions.
        disclosed_vendors: segment 1; None where it is missing.
        publisher_tc: segment 3; its consents are express ones, its legitimate interests implied ones.
    """

    created_ds: int
    last_updated_ds: int
    cmp_id: int
    cmp_version: int = 0
    consent_screen: int = 0
    consent_language: str = "EN"
    vendor_list_version: int = 0
    policy_version: int = 2
    use_non_standard_stacks: bool = False
    special_feature_express_consent: IdSet = NOBODY
    purposes_express_consent: IdSet = NOBODY
    purposes_implied_consent: IdSet = NOBODY
    vendor_express_consent: IdSet = NOBODY
    vendor_implied_consent: IdSet = NOBODY
    publisher_restrictions: tuple[Restriction, ...] = ()
    disclosed_vendors: IdSet | None = None
    publisher_tc: PublisherTc | None = None
    version: int = 1

    name = "tcfcav1"
    section_id = 5


def read_tcf_canada(text: str) -> TcfCaString:
    """Read a TC string of TCF Canada.

    Raises:
        Malformed: it is not what its standard describes, in neither way of writing vendors.
    """
    try:
        return _decoded(text, read_optimized_fibonacci)
    except Malformed:
        return _decoded(text, read_optimized_integer)


def _decoded(text: str, vendors: Callable[[BitReader], IdSet]) -> TcfCaString:
    core_text, *rest = text.split(".")
    core = BitReader(core_text)
    version = core.integer(6)
    if version not in _VERSIONS:
        raise Malformed(Problem.VERSION)
    opening = _opening(core)
    said = TcfCaString(
        *opening,
        use_non_standard_stacks=core.flag(),
        special_feature_express_consent=IdSet(core.mask(12)),
        purposes_express_consent=IdSet(core.mask(24)),
        purposes_implied_consent=IdSet(core.mask(24)),
        vendor_express_consent=vendors(core),
        vendor_implied_consent=vendors(core),
        publisher_restrictions=read_restrictions(core, vendors),
        version=version,
        **_read_segments(rest, vendors),
    )
    core.close(SLACK)
    return said


def _opening(core: BitReader) -> tuple[int, int, int, int, int, str, int, int]:
    """Created to TcfPolicyVersion, in the order of the string."""
    created, updated, cmp_id, cmp_version, screen = (core.integer(width) for width in (36, 36, 12, 12, 6))
    language = letters_of(core.integer(12))
    return created, updated, cmp_id, cmp_version, screen, language, core.integer(12), core.integer(6)


class _Segments(TypedDict, total=False):
    """What follows the core."""

    disclosed_vendors: IdSet
    publisher_tc: PublisherTc


def _read_segments(texts: list[str], vendors: Callable[[BitReader], IdSet]) -> _Segments:
    found = _Segments()
    for text in texts:
        segment = BitReader(text)
        kind = segment.integer(3)
        if kind == DISCLOSED_SEGMENT and "disclosed_vendors" not in found:
            found["disclosed_vendors"] = vendors(segment)
        elif kind == PUBLISHER_SEGMENT and "publisher_tc" not in found:
            found["publisher_tc"] = read_publisher(segment)
        else:
            raise Malformed(Problem.SEGMENT)
        segment.close(SLACK)
    return found


def write_tcf_canada(said: TcfCaString) -> str:
    """The canonical string that says this, with vendors in Fibonacci coding.

    Raises:
        ValueError: a field has a value for which the string has no place.
    """
    core = write_opening(said)
    core.integer(int(said.use_non_standard_stacks), 1)
    core.mask(said.special_feature_express_consent.mask, 12)
    core.mask(said.purposes_express_consent.mask, 24)
    core.mask(said.purposes_implied_consent.mask, 24)
    write_optimized_fibonacci(core, said.vendor_express_consent)
    write_optimized_fibonacci(core, said.vendor_implied_consent)
    write_restrictions(core, said.publisher_restrictions, write_optimized_fibonacci)
    written = [core]
    if said.disclosed_vendors is not None:
        segment = BitWriter()
        segment.integer(DISCLOSED_SEGMENT, 3)
        write_optimized_fibonacci(segment, said.disclosed_vendors)
        written.append(segment)
    if said.publisher_tc is not None:
        written.append(publisher_segment(said.publisher_tc))
    return ".".join(writer.text(8) for writer in written)

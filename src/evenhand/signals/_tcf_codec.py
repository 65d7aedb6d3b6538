"""TC strings in and out. Source: IAB Tech Lab, "Consent string and vendor list formats v2", TCF 2.3."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from ._bits import LONGEST, BitReader, BitWriter
from ._ids import (
    IdSet,
    read_integer_range,
    read_optimized_integer,
    write_integer_range,
    write_optimized_integer,
)
from ._problem import Malformed, Problem, Unreadable
from ._tcf import PublisherTc, Restriction, RestrictionType, TcfString, merged

__all__ = [
    "ALLOWED_SEGMENT",
    "DISCLOSED_SEGMENT",
    "PUBLISHER_SEGMENT",
    "SLACK",
    "letters_of",
    "publisher_segment",
    "read_publisher",
    "read_restrictions",
    "read_tcf",
    "write_opening",
    "write_restrictions",
    "write_tcf",
]

DISCLOSED_SEGMENT, ALLOWED_SEGMENT, PUBLISHER_SEGMENT = 1, 2, 3
SLACK = 23
"""CMPs fill up to whole bytes, or to 24 bits: so many zeros may be left at the end of a segment."""
_TYPES = tuple(RestrictionType)
_FIRST_LETTER = ord("A")


def read_tcf(text: str) -> TcfString | Unreadable:
    """Read a TC string.

    Args:
        text: as a CMP gives it; anything may stand there.

    Returns:
        What it says; or why it cannot be read. Nothing is repaired or guessed.

    Example:
        >>> said = read_tcf("CPTtLAAPTtLAAAKAAAENAAFgALwAAEAAAAAAAOgAgABgAAAA.IAoAAgABgAAEAQAAEAAA.d4AACEAAAAAA")
        >>> list(said.purposes_consent), list(said.vendor_consents), said.last_updated.date().isoformat()
        ([1, 3, 4, 5, 6], [11, 28, 29], '2022-02-01')
        >>> read_tcf("CPTtLAAPTt").problem.value
        'too-short'
    """
    try:
        if len(text) > LONGEST:
            raise Malformed(Problem.TOO_LONG)
        core, *rest = text.split(".")
        return _decoded(BitReader(core), rest)
    except Malformed as malformed:
        return Unreadable(malformed.problem)


def _decoded(core: BitReader, rest: list[str]) -> TcfString:
    version = core.integer(6)
    if version != TcfString.version:
        raise Malformed(Problem.VERSION_1 if version == 1 else Problem.VERSION)
    # The fields of fixed width, in one piece: each is a shift away from the right end of 207 bits.
    head, sets = core.piece(207)
    disclosed, allowed, publisher = _read_segments(rest) if rest else (None, None, None)
    said = TcfString(
        created_ds=head >> 171,
        last_updated_ds=head >> 135 & 0xFFFFFFFFF,
        cmp_id=head >> 123 & 0xFFF,
        cmp_version=head >> 111 & 0xFFF,
        consent_screen=head >> 105 & 0x3F,
        consent_language=letters_of(head >> 93 & 0xFFF),
        vendor_list_version=head >> 81 & 0xFFF,
        policy_version=head >> 75 & 0x3F,
        is_service_specific=head >> 74 & 1 == 1,
        use_non_standard_texts=head >> 73 & 1 == 1,
        special_feature_opt_ins=IdSet(sets >> 134 & 0xFFF),
        purposes_consent=IdSet(sets >> 146 & 0xFFFFFF),
        purposes_li_transparency=IdSet(sets >> 170 & 0xFFFFFF),
        purpose_one_treatment=head >> 12 & 1 == 1,
        publisher_cc=letters_of(head & 0xFFF),
        vendor_consents=read_optimized_integer(core),
        vendor_legitimate_interests=read_optimized_integer(core),
        publisher_restrictions=read_restrictions(core, read_integer_range),
        disclosed_vendors=disclosed,
        allowed_vendors=allowed,
        publisher_tc=publisher,
    )
    core.close(SLACK)
    return said


def _read_segments(texts: list[str]) -> tuple[IdSet | None, IdSet | None, PublisherTc | None]:
    """What follows the core: vendors that were disclosed, and allowed; and the publisher's part."""
    disclosed = allowed = publisher = None
    for text in texts:
        segment = BitReader(text)
        kind = segment.integer(3)
        if kind == DISCLOSED_SEGMENT and disclosed is None:
            disclosed = read_optimized_integer(segment)
        elif kind == ALLOWED_SEGMENT and allowed is None:
            allowed = read_optimized_integer(segment)
        elif kind == PUBLISHER_SEGMENT and publisher is None:
            publisher = read_publisher(segment)
        else:
            raise Malformed(Problem.SEGMENT)
        segment.close(SLACK)
    return disclosed, allowed, publisher


@cache
def letters_of(code: int) -> str:
    """Two capital letters, of six bits each."""
    first, second = divmod(code, 64)
    if first > 25 or second > 25:
        raise Malformed(Problem.LETTERS)
    return chr(_FIRST_LETTER + first) + chr(_FIRST_LETTER + second)


def read_restrictions(reader: BitReader, vendors: Callable[[BitReader], IdSet]) -> tuple[Restriction, ...]:
    """How many (12), then of each the purpose (6), the type (2) and the vendors."""
    count = reader.integer(12)
    if not count:
        return ()
    return merged(Restriction(reader.integer(6), _TYPES[reader.integer(2)], vendors(reader)) for _ in range(count))


def read_publisher(reader: BitReader) -> PublisherTc:
    """What follows the type of a publisher's segment."""
    number, sets = reader.piece(54)
    consent, interest, custom = IdSet(sets & 0xFFFFFF), IdSet(sets >> 24 & 0xFFFFFF), number & 0x3F
    if not custom:
        return PublisherTc(consent, interest)
    return PublisherTc(consent, interest, custom, IdSet(reader.mask(custom)), IdSet(reader.mask(custom)))


def write_tcf(said: TcfString) -> str:
    """The one canonical string that says this: segments in order, the shorter way for each set, zeros up to 24 bits.

    For tests and simulations: a TC string that others act on may be made by a registered CMP only, and one that was
    received is passed on as it came.

    Raises:
        ValueError: a field has a value for which the string has no place.

    Example:
        >>> write_tcf(read_tcf("COrVd1pOrVd1pACABCENAHCAAAAAAAAAAAiQAAAAAAAA"))
        'COrVd1pOrVd1pACABCENAHCAAAAAAAAAAAiQAAAAAAAA'
    """
    core = write_opening(said)
    core.integer(int(said.is_service_specific), 1)
    core.integer(int(said.use_non_standard_texts), 1)
    core.mask(said.special_feature_opt_ins.mask, 12)
    core.mask(said.purposes_consent.mask, 24)
    core.mask(said.purposes_li_transparency.mask, 24)
    core.integer(int(said.purpose_one_treatment), 1)
    write_letters(core, said.publisher_cc)
    write_optimized_integer(core, said.vendor_consents)
    write_optimized_integer(core, said.vendor_legitimate_interests)
    write_restrictions(core, said.publisher_restrictions, write_integer_range)
    return ".".join(writer.text(24) for writer in (core, *_segments(said)))


def _segments(said: TcfString) -> list[BitWriter]:
    written = []
    for kind, vendors in ((DISCLOSED_SEGMENT, said.disclosed_vendors), (ALLOWED_SEGMENT, said.allowed_vendors)):
        if vendors is not None:
            segment = BitWriter()
            segment.integer(kind, 3)
            write_optimized_integer(segment, vendors)
            written.append(segment)
    if said.publisher_tc is not None:
        written.append(publisher_segment(said.publisher_tc))
    return written


class Opening(Protocol):
    """The fields with which every TC string opens, in Europe and in Canada."""

    @property
    def version(self) -> int: ...
    @property
    def created_ds(self) -> int: ...
    @property
    def last_updated_ds(self) -> int: ...
    @property
    def cmp_id(self) -> int: ...
    @property
    def cmp_version(self) -> int: ...
    @property
    def consent_screen(self) -> int: ...
    @property
    def consent_language(self) -> str: ...
    @property
    def vendor_list_version(self) -> int: ...
    @property
    def policy_version(self) -> int: ...


def write_opening(said: Opening) -> BitWriter:
    """Version to TcfPolicyVersion.

    Raises:
        ValueError: a field has a value for which there is no place.
    """
    core = BitWriter()
    for value, width in (
        (said.version, 6),
        (said.created_ds, 36),
        (said.last_updated_ds, 36),
        (said.cmp_id, 12),
        (said.cmp_version, 12),
        (said.consent_screen, 6),
    ):
        core.integer(value, width)
    write_letters(core, said.consent_language)
    core.integer(said.vendor_list_version, 12)
    core.integer(said.policy_version, 6)
    return core


def write_restrictions(
    core: BitWriter, restrictions: tuple[Restriction, ...], vendors: Callable[[BitWriter, IdSet], None]
) -> None:
    """As `read_restrictions` reads them, in order of purpose and type."""
    entries = merged(restrictions)
    core.integer(len(entries), 12)
    for entry in entries:
        core.integer(entry.purpose_id, 6)
        core.integer(entry.restriction_type, 2)
        vendors(core, entry.vendors)


def publisher_segment(publisher: PublisherTc) -> BitWriter:
    """A publisher's segment, with its type."""
    segment = BitWriter()
    segment.integer(PUBLISHER_SEGMENT, 3)
    segment.mask(publisher.purposes_consent.mask, 24)
    segment.mask(publisher.purposes_li_transparency.mask, 24)
    segment.integer(publisher.num_custom_purposes, 6)
    segment.mask(publisher.custom_purposes_consent.mask, publisher.num_custom_purposes)
    segment.mask(publisher.custom_purposes_li_transparency.mask, publisher.num_custom_purposes)
    return segment


def write_letters(writer: BitWriter, letters: str) -> None:
    """Two capital letters.

    Raises:
        ValueError: it is something else.
    """
    if len(letters) != 2 or not all("A" <= letter <= "Z" for letter in letters):
        raise ValueError("a language or country is two capital letters")
    for letter in letters:
        writer.integer(ord(letter) - _FIRST_LETTER, 6)

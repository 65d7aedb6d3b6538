"""GPP strings in and out: a header that names sections, and the sections.

Source: IAB Tech Lab, Global Privacy Platform, Consent String Specification.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from ._bits import LONGEST, BitReader, BitWriter
from ._ids import IdSet, write_fibonacci_range
from ._problem import Malformed, Problem, Unreadable
from ._tcf import TcfString
from ._tcf_canada import TcfCaString, read_tcf_canada, write_tcf_canada
from ._tcf_codec import read_tcf, write_tcf
from ._us import (
    UsPrivacyString,
    UsSection,
    read_us_privacy,
    read_us_section,
    write_us_privacy,
    write_us_section,
)
from ._us_layouts import US_SECTIONS

__all__ = [
    "SECTION_NAMES",
    "TCF_EUROPE",
    "GppString",
    "Section",
    "UnreadSection",
    "header_ids",
    "read_gpp",
    "write_gpp",
]

_HEADER_TYPE, _HEADER_VERSION = 3, 1
TCF_EUROPE, _TCF_CANADA, _US_PRIVACY = 2, 5, 6
SECTION_NAMES = {TCF_EUROPE: "tcfeuv2", _TCF_CANADA: "tcfcav1", _US_PRIVACY: "uspv1", **US_SECTIONS}
"""Id and name of each section that can be read."""


@dataclass(frozen=True, slots=True)
class UnreadSection:
    """A section that is not known, or not what its standard describes. It grants nothing.

    Attributes:
        section_id: its number in the header.
        text: as it stood there, to be passed on as it is.
        problem: why it was not read.
    """

    section_id: int
    text: str = field(repr=False)
    problem: Problem


Section = TcfString | TcfCaString | UsPrivacyString | UsSection | UnreadSection
"""What a section says."""


@dataclass(frozen=True, slots=True)
class GppString:
    """A GPP string.

    Attributes:
        sections: id and content of each section, in ascending order of their ids.

    Example:
        >>> said = read_gpp("DBACNY~CPSG_8APSG_8ANwAAAENAwCgAAAAAAAAAAAAAAAAAAAA.IAAA.YAAAAAAAAAAA~1YNN")
        >>> said.section_ids, said.section(6).opt_out_sale
        ((2, 6), 'N')
    """

    sections: tuple[tuple[int, Section], ...] = ()

    @property
    def section_ids(self) -> tuple[int, ...]:
        """Ids of the sections."""
        return tuple(number for number, _ in self.sections)

    def section(self, section_id: int) -> Section | None:
        """One section; None where the string has none of this id."""
        return dict(self.sections).get(section_id)


def read_gpp(text: str) -> GppString | Unreadable:
    """Read a GPP string. A section that cannot be read leaves the others as they are.

    Example:
        >>> read_gpp("DBABrw~1YNN").problem.value
        'sections'
    """
    if len(text) > LONGEST:
        return Unreadable(Problem.TOO_LONG)
    header, *texts = text.split("~")
    try:
        ids = _read_header(header, len(texts))
    except Malformed as malformed:
        return Unreadable(malformed.problem)
    return GppString(tuple((number, _read_section(number, one)) for number, one in zip(ids, texts, strict=True)))


def header_ids(text: str, sections: int) -> tuple[int, ...] | None:
    """Ids of the sections that a header names, as many as follow; None where it cannot be read."""
    try:
        return _read_header(text, sections)
    except Malformed:
        return None


@lru_cache(maxsize=1024)
def _read_header(text: str, sections: int) -> tuple[int, ...]:
    """Ids of the sections, as many as follow. Headers are few, and remembered."""
    reader = BitReader(text)
    if reader.integer(6) != _HEADER_TYPE:
        raise Malformed(Problem.HEADER)
    if reader.integer(6) != _HEADER_VERSION:
        raise Malformed(Problem.VERSION)
    ids: list[int] = []
    last = 0
    for _ in range(reader.integer(12)):
        pair = reader.flag()
        first = last + reader.fibonacci()
        last = first + reader.fibonacci() if pair else first
        if len(ids) + last - first + 1 > sections:
            raise Malformed(Problem.SECTIONS)
        ids += range(first, last + 1)
    reader.close(11)
    if len(ids) != sections:
        raise Malformed(Problem.SECTIONS)
    return tuple(ids)


def _read_section(section_id: int, text: str) -> Section:
    try:
        if section_id in US_SECTIONS:
            return read_us_section(section_id, text)
        if section_id == _TCF_CANADA:
            return read_tcf_canada(text)
    except Malformed as malformed:
        return UnreadSection(section_id, text, malformed.problem)
    if section_id not in SECTION_NAMES:
        return UnreadSection(section_id, text, Problem.UNKNOWN_SECTION)
    said = read_tcf(text) if section_id == TCF_EUROPE else read_us_privacy(text)
    return UnreadSection(section_id, text, said.problem) if isinstance(said, Unreadable) else said


def write_gpp(said: GppString) -> str:
    """The canonical string; sections that were not read stand in it as they were.

    Raises:
        ValueError: ids are not ascending, or a section cannot be written.

    Example:
        >>> write_gpp(read_gpp("DBABTA~1YNN"))
        'DBABTA~1YNN'
    """
    ids = said.section_ids
    if list(ids) != sorted(set(ids)):
        raise ValueError("sections stand in ascending order, each once")
    header = BitWriter()
    header.integer(_HEADER_TYPE, 6)
    header.integer(_HEADER_VERSION, 6)
    write_fibonacci_range(header, IdSet.of(ids))
    return "~".join([header.text(8), *(_write_section(section) for _, section in said.sections)])


def _write_section(section: Section) -> str:
    match section:
        case TcfString():
            return write_tcf(section)
        case TcfCaString():
            return write_tcf_canada(section)
        case UsPrivacyString():
            return write_us_privacy(section)
        case UsSection():
            return write_us_section(section)
        case UnreadSection():
            return section.text

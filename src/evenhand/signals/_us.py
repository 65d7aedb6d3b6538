"""The United States sections of GPP: opt-outs, and the old us_privacy string, in and out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache

from ._bits import BitReader, BitWriter
from ._problem import Malformed, Problem, Unreadable
from ._us_layouts import LAYOUTS, US_SECTIONS, core_width, numbers, places

__all__ = [
    "Choice",
    "UsPrivacyString",
    "UsSection",
    "read_us_privacy",
    "read_us_section",
    "write_us_privacy",
    "write_us_section",
]

_IDS = {name: number for number, name in US_SECTIONS.items()}
_GPC_KIND = 1
_SENSITIVE = 8
_PAIRS = tuple((byte >> 6, byte >> 4 & 3, byte >> 2 & 3, byte & 3) for byte in range(256))
_US_PRIVACY = re.compile("1[YN-][YN-][YN-]")


@unique
class Choice(IntEnum):
    """A value of an opt-out field. Only `DID_NOT_OPT_OUT` leaves the use open; it is no consent."""

    NOT_APPLICABLE = 0
    OPTED_OUT = 1
    DID_NOT_OPT_OUT = 2
    UNDEFINED = 3


@dataclass(frozen=True, slots=True)
class UsSection:
    """One United States section.

    Attributes:
        name: ``usnat``, ``usca`` ...
        version: Version, or MspaVersion of the newer states.
        values: value of each field of the core, in the order of its standard; a tuple where the field is a list.
        gpc: Gpc, of the part of that name; None where the part is missing.
        sensitive: SensitiveDataProcessing, where it is a part of its own (Indiana, Kentucky, Rhode Island); else None.

    Example:
        >>> said = read_us_section(7, "CVVVkkkkkpFY.YA")
        >>> said.field("SaleOptOut"), said.gpc, said.field("KnownChildSensitiveDataConsents")
        (1, True, (2, 1, 0))
    """

    name: str
    version: int
    values: tuple[int | tuple[int, ...], ...]
    gpc: bool | None = None
    sensitive: tuple[int, ...] | None = None

    @property
    def section_id(self) -> int:
        """The number that the header of a GPP string names it by."""
        return _IDS[self.name]

    @property
    def fields(self) -> dict[str, int | tuple[int, ...]]:
        """Every field of the core, under the name of its standard."""
        return dict(zip(places(self.name, self.version), self.values, strict=True))

    def field(self, name: str) -> int | tuple[int, ...] | None:
        """One field of the core; None where this section has no such field."""
        at = numbers(self.name, self.version).get(name)
        return None if at is None else self.values[at]


def read_us_section(section_id: int, text: str) -> UsSection:
    """Read a section; its length must be the length of the version that it names.

    Raises:
        Malformed: it is not what its standard describes.
    """
    core_text, *rest = text.split(".")
    name = US_SECTIONS[section_id]
    core = BitReader(core_text)
    version = core.integer(6)
    layout = LAYOUTS.get((name, version))
    if layout is None:
        raise Malformed(Problem.VERSION)
    width = core_width(name, version)
    _check_length(core_text, 6 + width)
    pairs = _pairs(core, width)
    values = tuple(
        [pairs[place] if isinstance(place, int) else tuple(pairs[place]) for place in places(name, version).values()]
    )
    core.close(core.left)
    if not rest:
        return UsSection(name, version, values)
    if len(rest) > 1 or not layout.part:
        raise Malformed(Problem.SEGMENT)
    if layout.part == "gpc":
        return UsSection(name, version, values, _read_gpc(rest[0]))
    part = BitReader(rest[0])
    _check_length(rest[0], 2 * _SENSITIVE)
    sensitive = tuple(_pairs(part, 2 * _SENSITIVE))
    part.close(part.left)
    return UsSection(name, version, values, None, sensitive)


def _pairs(reader: BitReader, width: int) -> list[int]:
    """So many bits, two by two."""
    spare = -width % 8
    data = (reader.integer(width) << spare).to_bytes((width + spare) // 8, "big")
    pairs = [pair for byte in data for pair in _PAIRS[byte]]
    return pairs[: width // 2]


@lru_cache(maxsize=64)
def _read_gpc(text: str) -> bool:
    """The part about Global Privacy Control; it has two meanings, and a text or two for each."""
    part = BitReader(text)
    if part.integer(2) != _GPC_KIND:
        raise Malformed(Problem.SEGMENT)
    _check_length(text, 3)
    gpc = part.flag()
    part.close(part.left)
    return gpc


def _check_length(text: str, width: int) -> None:
    """Filled up to 6 bits as the standard says, or to 8 and then 6 as the reference library does."""
    if len(text) < -(-width // 6):
        raise Malformed(Problem.TOO_SHORT)
    if len(text) not in (-(-width // 6), -(-(-(-width // 8) * 8) // 6)):
        raise Malformed(Problem.LEFT_OVER)


def write_us_section(said: UsSection) -> str:
    """The canonical text of a section, filled up as the reference library does.

    Raises:
        ValueError: the values are not those of this section and version.
    """
    layout = LAYOUTS.get((said.name, said.version))
    if layout is None or len(said.values) != len(layout.fields):
        raise ValueError("no such section, version or number of fields")
    core = BitWriter()
    core.integer(said.version, 6)
    for (_, count), value in zip(layout.fields, said.values, strict=True):
        items = value if isinstance(value, tuple) else (value,)
        if isinstance(value, tuple) != bool(count) or len(items) != max(1, count):
            raise ValueError("a field has another number of values")
        for item in items:
            core.integer(item, 2)
    parts = [core]
    if said.gpc is not None:
        part = BitWriter()
        part.integer(_GPC_KIND, 2)
        part.integer(int(said.gpc), 1)
        parts.append(part)
    if said.sensitive is not None:
        part = BitWriter()
        for item in said.sensitive:
            part.integer(item, 2)
        parts.append(part)
    wrong = (said.gpc is not None) + (said.sensitive is not None) > 1
    wrong |= said.gpc is not None and layout.part != "gpc"
    wrong |= said.sensitive is not None and (layout.part != "sensitive" or len(said.sensitive) != _SENSITIVE)
    if wrong:
        raise ValueError("this section has no such part")
    return ".".join(one.text(8) for one in parts)


@dataclass(frozen=True, slots=True)
class UsPrivacyString:
    """The us_privacy string (CCPA, 2020), out of use since 31 January 2024 and still met; section 6 of GPP.

    Each field is ``Y``, ``N`` or ``-`` (not applicable).

    Attributes:
        notice: Notice: the person was told of the right to opt out.
        opt_out_sale: OptOutSale.
        lspa_covered: LspaCovered.
    """

    notice: str = "-"
    opt_out_sale: str = "-"
    lspa_covered: str = "-"

    name = "uspv1"
    section_id = 6
    version = 1


def read_us_privacy(text: str) -> UsPrivacyString | Unreadable:
    """Read a us_privacy string.

    Example:
        >>> read_us_privacy("1NYN").opt_out_sale
        'Y'
        >>> read_us_privacy("2NYN").problem.value
        'version'
    """
    if _US_PRIVACY.fullmatch(text):
        return UsPrivacyString(text[1], text[2], text[3])
    if not text:
        return Unreadable(Problem.EMPTY)
    if len(text) != 4:
        return Unreadable(Problem.TOO_SHORT if len(text) < 4 else Problem.LEFT_OVER)
    return Unreadable(Problem.LETTERS if text[0] == "1" else Problem.VERSION)


def write_us_privacy(said: UsPrivacyString) -> str:
    """The string that says this.

    Raises:
        ValueError: a field is not ``Y``, ``N`` or ``-``.
    """
    text = f"{said.version}{said.notice}{said.opt_out_sale}{said.lspa_covered}"
    if not _US_PRIVACY.fullmatch(text):
        raise ValueError("each field is Y, N or -")
    return text

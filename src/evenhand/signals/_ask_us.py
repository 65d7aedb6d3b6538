"""What the signals of the United States say about selling, sharing and targeted advertising: opt-outs, never a consent.

Sources: GPP section specifications; 1798.120 and 1798.135 CCPA, 11 CCR 7025 (RULES C-120, C-7025, US-UOOM, 4.2, 4.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, unique

from evenhand.terms import Use

from ._gpp import GppString, UnreadSection
from ._problem import Problem, Unreadable
from ._us import Choice, UsPrivacyString, UsSection
from ._us_layouts import US_SECTIONS

__all__ = ["GPC_REACHES", "Wish", "ask_gpp", "ask_us_privacy", "fields_asked"]


GPC_REACHES = frozenset(Use)
"""What Global Privacy Control opts out of: all three, and nothing else. It asks for no deletion, sets no limit to
sensitive data in a first-party context, and stops no personalisation from what the same organisation saw in the same
context."""


@unique
class Wish(IntEnum):
    """What signals say about a use, the weakest first; of several the strongest counts."""

    SILENT = 0
    """Nothing that can be read speaks about it."""
    OPEN = 1
    """The person was told and did not opt out. It is no consent."""
    UNCLEAR = 2
    """Not applicable, not defined, or not readable: it leaves nothing open."""
    OPTED_OUT = 3


_FIELDS = {
    Use.SALE: "SaleOptOut",
    Use.SHARING: "SharingOptOut",
    Use.TARGETED_ADVERTISING: "TargetedAdvertisingOptOut",
}
_WISHES: dict[object, Wish] = {Choice.OPTED_OUT: Wish.OPTED_OUT, Choice.DID_NOT_OPT_OUT: Wish.OPEN}
_CHILDREN = "KnownChildSensitiveDataConsents"
_NO_CONSENT = 1


def ask_gpp(said: GppString | Unreadable, uses: Iterable[Use]) -> Wish:
    """What a GPP string says about these uses together.

    A section of one state speaks beside the national one, and the strongest no counts. A section that cannot be read
    leaves nothing open; one that is not known counts only where no other speaks. A known child without consent counts
    as opted out (RULES C-120: below 16 it is opt-in).

    Example:
        >>> from evenhand.signals import read_gpp
        >>> ask_gpp(read_gpp("DBABLA~CVVVkkkkkpFY.YA"), [Use.SALE]).name
        'OPTED_OUT'
        >>> ask_gpp(read_gpp("DBABLA~CAAAVVVVVVRA.QA"), [Use.SALE]).name, ask_gpp(read_gpp("DBAA"), [Use.SALE]).name
        ('OPTED_OUT', 'SILENT')
    """
    wanted = tuple(uses)
    if not wanted:
        return Wish.SILENT
    if isinstance(said, Unreadable):
        return Wish.UNCLEAR
    fields = [_FIELDS[use] for use in wanted]
    wish, unknown = Wish.SILENT, False
    for number, section in said.sections:
        if isinstance(section, UsSection):
            wish = max(wish, _ask_section(section, fields))
        elif isinstance(section, UsPrivacyString):
            wish = max(wish, ask_us_privacy(section, wanted))
        elif isinstance(section, UnreadSection):
            unknown |= section.problem is Problem.UNKNOWN_SECTION
            if number in US_SECTIONS or number == UsPrivacyString.section_id:
                wish = max(wish, Wish.UNCLEAR)
    return Wish.UNCLEAR if unknown and wish is Wish.SILENT else wish


def fields_asked(uses: Iterable[Use]) -> frozenset[str]:
    """Every field of a section that what it says about these uses depends on, beside its part about GPC."""
    return frozenset([_CHILDREN, *(_FIELDS[use] for use in uses)])


def _ask_section(section: UsSection, fields: list[str]) -> Wish:
    if section.gpc:  # it reaches every use that there is
        return Wish.OPTED_OUT
    children = section.field(_CHILDREN)
    if children == _NO_CONSENT or (isinstance(children, tuple) and _NO_CONSENT in children):
        return Wish.OPTED_OUT
    choices = [choice for name in fields if (choice := section.field(name)) is not None]
    return max([_WISHES.get(choice, Wish.UNCLEAR) for choice in choices], default=Wish.SILENT)


def ask_us_privacy(said: UsPrivacyString | Unreadable, uses: Iterable[Use]) -> Wish:
    """What a us_privacy string says. It is older than the word sharing: its opt-out of sale reaches both.

    Example:
        >>> from evenhand.signals import read_us_privacy
        >>> ask_us_privacy(read_us_privacy("1YYN"), [Use.SHARING]).name
        'OPTED_OUT'
    """
    reached = [use for use in uses if use is not Use.TARGETED_ADVERTISING]
    if not reached:
        return Wish.SILENT
    if isinstance(said, Unreadable):
        return Wish.UNCLEAR
    return {"Y": Wish.OPTED_OUT, "N": Wish.OPEN}.get(said.opt_out_sale, Wish.UNCLEAR)

"""What the signals of the United States say about selling, sharing and targeted advertising: opt-outs, never a consent.

Sources: GPP section specifications; 1798.120 and 1798.135 CCPA, 11 CCR 7025 (RULES C-120, C-7025, US-UOOM, 4.2, 4.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum, unique

from evenhand.terms import Use

from ._gpp import GppString, UnreadSection
from ._problem import Problem, Unreadable
from ._us import Choice, UsPrivacyString, UsSection
from ._us_layouts import US_SECTIONS

__all__ = ["GPC_REACHES", "Wish", "ask_gpp", "ask_us_privacy"]


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
_WISHES = {Choice.OPTED_OUT: Wish.OPTED_OUT, Choice.DID_NOT_OPT_OUT: Wish.OPEN}
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
    if isinstance(said, Unreadable):
        return Wish.UNCLEAR if wanted else Wish.SILENT
    wish = max((wish for use in wanted for wish in _wishes(said, use)), default=Wish.SILENT)
    if wish is Wish.SILENT and wanted and any(_is_unknown(section) for _, section in said.sections):
        return Wish.UNCLEAR
    return wish


def _is_unknown(section: object) -> bool:
    return isinstance(section, UnreadSection) and section.problem is Problem.UNKNOWN_SECTION


def _wishes(said: GppString, use: Use) -> Iterator[Wish]:
    for number, section in said.sections:
        if isinstance(section, UnreadSection) and (number in US_SECTIONS or number == UsPrivacyString.section_id):
            yield Wish.UNCLEAR
        elif isinstance(section, UsPrivacyString):
            yield ask_us_privacy(section, (use,))
        elif isinstance(section, UsSection):
            if section.gpc and use in GPC_REACHES:
                yield Wish.OPTED_OUT
            fields = section.fields
            children = fields.get(_CHILDREN, 0)
            if children == _NO_CONSENT or (isinstance(children, tuple) and _NO_CONSENT in children):
                yield Wish.OPTED_OUT
            choice = fields.get(_FIELDS[use])
            if isinstance(choice, int):
                yield _WISHES.get(Choice(choice), Wish.UNCLEAR)


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

"""Who can mend what a check found: so that a block leads to a person, and not to a closed door."""

from __future__ import annotations

from enum import StrEnum, unique

__all__ = ["Owner", "owner_of"]


@unique
class Owner(StrEnum):
    """Who looks after a part of a campaign."""

    MARKETER = "marketer"
    DATA_SCIENTIST = "data_scientist"
    PRIVACY_OFFICER = "privacy_officer"
    OPERATOR = "operator"


_M, _D, _P, _O = Owner.MARKETER, Owner.DATA_SCIENTIST, Owner.PRIVACY_OFFICER, Owner.OPERATOR
_FROM: tuple[tuple[int, Owner], ...] = (
    (1, _M), (10, _P), (20, _D), (34, _P), (35, _D), (37, _P), (39, _D), (40, _M), (43, _D), (48, _M), (52, _P),
    (54, _M), (55, _P), (56, _M), (63, _D), (64, _M), (65, _D), (80, _D), (81, _M), (85, _D), (100, _P), (110, _M),
    (112, _P), (161, _D), (162, _P), (163, _M), (170, _O), (171, _M),
)  # fmt: skip
"""From which number of EH-POL on who it is."""


def owner_of(finding: str) -> Owner:
    """Who can mend a finding of this id.

    Example:
        >>> owner_of("EH-POL-041").value, owner_of("EH-POL-014").value, owner_of("EH-DATA-003").value
        ('marketer', 'privacy_officer', 'data_scientist')
    """
    kind, _, number = finding.rpartition("-")
    if kind != "EH-POL" or not number.isdigit():
        return Owner.DATA_SCIENTIST  # what the data itself shows
    return next(owner for first, owner in reversed(_FROM) if int(number) >= first)

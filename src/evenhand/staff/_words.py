"""Roles, and somebody who is signed in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Staff", "StaffRole", "roles_of"]


class StaffRole(StrEnum):
    """What somebody does here, which decides what they may open."""

    MARKETER = "marketer"
    DATA_SCIENTIST = "data-scientist"
    PRIVACY_OFFICER = "privacy-officer"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


_WEIGHT = (
    StaffRole.PRIVACY_OFFICER,
    StaffRole.DATA_SCIENTIST,
    StaffRole.MARKETER,
    StaffRole.REVIEWER,
    StaffRole.AUDITOR,
)


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who is signed in.

    Attributes:
        mark: what records name them by, such as ``staff-3f9a1c20b4d7``; leads to them only with the home's key.
        name: what their own pages call them; recorded nowhere.
        roles: what they may do, as the issuer said when they signed in.
        csrf: what each of their forms must send back.
    """

    mark: str
    name: str = field(repr=False)
    roles: frozenset[StaffRole]
    csrf: str = field(default="", repr=False)

    @property
    def weight(self) -> tuple[str, ...]:
        """Their roles as records keep them, the one that weighs most first.

        >>> Staff("staff-1", "Sanne", frozenset({StaffRole.MARKETER, StaffRole.PRIVACY_OFFICER})).weight
        ('privacy-officer', 'marketer')
        """
        return tuple(role.value for role in _WEIGHT if role in self.roles)

    def may(self, roles: Collection[StaffRole]) -> bool:
        """Whether they have one of these roles."""
        return not self.roles.isdisjoint(roles)


def roles_of(said: Iterable[str], mapping: Mapping[StaffRole, Collection[str]]) -> frozenset[StaffRole]:
    """The roles that an issuer's words stand for; a word that is not mapped stands for none.

    Args:
        said: what the issuer says of somebody, such as their groups.
        mapping: for each role the words that give it, spelled as the issuer spells them.

    >>> sorted(roles_of(["dpo", "staff"], {StaffRole.PRIVACY_OFFICER: ["dpo"], StaffRole.AUDITOR: ["audit"]}))
    [<StaffRole.PRIVACY_OFFICER: 'privacy-officer'>]
    """
    words = frozenset(said)
    return frozenset(role for role, giving in mapping.items() if not words.isdisjoint(giving))

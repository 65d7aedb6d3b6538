"""The marketing part of the DPV purpose tree, as data.

Source: W3C Data Privacy Vocabulary 2.3 (module *purposes*, February 2026): every term below Marketing, with all its
broader terms. A term may have several parents.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType

__all__ = [
    "PURPOSES",
    "ancestors",
    "is_direct_marketing_kind",
    "is_known",
    "is_marketing",
    "nearest_purpose",
    "purpose_term",
    "tcf_covers",
]

PURPOSES = MappingProxyType(
    {
        "Purpose": (),
        "Marketing": ("Purpose",),
        "Advertising": ("Marketing",),
        "PersonalisedAdvertising": ("Advertising", "Personalisation"),
        "TargetedAdvertising": ("PersonalisedAdvertising",),
        "RecruitmentAdvertising": ("Advertising", "PersonnelHiring"),
        "RecruitmentTargetedAdvertising": ("RecruitmentAdvertising", "TargetedAdvertising"),
        "PoliticalCampaign": ("Advertising", "Personalisation"),
        "DirectMarketing": ("Marketing",),
        "PublicRelations": ("Marketing",),
        "SocialMediaMarketing": ("Marketing",),
        "Personalisation": ("Purpose",),
        "PersonnelHiring": ("PersonnelManagement",),
        "PersonnelManagement": ("HumanResourceManagement",),
        "HumanResourceManagement": ("Purpose",),
    }
)
"""Each known DPV term and its direct broader terms."""

_PREFIXES = ("dpv:", "https://w3id.org/dpv#", "http://w3id.org/dpv#")


def purpose_term(text: str) -> str:
    """The bare term of a purpose that may be written as an IRI.

    Example:
        >>> purpose_term("dpv:DirectMarketing")
        'DirectMarketing'
    """
    bare = text.strip()
    for prefix in _PREFIXES:
        if bare.startswith(prefix):
            return bare[len(prefix) :]
    return bare


def is_known(purpose: str) -> bool:
    """Whether the term is Marketing, below it, or above something below it."""
    return purpose in PURPOSES


def ancestors(purpose: str) -> tuple[str, ...]:
    """All broader terms, nearest first, without the term itself; empty for an unknown term.

    Example:
        >>> ancestors("TargetedAdvertising")
        ('PersonalisedAdvertising', 'Advertising', 'Personalisation', 'Marketing', 'Purpose')
    """
    found: dict[str, None] = {}
    level: tuple[str, ...] = (purpose,)
    while level:
        level = tuple(parent for term in level for parent in PURPOSES.get(term, ()) if parent not in found)
        found.update(dict.fromkeys(level))
    return tuple(found)


def is_marketing(purpose: str) -> bool:
    """Whether the term is Marketing or below it."""
    return purpose == "Marketing" or "Marketing" in ancestors(purpose)


def is_direct_marketing_kind(purpose: str) -> bool:
    """Whether an objection to direct marketing reaches this purpose, on any channel (GDPR 21(2), RULES G-21b).

    Direct marketing is marketing aimed at a particular person, profiling included: so DirectMarketing itself, and
    all marketing that DPV calls personalised. An unknown term counts as direct marketing (closed when in doubt).

    Example:
        >>> is_direct_marketing_kind("TargetedAdvertising"), is_direct_marketing_kind("PublicRelations")
        (True, False)
    """
    return not is_known(purpose) or bool({"DirectMarketing", "Personalisation"} & {purpose, *ancestors(purpose)})


def tcf_covers(purpose: str) -> bool:
    """Whether the advertising purposes of TCF 2 speak about this purpose: advertising, and whatever is below it.

    TCF is about advertising on sites and in apps: what it says is no word about letters, messages or public relations.

    Example:
        >>> tcf_covers("PersonalisedAdvertising"), tcf_covers("DirectMarketing")
        (True, False)
    """
    return "Advertising" in {purpose, *ancestors(purpose)}


def nearest_purpose(text: str) -> str | None:
    """The marketing purpose that was probably meant, or None.

    Example:
        >>> nearest_purpose("personalized advertising")
        'PersonalisedAdvertising'
    """
    folded = {term.lower(): term for term in PURPOSES if is_marketing(term)}
    bare = "".join(purpose_term(text).lower().split()).replace("_", "").replace("-", "").replace("ized", "ised")
    close = difflib.get_close_matches(bare, folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None

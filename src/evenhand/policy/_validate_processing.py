"""Rules about the record of processing, and about how long evidence is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._campaign import Campaign
from ._finding import PolicyFinding, found

__all__ = ["review_processing"]

_EEA = frozenset(
    [
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI"),
        *("LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
    ]
)
_DAYS = {"Y": 365, "M": 30, "W": 7, "D": 1}


def review_processing(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong with recipients and with how long evidence is kept."""
    clause = campaign.processing
    for place, recipient in enumerate(clause.recipients if clause else ()):
        path = ("processing", "recipients", place)
        if campaign.law is None:
            yield found(
                "EH-POL-114",
                path,
                "This recipient is on no list, since without a law clause there is none: it is unknown, and nobody's "
                "data may go to it.",
                "Add law: with jurisdictions such as [NL], packs: with an own pack that lists the recipient, and the "
                "sensitivity of each feature; and give the recipient here the id that it has there.",
            )
        if recipient.country not in _EEA and not recipient.safeguard:
            yield found(
                "EH-POL-150",
                path,
                f"A recipient gets data in {recipient.country}, and what the transfer rests on is not said.",
                "Name it under safeguard; whether it suffices is for a person to judge.",
            )
        if recipient.role == "processor" and not recipient.contract:
            yield found(
                "EH-POL-151",
                path,
                "A processor has no contract.",
                "Name the contract (GDPR 28(3)) under contract.",
            )
    for name in ("consents", "requests"):
        kept = getattr(campaign.retention, name)
        if kept is not None and _days(kept) < _days(campaign.retention.decisions):
            yield found(
                "EH-POL-152",
                ("retention", name),
                f"Evidence ({name}) is kept for less time than the decisions that rest on it.",
                "Keep it at least as long as retention.decisions.",
            )


def _days(duration: str) -> int:
    return sum(int(amount) * _DAYS[unit] for amount, unit in re.findall(r"(\d+)([YMWD])", duration))

"""People, their consent records, and the campaign that asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import numpy as np

from campaign_cases import changed
from evenhand.permission import ConsentBook, Weighed, permit
from evenhand.policy import Campaign
from evenhand.terms import Asked, Permitted, Reason, Standing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Said(NamedTuple):
    """One consent record."""

    who: int
    kind: str
    status: str
    purpose: str = "PersonalisedAdvertising"
    at: str = "2026-01-01"


def subjects(people: Iterable[int]) -> np.ndarray:
    """Pseudonyms of people."""
    return np.array([f"{person:032x}".encode() for person in people], dtype="S32")


def book(said: Iterable[Said], weighed: Weighed | None = None) -> ConsentBook:
    """The book of what was said."""
    records = list(said)
    return ConsentBook.from_columns(
        subjects=subjects(record.who for record in records),
        kinds=[record.kind for record in records],
        purposes=[record.purpose for record in records],
        statuses=[record.status for record in records],
        at=np.array([record.at for record in records], dtype="datetime64[us]"),
        evidence=weighed,
    )


@cache
def campaign(**changes: object) -> Campaign:
    """A campaign with changes; one on legitimate interest names a balancing test."""
    if changes.get("legal_basis") == "legitimate_interest":
        changes = {"balancing": {"record": "LIA-1", "expires": "2027-01-01"}, **changes}
    return Campaign.model_validate(changed(changes))


def answer(
    said: Iterable[Said], people: Iterable[int] = (0,), at: datetime = NOW, **changes: object
) -> list[tuple[str, str]]:
    """Standing and reason of each of the people, as words."""
    return words(permit(Asked(subjects(people), at), campaign(**changes), book(said)))


def words(permitted: Permitted) -> list[tuple[str, str]]:
    """Standing and reason as words."""
    return [
        (Standing(standing).name, Reason(reason).name)
        for standing, reason in zip(permitted.standing, permitted.reason, strict=True)
    ]

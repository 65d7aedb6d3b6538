"""Campaigns that came over the network, in the database of a home: every version, who changed what when, and why.

One table that only grows. A step is an upload, a replacement or a start; what a campaign is now follows from its steps.
Whether it is paused stands in the ledger, where it stops every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique

from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Table, Text, func, insert, select

from evenhand.terms import EPOCH, EvenhandError

from .database import METADATA, Database

__all__ = ["CampaignStep", "CampaignSteps", "ChangedMeanwhileError", "StepKind"]

_step = Table(
    "campaign_step",
    METADATA,
    Column("campaign", Text, nullable=False),
    Column("number", BigInteger, autoincrement=False, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("run", Text, nullable=False),
    Column("document", LargeBinary, nullable=True),
    PrimaryKeyConstraint("campaign", "number", name="campaign_step_key"),
)


@unique
class StepKind(StrEnum):
    """What was done with a campaign."""

    UPLOADED = "uploaded"
    REPLACED = "replaced"
    STARTED = "started"


class ChangedMeanwhileError(EvenhandError):
    """A campaign is another than whoever changes it has seen; nothing was changed."""


@dataclass(frozen=True, slots=True)
class CampaignStep:
    """One step of one campaign.

    Attributes:
        campaign: its id.
        number: of the step, from 1.
        at: when.
        what: what was done.
        who: who did it.
        why: in their words; "" where they gave none.
        version: of an upload or a replacement, the version that it made, from 1; of a start, the one that was started.
        run: of a start, the run whose prices decide; of an upload, the digest (hex) of the key under which it came, if
            any; else "".
        document: of an upload or a replacement, the campaign file.
    """

    campaign: str
    number: int
    at: datetime
    what: StepKind
    who: str
    why: str
    version: int
    run: str = ""
    document: bytes | None = field(default=None, repr=False)


class CampaignSteps:
    """The steps of one home.

    Args:
        database: of the home.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, *campaigns: str) -> list[CampaignStep]:
        """The steps of these campaigns, by their id and then oldest first."""
        mine = _step.c.campaign.in_(campaigns)
        return self._read(select(_step).where(mine).order_by(_step.c.campaign, _step.c.number))

    def all(self) -> list[CampaignStep]:
        """The steps of every campaign, by its id and then oldest first; without their documents."""
        columns = [column for column in _step.c if column.name != "document"]
        return self._read(select(*columns).order_by(_step.c.campaign, _step.c.number))

    def under(self, once: str) -> list[CampaignStep]:
        """The upload that came under a key, by the key's digest; nothing where none did."""
        uploads = _step.c.what == StepKind.UPLOADED.value
        return self._read(select(_step).where(uploads & (_step.c.run == once))) if once else []

    def starts(self) -> dict[str, int]:
        """Of each campaign that was started, the number of its last start."""
        if not self._database.is_there:
            return {}
        query = (
            select(_step.c.campaign, func.max(_step.c.number))
            .where(_step.c.what == StepKind.STARTED.value)
            .group_by(_step.c.campaign)
        )
        with self._database.read() as connection:
            return {str(name): int(number) for name, number in connection.execute(query)}

    def append(self, step: CampaignStep) -> None:
        """Keep a step, durably.

        Raises:
            ChangedMeanwhileError: its number is not the next one: somebody else was first.
            StoreError: it cannot be written.
        """
        with self._database.begin() as connection:
            query = select(func.coalesce(func.max(_step.c.number), 0)).where(_step.c.campaign == step.campaign)
            if step.number != int(connection.execute(query).scalar_one()) + 1:
                raise ChangedMeanwhileError(
                    "campaign-changed",
                    f"The campaign {step.campaign} was changed by somebody else meanwhile; nothing was changed.",
                    rule="whoever changes a campaign has seen what they change",
                    remedy="read it again, and change that",
                )
            at = (step.at - EPOCH) // _MICRO
            names = ("campaign", "number", "who", "why", "version", "run", "document")
            row = {name: getattr(step, name) for name in names}
            connection.execute(insert(_step), [{**row, "at": at, "what": step.what.value}])

    def _read(self, query: object) -> list[CampaignStep]:
        if not self._database.is_there:
            return []
        with self._database.read() as connection:
            rows: Sequence[dict[str, object]] = [dict(row) for row in connection.execute(query).mappings()]  # type: ignore[call-overload]
        return [_step_of(row) for row in rows]


_MICRO = datetime.resolution


def _step_of(row: dict[str, object]) -> CampaignStep:
    document = row.get("document")
    return CampaignStep(
        campaign=str(row["campaign"]),
        number=int(str(row["number"])),
        at=EPOCH + int(str(row["at"])) * _MICRO,
        what=StepKind(str(row["what"])),
        who=str(row["who"]),
        why=str(row["why"]),
        version=int(str(row["version"])),
        run=str(row["run"]),
        document=bytes(document) if isinstance(document, bytes | memoryview) else None,
    )

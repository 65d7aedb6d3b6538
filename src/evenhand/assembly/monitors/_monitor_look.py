"""One look at one clause's stream: the kept state is brought up to its end, behind the wall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.ledgers.monitor_state import KeptState
from evenhand.disparity import Caught, GroupsWatched, Mark, MonitorRule, Stream, watch_stream
from evenhand.policy import Campaign, MonitorClause

from ..runs._open_groups import GroupedPeople
from ._monitor_events import Events

__all__ = ["Look", "take_look"]


@dataclass(frozen=True, slots=True)
class Look:
    """Where the monitors of a clause are.

    Attributes:
        clause: what was asked.
        name: of its state.
        stream: the events.
        caught: the monitors, and what is to be kept of them.
    """

    clause: MonitorClause
    name: str
    stream: Events = field(repr=False)
    caught: Caught = field(repr=False)

    def state(self, since: int) -> KeptState:
        """What is to be kept."""
        return KeptState(since, tuple(mark.to_dict() for mark in self.caught.marks))


def take_look(
    campaign: Campaign,
    people: GroupedPeople,
    clause: MonitorClause,
    stream: Events,
    name: str,
    kept: KeptState,
    since: int,
) -> Look:
    """Bring the kept state of a clause up to the end of its stream; one kept before `since` is not used.

    Raises:
        DataError: there are no groups to compare, or the state cannot be read.
    """
    marks = tuple(Mark.from_dict(one) for one in kept.marks) if kept.since == since else ()
    parts = [_bytes(stream.subjects), _bytes(np.stack((stream.offers, stream.amounts), axis=1))]
    excluded = stream.excluded if stream.excluded.any() else None
    if excluded is not None:
        parts.append(np.packbits(excluded, axis=1))
    caught = watch_stream(
        people.wall,
        GroupsWatched(clause.sets, clause.minimum_size, clause.include_unknown, clause.reference),
        Stream(
            rows=people.rows_of(stream.subjects),
            amounts=stream.amounts,
            offers=stream.offers,
            names=tuple(offer.id for offer in campaign.offers),
            only_of_the_offer=clause.watch == "outcome",
            marks=np.concatenate(parts, axis=1),
            excluded=excluded,
        ),
        MonitorRule(tolerance=clause.tolerance, alpha=clause.alpha, largest=clause.largest_weight),
        marks,
        why=f"monitor: {clause.watch} per group",
    )
    return Look(clause, name, stream, caught)


def _bytes(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of each row."""
    width = rows.dtype.itemsize * (rows.shape[1] if rows.ndim > 1 else 1)
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), width)

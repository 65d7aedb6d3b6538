"""One look at one clause's stream: the kept state is brought up to its end, behind the wall."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.ledgers.monitor_state import KeptState
from evenhand.disparity import Caught, Compared, GroupsWatched, Mark, MonitorRule, Stream, watch_stream
from evenhand.policy import Campaign, MonitorClause

from ..runs._open_groups import GroupedPeople
from ._as_told import as_told
from ._monitor_events import Events
from ._monitor_told import told_of

__all__ = ["Look", "take_look"]


@dataclass(frozen=True, slots=True)
class Look:
    """Where the monitors of a clause are.

    Attributes:
        clause: what was asked.
        name: of its state.
        stream: the events.
        caught: the monitors, and what is to be kept of them.
        before: what the look before told of each comparison.
    """

    clause: MonitorClause
    name: str
    stream: Events = field(repr=False)
    caught: Caught = field(repr=False)
    before: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def told(self, one: Compared) -> dict[str, Any]:
        """What may be told of a comparison, with its course."""
        watch = self.caught.watch
        return as_told(told_of(watch, one, course=True), self.before.get(_name(one)), watch.taken)

    def state(self, since: int) -> KeptState:
        """What is to be kept."""
        watch = self.caught.watch
        told = {
            _name(one): {"figures": said["figures"], "course": said["course"], "taken": watch.taken}
            for one in watch.compared
            for said in [self.told(one)]
        }
        return KeptState(since, tuple(mark.to_dict() for mark in self.caught.marks), told)


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
    return Look(clause, name, stream, caught, kept.told if kept.since == since else {})


def _name(one: Compared) -> str:
    return json.dumps(one.to_dict(), sort_keys=True)


def _bytes(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of each row."""
    width = rows.dtype.itemsize * (rows.shape[1] if rows.ndim > 1 else 1)
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), width)

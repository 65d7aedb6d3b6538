"""The one place where a monitor meets people's groups: everything that sees a cell ends before the wall is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError

from ._catch_up import Caught, Mark, catch_up
from ._monitor_rule import MonitorRule
from ._watch import Compared, Stretch, Watch, compared_groups

__all__ = ["Stream", "Wall", "watch_stream"]

T = TypeVar("T")
Names = tuple[tuple[str, ...], ...]
Cells = dict[tuple[str, ...], tuple[NDArray[np.int64], Names]]


class Wall(Protocol):
    """Work done behind the wall. `vault.Vault` is one."""

    def inside(self, features: tuple[str, ...], work: Callable[[NDArray[np.int32], Names], T], *, why: str) -> T:
        """Run `work(cells, groups)` behind the wall and hand its answer out."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """Events in order, without anybody's group.

    Attributes:
        rows: int[n], the row of each event's person in the vault; -1 for somebody who is not there.
        amounts: int64[n], ppm; 1,000,000 for a yes.
        offers: int[n], the offer that each event is about, -1 for none.
        names: of the offers.
        only_of_the_offer: see `Stretch`.
        marks: uint8[n, width], what tells one event from another.
    """

    rows: NDArray[np.integer[Any]]
    amounts: NDArray[np.int64]
    offers: NDArray[np.integer[Any]]
    names: tuple[str, ...]
    only_of_the_offer: bool
    marks: NDArray[np.uint8] = field(repr=False)


def watch_stream(
    wall: Wall, features: Sequence[str], stream: Stream, rule: MonitorRule, kept: Sequence[Mark], *, why: str
) -> Caught:
    """Bring the monitors of every group of each of these columns to the end of a stream; see `catch_up`.

    What comes out is the state of the monitors, never a cell. That state can tell as much as the groups do, so whoever
    keeps it keeps it like a key.

    Args:
        wall: the groups.
        features: sensitive columns, each compared by itself.
        stream: the events.
        rule: for every comparison.
        kept: from the last time; kept under another rule or for other comparisons they are not used.
        why: purpose of the question, kept in the vault's log.

    Raises:
        DataError: there are no two groups of at least 30 people, or a mark cannot be read.
    """

    def step(left: tuple[str, ...], cells: Cells, compared: tuple[Compared, ...]) -> Caught:
        if not left:
            return _caught(stream, rule, kept, cells, compared)

        def work(codes: NDArray[np.int32], names: Names) -> Caught:
            here = np.where(stream.rows >= 0, codes[stream.rows], -1).astype(np.int64)
            offers = ("", *stream.names) if len(stream.names) > 1 else ("",)
            groups = compared_groups(codes, names)
            more = tuple(Compared((left[0],), group, offer) for group in groups for offer in offers)
            return step(left[1:], {**cells, (left[0],): (here, names)}, compared + more)

        return wall.inside((left[0],), work, why=why)

    return step(tuple(features), {}, ())


def _caught(
    stream: Stream, rule: MonitorRule, kept: Sequence[Mark], cells: Cells, compared: tuple[Compared, ...]
) -> Caught:
    if not compared:
        raise DataError(
            "monitor-no-groups",
            "There are no two groups of at least 30 people to compare.",
            rule="a monitor compares confirmed sensitive columns",
            remedy="give a column the role sensitive",
        )

    def feed(watch: Watch, begin: int, end: int) -> None:
        part = {features: (codes[begin:end], names) for features, (codes, names) in cells.items()}
        amounts, offers = stream.amounts[begin:end], stream.offers[begin:end]
        watch.take(begin, Stretch(part, amounts, offers, stream.names, stream.only_of_the_offer))

    watches = [Watch.from_dict(mark.state) for mark in kept]
    same = all(watch.rule == rule and watch.compared == compared for watch in watches)
    return catch_up(kept if same else (), stream.marks, lambda: Watch(rule, compared), feed)

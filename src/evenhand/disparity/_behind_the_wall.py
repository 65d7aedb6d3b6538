"""The one place where a monitor meets people's groups: everything that sees a cell ends before the wall is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError

from ._catch_up import Caught, Mark, catch_up
from ._monitor_rule import MonitorRule
from ._watch import Compared, Stretch, Watch, compared_groups

__all__ = ["GroupsWatched", "Stream", "Wall", "watch_stream"]

T = TypeVar("T")
Names = tuple[tuple[str, ...], ...]
Cells = dict[tuple[str, ...], tuple[NDArray[np.int64], Names]]


class Wall(Protocol):
    """Work done behind the wall. `vault.Vault` is one."""

    def inside(self, features: tuple[str, ...], work: Callable[[NDArray[np.int32], Names], T], *, why: str) -> T:
        """Run `work(cells, groups)` behind the wall and hand its answer out."""
        ...


@dataclass(frozen=True, slots=True)
class GroupsWatched:
    """Which groups are compared.

    Attributes:
        sets: sensitive columns; those of one set are combined.
        minimum_size: groups of fewer people are not compared.
        include_unknown: people whose group is unknown are a group.
        reference: per column the value of the group that all others are compared with; {} = each with everybody else.
    """

    sets: tuple[tuple[str, ...], ...]
    minimum_size: int = 30
    include_unknown: bool = False
    reference: Mapping[str, str] = field(default_factory=dict)

    def beside(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """The reference group of a set; () for none."""
        return tuple(self.reference[name] for name in features) if features[0] in self.reference else ()


@dataclass(frozen=True, slots=True)
class Stream:
    """Events in order, without anybody's group.

    Attributes:
        rows: int[n], the row of each event's person in the vault; -1 for somebody who is not there.
        amounts: int64[n], ppm; 1,000,000 for a yes.
        offers: int[n], the offer that each event is about, -1 for none.
        names: of the offers.
        only_of_the_offer, excluded: see `Stretch`.
        marks: uint8[n, width], what tells one event from another.
    """

    rows: NDArray[np.integer[Any]]
    amounts: NDArray[np.int64]
    offers: NDArray[np.integer[Any]]
    names: tuple[str, ...]
    only_of_the_offer: bool
    marks: NDArray[np.uint8] = field(repr=False)
    excluded: NDArray[np.bool_] | None = field(repr=False, default=None)


def watch_stream(
    wall: Wall, groups: GroupsWatched, stream: Stream, rule: MonitorRule, kept: Sequence[Mark], *, why: str
) -> Caught:
    """Bring the monitors of every group of each of these sets of columns to the end of a stream; see `catch_up`.

    What comes out is the state of the monitors, never a cell. That state can tell as much as the groups do, so whoever
    keeps it keeps it like a key.

    Args:
        wall: the groups.
        groups: which are compared.
        stream: the events.
        rule: for every comparison.
        kept: from the last time; kept under another rule or for other comparisons they are not used.
        why: purpose of the question, kept in the vault's log.

    Raises:
        DataError: there are no two groups that are large enough, the reference group is not, or a mark cannot be read.
    """

    def step(left: tuple[tuple[str, ...], ...], cells: Cells, compared: tuple[Compared, ...]) -> Caught:
        if not left:
            return _caught(stream, rule, kept, cells, compared)
        features = left[0]

        def work(codes: NDArray[np.int32], names: Names) -> Caught:
            here = np.where(stream.rows >= 0, codes[stream.rows], -1).astype(np.int64)
            more = _comparisons(groups, features, compared_names(codes, names), stream)
            return step(left[1:], {**cells, features: (here, names)}, compared + more)

        def compared_names(codes: NDArray[np.int32], names: Names) -> Names:
            return compared_groups(
                codes,
                names,
                minimum_size=groups.minimum_size,
                include_unknown=groups.include_unknown,
                reference=groups.beside(features),
            )

        return wall.inside(features, work, why=why)

    return step(groups.sets, {}, ())


def _comparisons(
    groups: GroupsWatched, features: tuple[str, ...], found: Names, stream: Stream
) -> tuple[Compared, ...]:
    """Each group, for all offers together and for each."""
    beside = groups.beside(features)
    if beside and not found:
        raise DataError(
            "monitor-reference",
            f"The reference group of {' and '.join(features)} does not occur, or it or every other group has "
            f"fewer than {groups.minimum_size} people.",
            rule="every other group is compared with a reference that is large enough",
            remedy="correct the value under reference, lower minimum_size, or take the reference out",
        )
    offers = ("", *stream.names) if len(stream.names) > 1 else ("",)
    return tuple(Compared(features, group, offer, beside) for group in found for offer in offers)


def _caught(
    stream: Stream, rule: MonitorRule, kept: Sequence[Mark], cells: Cells, compared: tuple[Compared, ...]
) -> Caught:
    if not compared:
        raise DataError(
            "monitor-no-groups",
            "There are no two groups that are large enough to compare.",
            rule="a monitor compares groups of confirmed sensitive columns, of at least minimum_size people",
            remedy="give a column the role sensitive, or lower minimum_size",
        )

    def feed(watch: Watch, begin: int, end: int) -> None:
        part = {features: (codes[begin:end], names) for features, (codes, names) in cells.items()}
        amounts, offers = stream.amounts[begin:end], stream.offers[begin:end]
        out = None if stream.excluded is None else stream.excluded[begin:end]
        watch.take(begin, Stretch(part, amounts, offers, stream.names, stream.only_of_the_offer, out))

    watches = [Watch.from_dict(mark.state) for mark in kept]
    same = all(watch.rule == rule and watch.compared == compared for watch in watches)
    return catch_up(kept if same else (), stream.marks, lambda: Watch(rule, compared), feed)

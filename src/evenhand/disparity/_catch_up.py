"""A stream that is read again and again: only what is new is taken, and a correction is replayed from before it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError

from ._watch import Watch

__all__ = ["Caught", "Mark", "catch_up"]

_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A state with the place in the stream that it belongs to.

    Attributes:
        taken: events before it.
        digest: SHA-256 (hex) of those events, groups left out.
        state: from `Watch.to_dict`.
    """

    taken: int
    digest: str
    state: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"taken": self.taken, "digest": self.digest, "state": dict(self.state)}

    @staticmethod
    def from_dict(saved: Mapping[str, Any]) -> Mark:
        """Back from `to_dict`.

        Raises:
            DataError: it is not a mark.
        """
        try:
            return Mark(int(saved["taken"]), str(saved["digest"]), dict(saved["state"]))
        except (KeyError, TypeError, ValueError):
            raise DataError(
                "watch-mark",
                "A saved place in a stream cannot be read.",
                rule="a mark is what to_dict made",
                remedy="remove the state and let the monitors count the stream again from its start",
            ) from None


@dataclass(frozen=True, slots=True)
class Caught:
    """What came of reading a stream again.

    Attributes:
        watch: the state after all of it.
        marks: what to keep for the next time, in the order of the stream.
        new: how many events were not there before.
        corrected_from: where events that were counted before were found to be others, or to be gone: everything from
            this place on was counted again. -1 where nothing was corrected.
    """

    watch: Watch
    marks: tuple[Mark, ...]
    new: int
    corrected_from: int


def catch_up(
    marks: Sequence[Mark],
    events: NDArray[np.uint8],
    start: Callable[[], Watch],
    feed: Callable[[Watch, int, int], None],
) -> Caught:
    """Bring a watch to the end of a stream, however it got there before.

    The state is always the one that a single reading of the stream as it now is would give. Events that are the same
    as before are not counted twice; where one was corrected or withdrawn, everything from the last mark before it is
    counted again. An alarm that a correction takes away stays in the ledger as what was said then.

    Args:
        marks: kept from the last time; none at first.
        events: [n, width], what tells one event from another, as bytes; never a group.
        start: makes a watch at the beginning of the stream.
        feed: takes the events from one place to another into a watch.
    """
    total = len(events)
    known = _known(marks, events)
    watch = Watch.from_dict(known[-1].state) if known else start()
    was = max((mark.taken for mark in marks), default=0)
    begun = watch.taken
    kept = list(known)
    digest = hashlib.sha256(events[:begun].tobytes())
    wanted = sorted({total - (total >> depth) for depth in range(1, _DEEPEST + 1)} | {total})
    for stop in (place for place in wanted if place > begun):
        feed(watch, watch.taken, stop)
        digest.update(events[begun:stop].tobytes())
        begun = stop
        kept.append(Mark(stop, digest.hexdigest(), watch.to_dict()))
    corrected = known[-1].taken if known else 0
    return Caught(
        watch=watch,
        marks=_thinned(kept, wanted),
        new=max(0, total - was),
        corrected_from=corrected if was > corrected else -1,
    )


def _known(marks: Sequence[Mark], events: NDArray[np.uint8]) -> list[Mark]:
    """The marks up to which the stream still is as it was."""
    known = []
    digest, before = hashlib.sha256(), 0
    for mark in sorted(marks, key=lambda one: one.taken):
        if mark.taken > len(events):
            break
        digest.update(events[before : mark.taken].tobytes())
        before = mark.taken
        if digest.hexdigest() != mark.digest:
            break
        known.append(mark)
    return known


def _thinned(marks: Sequence[Mark], wanted: Sequence[int]) -> tuple[Mark, ...]:
    """The last mark at or before each wanted place: close together near the end, far apart before."""
    kept = {max((mark.taken for mark in marks if mark.taken <= place), default=-1) for place in wanted}
    return tuple(mark for mark in marks if mark.taken in kept)

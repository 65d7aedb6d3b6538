"""By how much groups get more or less than their cells tell, over the recent part of a stream.

A cell of a blind limit says how likely each group is, and prices act through that. Within a cell one group may still
be worth more than another, so what groups truly get differs from what cells tell. The difference is measured on counts
that came across the wall, and expected to go on as it was lately.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Astray"]

_FADES = 0.7
"""What a period weighs against the one after it."""

Group = tuple[str, ...]


class Astray:
    """Running differences, tally by tally and group by group."""

    __slots__ = ("_more", "_people", "_seen", "_total")

    def __init__(self) -> None:
        self._seen: list[int] = []
        self._people: list[float] = []
        self._total: list[dict[Group, float]] = []
        self._more: list[dict[Group, float]] = []

    def resize(self, tallies: int) -> None:
        """Make room for so many tallies."""
        while len(self._seen) < tallies:
            self._seen.append(0)
            self._people.append(0.0)
            self._total.append({})
            self._more.append({})

    def learn(self, tally: int, seen: int, total: Mapping[Group, float]) -> None:
        """Take in how many more each group got, over everybody who came so far.

        Args:
            tally: which one.
            seen: how many came so far.
            total: by group, offers that it got less those that its people's cells tell.
        """
        before = self._total[tally]
        self._people[tally] = _FADES * self._people[tally] + seen - self._seen[tally]
        faded = {group: _FADES * more for group, more in self._more[tally].items()}
        self._more[tally] = {
            group: faded.get(group, 0.0) + more - before.get(group, 0.0) for group, more in total.items()
        }
        self._seen[tally], self._total[tally] = seen, dict(total)

    def rates(self) -> list[dict[Group, float]]:
        """Per tally and group: offers more than cells tell, per person who comes."""
        return [
            {group: more / max(1.0, people) for group, more in groups.items()}
            for people, groups in zip(self._people, self._more, strict=True)
        ]

    def to_list(self) -> list[dict[str, Any]]:
        """Plain values; floats come back the same."""
        return [
            {
                "seen": seen,
                "people": people,
                "total": [[list(group), value] for group, value in total.items()],
                "more": [[list(group), value] for group, value in more.items()],
            }
            for seen, people, total, more in zip(self._seen, self._people, self._total, self._more, strict=True)
        ]

    @classmethod
    def from_list(cls, plain: list[dict[str, Any]]) -> Astray:
        """Read back what `to_list` gave."""
        out = cls()
        for one in plain:
            out._seen.append(int(one["seen"]))
            out._people.append(float(one["people"]))
            out._total.append({tuple(group): float(value) for group, value in one["total"]})
            out._more.append({tuple(group): float(value) for group, value in one["more"]})
        return out

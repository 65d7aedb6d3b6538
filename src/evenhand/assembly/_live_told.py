"""What people told a home, for a service: read once, and what is new before each group is decided.

While a group is decided and made durable nobody says anything: whoever does waits for it, some thousandths of a second.
So a no that is durable is heard by every decision after it, and none is made durable behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.consent_table import ConsentColumns
from evenhand.adapters.home import Home
from evenhand.rights import Entry, Said, Stream

from ._trail import Told, is_trail_there, told_to, trail_of

if TYPE_CHECKING:
    from evenhand.adapters.rights_tables import RightsTables
    from evenhand.ledger import SubjectKeys

__all__ = ["LiveTold"]

_Row = tuple[str, str, str, np.datetime64]


class LiveTold:
    """What people told one home. Used from one thread; close it.

    Args:
        place: the home.
        keys: of its people.

    Attributes:
        corrections: corrected values of people, by pseudonym and column.
        version: another number whenever corrections changed.
    """

    def __init__(self, place: Home, keys: SubjectKeys) -> None:
        self.corrections: Mapping[bytes, Mapping[str, str]] = {}
        self.version = 0
        self._place, self._keys = place, keys
        self._last = 0
        self._rows: dict[bytes, list[_Row]] = {}
        self._open = ExitStack()
        self._trail: RightsTables | None = None
        if is_trail_there(place):
            self._catch_up(self._opened())

    def close(self) -> None:
        """Close the database."""
        self._open.close()

    def look(self) -> None:
        """Whether it can be read.

        Raises:
            StoreError: it cannot.
        """
        if self._trail is not None:
            self._trail.last()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Read what is new; until the ``with`` ends nobody says anything more."""
        if self._trail is None and not is_trail_there(self._place):
            yield
            return
        trail = self._opened()
        with trail.held():
            self._catch_up(trail)
            yield

    def of(self, subjects: NDArray[np.bytes_]) -> Told:
        """What these people told the home."""
        said = [(one, row) for one in subjects.tolist() for row in self._rows.get(one, ())] if self._rows else []
        if not said:
            return Told(last=self._last)
        kinds, purposes, statuses, moments = zip(*(row for _, row in said), strict=True)
        return Told(
            ConsentColumns(
                np.array([one for one, _ in said], dtype="S32"),
                list(kinds),
                list(purposes),
                list(statuses),
                np.array(moments, dtype="datetime64[us]"),
            ),
            last=self._last,
        )

    def _opened(self) -> RightsTables:
        if self._trail is None:
            self._trail = self._open.enter_context(trail_of(self._place))
        return self._trail

    def _catch_up(self, trail: RightsTables) -> None:
        if trail.last() == self._last:
            return
        new = list(trail.read(after=self._last))
        streams = {one.stream for one in new}
        if Stream.REMOVAL in streams:  # what was read before is not all there any more
            self._rows = {}
            new = list(trail.read(Stream.CONSENT))
        if streams & {Stream.REMOVAL, Stream.CORRECTION}:
            self.corrections = told_to(self._place).corrections
            self.version += 1
        self._take_in([one for one in new if one.stream is Stream.CONSENT and one.body])
        self._last = trail.last()

    def _take_in(self, said: list[Entry]) -> None:
        people = self._keys.of_handles(sorted({one.handle for one in said if one.handle is not None}))
        for one in said:
            key = people.get(one.handle or b"")
            if key is not None:
                record = Said.from_body(one.body, one.at)
                row = (record.kind, record.purpose, record.status, np.datetime64(one.at, "us"))
                self._rows.setdefault(key.pseudonym.hex().encode(), []).append(row)

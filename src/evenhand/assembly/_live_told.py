"""What people told the home, in memory, as of now; looked at before each group of decisions: a no holds for the next.

Whether anything was said since is asked of the database: of a file by its own count of changes, which costs next to
nothing, of a server by the number of the last entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.consent_table import ConsentColumns
from evenhand.adapters.home import Home
from evenhand.adapters.placement import placement_of
from evenhand.ledger import SubjectKeys
from evenhand.rights import Entry, Said, Stream
from evenhand.terms import StoreError

from ._trail import Told, is_trail_there, told_to, trail_of

if TYPE_CHECKING:
    from evenhand.adapters.rights_tables import RightsTables

__all__ = ["LiveTold"]

_Row = tuple[str, str, str, int]
"""Kind, purpose, status, and the moment in microseconds since 1970 (UTC)."""


class LiveTold:
    """What people told a home. For one thread; close it.

    Args:
        place: the home.
        keys: of its people.

    Attributes:
        told: everything that was told when it was last read whole; its corrections are those that hold.
    """

    def __init__(self, place: Home, keys: SubjectKeys) -> None:
        self._place, self._keys = place, keys
        self._is_file = placement_of(place) is None
        self._open = ExitStack()
        self._trail: RightsTables | None = None
        self._watch: sqlite3.Connection | None = None
        self._version = -1
        self.told = Told()
        self._said: dict[bytes, list[_Row]] = {}
        self.last = 0
        self._read_whole()

    def close(self) -> None:
        """Close the database."""
        self._open.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def look(self) -> bool:
        """Read what was told since; whether something was corrected or taken out, so that tables are to be read anew.

        Raises:
            StoreError: it cannot be read; then nobody may be decided about.
        """
        if not self._may_have_changed():
            return False
        trail = self._opened()
        if trail is None or trail.last() == self.last:
            return False
        new = list(trail.read(after=self.last))
        if any(one.stream in (Stream.CORRECTION, Stream.REMOVAL) for one in new):
            self._read_whole()
            return True
        self._add(new)
        self.last = max([self.last, *(one.seq for one in new)])
        return False

    def of(self, subjects: NDArray[np.bytes_]) -> ConsentColumns | None:
        """What these people told; None where they told nothing."""
        if not self._said:
            return None
        found = [(one, row) for one in subjects.tolist() for row in self._said.get(one, ())]
        if not found:
            return None
        kinds, purposes, statuses, at = zip(*(row for _, row in found), strict=True)
        return ConsentColumns(
            np.array([one for one, _ in found], dtype="S32"),
            list(kinds),
            list(purposes),
            list(statuses),
            np.array(at, dtype="datetime64[us]"),
        )

    def _may_have_changed(self) -> bool:
        if not self._is_file:
            return True
        if not is_trail_there(self._place):
            return False
        try:
            if self._watch is None:
                self._watch = sqlite3.connect(
                    f"{self._place.people.absolute().as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False
                )
            version = int(self._watch.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self.close()
            raise StoreError(
                "told-unreachable",
                f"What people told cannot be read ({type(error).__name__}); nobody was decided about.",
                rule="G-7, G-21b: a no takes effect before the next decision",
                remedy="check people.sqlite in the home, and its permissions",
            ) from None
        changed, self._version = version != self._version, version
        return changed

    def _opened(self) -> RightsTables | None:
        if self._trail is None and is_trail_there(self._place):
            self._trail = self._open.enter_context(trail_of(self._place))
        return self._trail

    def _read_whole(self) -> None:
        self.told = told_to(self._place)
        self.last, self._said = self.told.last, {}
        said = self.told.said
        if said is not None:
            moments = said.at.astype("datetime64[us]").astype(np.int64).tolist()
            rows = zip(said.kinds, said.purposes, said.statuses, moments, strict=True)
            self._keep(zip(said.subjects.tolist(), rows, strict=True))

    def _add(self, new: Sequence[Entry]) -> None:
        consents = [one for one in new if one.stream is Stream.CONSENT and one.body and one.handle is not None]
        keys = self._keys.of_handles(sorted({one.handle for one in consents if one.handle is not None}))
        rows: list[tuple[bytes, _Row]] = []
        for one in consents:
            key = keys.get(one.handle or b"")
            if key is not None:
                said = Said.from_body(one.body, one.at)
                rows.append((key.pseudonym.hex().encode(), (said.kind, said.purpose, said.status, one.at)))
        self._keep(rows)

    def _keep(self, rows: Iterable[tuple[bytes, _Row]]) -> None:
        for subject, row in rows:
            self._said.setdefault(subject, []).append(row)

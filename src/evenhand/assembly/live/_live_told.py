"""What people told a home, for a service: read once, and what is new before each group is decided.

While a group is made durable nobody says anything: whoever does waits for it, some thousandths of a second. Where
somebody of the group did so between being decided about and that, the group is void. So a no that is durable is heard
by every decision after it, and none is made durable behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.stores.home import Home
from evenhand.rights import Entry, Said, Stream

from ..people._entries import whole_body
from ..people._signals_said import gpc_overruled, is_gpc
from ..people._trail import Told, is_trail_there, nobody_says_first, told_columns, told_to, trail_of

if TYPE_CHECKING:
    from evenhand.adapters.stores.rights_tables import RightsTables
    from evenhand.ledger import SubjectKeys

__all__ = ["LiveTold", "SaidMeanwhileError"]

_COUNTS = frozenset({Stream.CONSENT, Stream.CORRECTION, Stream.REMOVAL})
"""What changes how somebody is decided about."""
_Row = tuple[int, bytes]
"""When something was said, in microseconds since 1970, and the body of the entry that says what."""


class SaidMeanwhileError(Exception):
    """Somebody said something after they were decided about, and before that was durable: it is void."""


class LiveTold:
    """What people told one home. Used from one thread, but for `silent`; close it.

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
        self._words: dict[bytes, Said] = {}
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

    @property
    def last(self) -> int:
        """Number of the last entry that was read; 0 where there is none."""
        return self._last

    def catch_up(self) -> None:
        """Read what is new.

        Raises:
            StoreError: it cannot be read.
        """
        if self._trail is not None or is_trail_there(self._place):
            self._catch_up(self._opened())

    @contextmanager
    def silent(self, heard: int, whom: Callable[[], frozenset[bytes]]) -> Iterator[None]:
        """Until the ``with`` ends nobody says anything; from any thread, while another reads what is new.

        Args:
            heard: number of the last entry that was read before people were decided about.
            whom: gives their handles.

        Raises:
            SaidMeanwhileError: one of them said something since, or something was taken out.
            StoreError: it cannot be read.
        """
        trail = self._trail
        if trail is None:
            with nobody_says_first(self._place) as is_silent:
                if not is_silent:
                    raise SaidMeanwhileError
                yield
            return
        with trail.held() as last:
            if last != heard:
                new = [one for one in trail.read(after=heard) if one.stream in _COUNTS]
                if any(one.handle is None for one in new) or not whom().isdisjoint(one.handle for one in new):
                    raise SaidMeanwhileError
            yield

    @contextmanager
    def held(self) -> Iterator[None]:
        """Read what is new; until the ``with`` ends nobody says anything more."""
        if self._trail is None:
            with nobody_says_first(self._place) as is_silent:
                if is_silent:
                    yield
                    return
        trail = self._opened()
        with trail.held():
            self._catch_up(trail)
            yield

    def of(self, subjects: NDArray[np.bytes_]) -> Told:
        """What these people told the home."""
        said = [(one, *row) for one in subjects.tolist() for row in self._rows.get(one, ())] if self._rows else []
        if not said:
            return Told(last=self._last)
        people, moments, bodies = zip(*said, strict=True)
        words = {body: self._words[body] for body in bodies}
        return Told(told_columns(np.array(people, dtype="S32"), moments, bodies, words), last=self._last)

    def overrules_browser(self, subject: bytes) -> bool:
        """Whether a person said otherwise since their browser's opt-out was heard first; see `gpc_overruled`."""
        return gpc_overruled(self._said(subject, "opt_out", "signal"))

    def has_heard_browser(self, subject: bytes) -> bool:
        """Whether an opt-out of a person's browser is on record, whatever they said since."""
        return any(is_gpc(one) for one in self._said(subject, "opt_out", "signal"))

    def _said(self, subject: bytes, *kinds: str) -> list[Said]:
        return [Said.from_body(body, at) for at, body in self._rows.get(subject, ()) if self._words[body].kind in kinds]

    def _opened(self) -> RightsTables:
        if self._trail is None:
            self._trail = self._open.enter_context(trail_of(self._place))
        return self._trail

    def _catch_up(self, trail: RightsTables) -> None:
        """Read what is new. Others may add to the trail meanwhile: what was read counts up to its own last entry."""
        if trail.last() == self._last:
            return
        new = list(trail.read(after=self._last))
        last = new[-1].seq if new else self._last
        streams = {one.stream for one in new}
        if Stream.REMOVAL in streams:  # what was read before is not all there any more
            self._rows, self._words = {}, {}
            new = list(trail.read(Stream.CONSENT, until=last))
        if streams & {Stream.REMOVAL, Stream.CORRECTION}:
            self.corrections = told_to(self._place).corrections
            self.version += 1
        self._take_in([one for one in new if one.stream is Stream.CONSENT and one.body])
        self._last = last

    def _take_in(self, said: list[Entry]) -> None:
        people = self._keys.of_handles(sorted({one.handle for one in said if one.handle is not None}))
        for one in said:
            key = people.get(one.handle or b"")
            if key is not None:
                body = whole_body(one.body, one.sealed, key)
                if body not in self._words:
                    self._words[body] = Said.from_body(body, 0)
                self._rows.setdefault(key.pseudonym.hex().encode(), []).append((one.at, body))

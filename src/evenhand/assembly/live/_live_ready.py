"""Whether a service could decide: as it was tried last, and looked at again by itself.

A load balancer sends no question to a service that says no, and one that nobody asks cannot learn by questions that its
database went away. So a service in trouble looks each second whether that is over, and an idle one looks for as long as
somebody asks how it is. A step that takes longer than any should is a no too: a server that is cut off does not answer,
and says nothing. Whoever looks after the service is told once when a store fails, and once when that is over: a service
that is asked a thousand times a second has one trouble, not a thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evenhand.terms import EvenhandError, LedgerError, StoreError

__all__ = ["LOOK_AGAIN", "Readiness"]

LOOK_AGAIN = 1.0
"""Seconds after which a service in trouble looks whether that is over."""
_LOOK_IDLE = 2.0
_ASKED = 60.0
"""Seconds for which somebody who asked is likely to ask again."""
_STUCK = 5.0
"""Seconds that no step of a healthy service takes."""
_KEY_MISSING = "wrapping-key-missing"


@dataclass(slots=True)
class Readiness:
    """How a service is. Told by the thread that decides, asked from any.

    Attributes:
        store: told, from either thread, whether a store fails.
        trouble: why the last step failed; None where it did not.
        no_room: why the next may fail though the last did not, since a disk is full: little still fits on it.
    """

    store: Callable[[str, EvenhandError | None], None] = field(default=lambda _, __: None, repr=False)
    trouble: EvenhandError | None = None
    no_room: EvenhandError | None = None
    _locked: tuple[EvenhandError, str, tuple[str, ...]] | None = field(default=None, repr=False)
    _asked_at: float = -_ASKED
    _looked_at: float = 0.0
    _since: float | None = None
    _moved_at: float = field(default_factory=time.monotonic)

    def word(self) -> str:
        """Why nobody could be decided about, one stable word; "" where they could be."""
        self._asked_at = time.monotonic()
        since = self._since
        if since is not None and self._asked_at - since > _STUCK:
            return "stalled"
        locked = self._locked
        if locked is not None:
            return locked[0].code
        trouble = self.trouble or self.no_room
        return "" if trouble is None else trouble.code

    def begins(self) -> None:
        """A step begins."""
        self._since = self._moved_at = time.monotonic()

    def ended(self, trouble: EvenhandError | None) -> None:
        """A step ended, well or not."""
        self._since, self._looked_at = None, time.monotonic()
        self.moves()
        self.fails(None if self.is_of_keys(trouble) else trouble)

    def moves(self) -> None:
        """Whoever decides is there, also where there is nothing to do."""
        self._moved_at = time.monotonic()

    @property
    def still_for(self) -> float:
        """Seconds for which whoever decides did not move: they are in a step that does not end, or are no more."""
        return time.monotonic() - self._moved_at

    def fails(self, trouble: EvenhandError | None) -> None:
        """Nobody can be decided about; or, with None, they can."""
        self.trouble = trouble
        told = trouble or self.no_room  # what still fits on a full disk is no end of that
        if told is None or isinstance(told, StoreError | LedgerError):
            self.store("Deciding", told)

    @property
    def is_full(self) -> bool:
        """Whether a file could not grow. Less than that still succeeds on a full disk, so trying does not tell."""
        return self.trouble is not None and self.trouble.code == "store-full"

    def locked_out(self, campaign: str, subjects: Sequence[str], trouble: EvenhandError) -> None:
        """Of some people the key cannot be opened with the wrapping keys that are there. Others can be decided about,
        and yet that is no state to go on in: it stays a no until they can be too."""
        self._locked = (trouble, campaign, tuple(subjects))

    @property
    def locked(self) -> tuple[str, tuple[str, ...]] | None:
        """Whose keys did not open: a campaign and subjects."""
        return None if self._locked is None else self._locked[1:]

    def opens_again(self) -> None:
        """Their keys open."""
        self._locked = None

    @property
    def must_look(self) -> bool:
        """Whether what is the matter is seen to be over by a look alone, and not by what was decided."""
        return self._locked is not None or self.no_room is not None

    def look_is_due(self) -> bool:
        """Whether to look by oneself now: in trouble, or where somebody wants to know."""
        now = time.monotonic()
        if self.trouble is not None or self.must_look:
            return now - self._looked_at >= LOOK_AGAIN
        return now - self._asked_at < _ASKED and now - self._looked_at >= _LOOK_IDLE

    @staticmethod
    def is_of_keys(error: BaseException | None) -> bool:
        """Whether a wrapping key is not there: that is of some people, and not of all."""
        return isinstance(error, StoreError) and error.code == _KEY_MISSING

    @staticmethod
    def is_hopeless(error: BaseException) -> bool:
        """Whether what failed for some fails for each of them, since the stores are away."""
        return isinstance(error, StoreError) and error.code != _KEY_MISSING

"""Who looked at what about people: staff on their pages, machines with a key, and whoever uses a command."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from evenhand.adapters.stores.home import Home, find_home
from evenhand.rights import Entry, Stream, check_actor
from evenhand.staff import Read, ReadKind
from evenhand.terms import moment_at

from ._entries import entry
from ._trail import is_trail_there, key_of_person, trail_of

__all__ = ["ReadsInHome", "looks_at", "note_look", "staff_reads"]


class ReadsInHome:
    """What was read about people, in the chained trail of the home. Implements `staff.ReadLog`.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place

    def note(self, read: Read) -> None:
        """Append it, durable; whoever cannot shows nothing."""
        noted = entry(Stream.READ, read.to_body(), at=read.at, recorded=read.at, handle=read.whose or None)
        with trail_of(self._place) as trail:
            trail.append([noted])

    def reads(self) -> Iterator[Read]:
        """All of them, oldest first; what was kept long enough is gone."""
        if not is_trail_there(self._place):
            return
        with trail_of(self._place) as trail:
            yield from (_read(one) for one in trail.read(Stream.READ) if not one.is_removed)

    def latest(self, count: int) -> tuple[tuple[Read, ...], int]:
        """The last ones, the last one first, and how many there are."""
        if not is_trail_there(self._place):
            return (), 0
        with trail_of(self._place) as trail:
            found, total = trail.latest(Stream.READ, count)
        return tuple(map(_read, found)), total


def _read(one: Entry) -> Read:
    return Read.from_body(one.body, moment_at(one.at), one.seq, one.handle or b"")


def staff_reads(*, home: str | Path | None = None, about: str = "", who: str = "") -> tuple[Read, ...]:
    """What staff, machines and commands read about people, oldest first.

    Args:
        home: the home folder; see `find_home`.
        about: only of this request or decision.
        who: only by this mark (see `staff_mark`), machine or name.
    """
    found = ReadsInHome(find_home(home)).reads()
    return tuple(one for one in found if about in ("", one.about) and who in ("", one.who))


def note_look(
    kind: ReadKind, *, by: str, at: datetime, home: str | Path | None = None, who: str = "", about: str = ""
) -> None:
    """Note that somebody looks at something about a person, before it is shown; durable when this returns.

    Args:
        kind: at what.
        by: who looks: a role or a staff number, or the name of a machine's key.
        at: now.
        home: the home folder; see `find_home`.
        who: the person's own id, where it is at what is held of a person; only a handle is kept of it.
        about: number of the request or id of the decision, where it is at one.

    Raises:
        UsageError: nobody is named who looks.
        StoreError: it cannot be noted; then nothing is shown.
    """
    place = find_home(home)
    key = key_of_person(place, who, make=False) if who else None
    whose = key.handle if key is not None else b""
    if whose or about:
        ReadsInHome(place).note(Read(at, check_actor(by), kind, about, whose=whose))


def looks_at(place: Home, who: str, about: Collection[str]) -> list[Read]:
    """Who looked at what is held of a person, or at one of these requests and decisions of theirs, oldest first."""
    key = key_of_person(place, who, make=False)
    mine = key.handle if key is not None else None
    return [one for one in ReadsInHome(place).reads() if one.whose == mine or (one.about and one.about in about)]

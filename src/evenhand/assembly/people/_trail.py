"""What people said and asked, as the home keeps it: the way in, and what a run must know of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.consent_table import ConsentColumns
from evenhand.adapters.keys.personal_seal import unseal
from evenhand.adapters.stores.file_lock import alone_in_making
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.placement import placement_of
from evenhand.features import pseudonymise
from evenhand.ledger import SubjectKey
from evenhand.policy import EVIDENCE_NAMES
from evenhand.rights import SIGNALS, Entry, Said, Stream
from evenhand.terms import DataError, moment_at

from ..records._ledger import keys_of
from ._entries import entry, whole_body

if TYPE_CHECKING:
    from evenhand.adapters.data.tables import DataTable
    from evenhand.adapters.stores.rights_tables import RightsTables

__all__ = [
    "Told",
    "again_if_said_meanwhile",
    "corrections_of",
    "erased_since",
    "forget_said",
    "is_trail_there",
    "key_of_person",
    "keys_drawn",
    "nobody_says_first",
    "nobody_says_meanwhile",
    "refuse_said_since",
    "remove_entries",
    "restored_since",
    "take_out",
    "told_columns",
    "told_to",
    "trail_of",
]

_MEANWHILE = "said-meanwhile"
_BEGIN_AGAIN = (_MEANWHILE, "erased-meanwhile")
_TRIES = 3
_FEW = 200
"""People who are looked up one by one; for more, everybody is read."""
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Told:
    """What people told the home, as far as a run looks at it.

    Attributes:
        said: consents, objections, opt-outs and restrictions, one row each; None where there are none.
        corrections: corrected values of a person, by pseudonym (32 hex digits, bytes) and column.
        last: number of the last entry of the trail; 0 where there is no trail.
        taught: whether corrections stand in the history too that a model learns from.
        erased_by: erasures of these people up to this moment bind, in microseconds since 1970 (UTC); 0 where nobody is.
    """

    said: ConsentColumns | None = None
    corrections: Mapping[bytes, Mapping[str, str]] = field(default_factory=dict, repr=False)
    last: int = 0
    taught: bool = False
    erased_by: int = 0

    def corrected(
        self, table: DataTable, pseudonyms: NDArray[np.bytes_], columns: Collection[str] | None = None
    ) -> DataTable:
        """The table with the corrections that concern its opened columns; the same one where none does.

        Args:
            table: as it was opened.
            pseudonyms: of its rows; somebody may have several.
            columns: the only columns that may be corrected; None = all.
        """
        if not self.corrections:
            return table
        from evenhand.adapters.data.corrected_table import corrected_table

        values: dict[str, dict[int, str]] = {}
        for row, one in enumerate(pseudonyms.tolist()):
            for column, said in self.corrections.get(one, {}).items():
                if column in table.names and (columns is None or column in columns):
                    values.setdefault(column, {})[row] = said
        return corrected_table(table, values)

    @property
    def noted(self) -> dict[str, int]:
        """What a run records of it, so that a replay reads the same; nothing where there is nothing to read."""
        noted = {"told": self.last, "taught": int(self.taught), "erased_by": self.erased_by}
        return {name: value for name, value in noted.items() if value}


def is_trail_there(place: Home) -> bool:
    """Whether there is anything to read; asked first, so that a home without it loads no database library."""
    return place.people.exists() or placement_of(place) is not None


@contextmanager
def trail_of(place: Home) -> Iterator[RightsTables]:
    """The trail of a home, for reading and writing; its database is made with the first entry."""
    from evenhand.adapters.stores.belonging import belong
    from evenhand.adapters.stores.database import database_of
    from evenhand.adapters.stores.rights_tables import RightsTables

    secret = place.key(make=False)
    with database_of(place) as database:
        if database.is_there:
            belong(database, secret)
        yield RightsTables(database, secret)


def restored_since(place: Home) -> bytes:
    """What was drawn when a home was made from a backup, the last time; b"" of one that never was."""
    if not is_trail_there(place):
        return b""
    with trail_of(place) as trail:
        found, _ = trail.latest(Stream.RESTORE, 1)
    return found[0].salt if found else b""


def key_of_person(place: Home, who: str, *, make: bool) -> SubjectKey | None:
    """The key of a person; with `make`, drawn where there is none."""
    if make:
        return keys_drawn(place, [who])[0]
    return keys_of(place).of_person(bytes.fromhex(pseudonymise([who], place.key(make=False))[0].decode()))


def keys_drawn(place: Home, whom: Sequence[str]) -> list[SubjectKey]:
    """The key of each person, drawn where there is none."""
    pseudonyms = [bytes.fromhex(one.decode()) for one in pseudonymise(whom, place.key(make=True)).tolist()]
    drawn = keys_of(place).make(pseudonyms)
    both = [drawn[at : at + 48] for at in range(0, len(drawn), 48)]
    return [SubjectKey(pseudonym, one[:16], one[16:]) for pseudonym, one in zip(pseudonyms, both, strict=True)]


def told_to(place: Home, *, until: int | None = None, who: NDArray[np.bytes_] | None = None) -> Told:
    """What people told a home.

    Args:
        place: the home.
        until: number of the last entry that counts (of a replay); None = all.
        who: pseudonyms (``S32``) of the only people to look for; None = everybody.
    """
    if until == 0 or not is_trail_there(place):
        return Told()
    keys = keys_of(place)
    wanted: list[bytes] | None = None
    if who is not None and len(who) <= _FEW:
        found = (keys.of_person(bytes.fromhex(one)) for one in who.astype("U32").tolist())
        wanted = [key.handle for key in found if key is not None]
    with trail_of(place) as trail:
        last = trail.last() if until is None else until
        said = list(trail.said(handles=wanted, until=last))
        corrected = list(trail.read(Stream.CORRECTION, handles=wanted, until=last))
    sealed = {one[0] for one in said if one[4]}
    people = keys.of_handles(sorted(sealed.union(one.handle for one in corrected if one.handle is not None)))
    theirs = keys.pseudonyms_of(sorted({one[0] for one in said}))
    return Told(_columns(said, theirs, people), _corrections(corrected, people), last)


def _columns(
    said: Sequence[tuple[bytes, int, bytes, int, bytes]],
    theirs: Mapping[bytes, bytes],
    people: Mapping[bytes, SubjectKey],
) -> ConsentColumns | None:
    """What was said, as columns, without that of people whose key is gone. Many people say the same words."""
    known = said if all(one[0] in theirs for one in said) else [one for one in said if one[0] in theirs]
    if not known:
        return None
    handles, moments = [one[0] for one in known], [one[1] for one in known]
    bodies = [whole_body(one[2], one[4], people[one[0]]) if one[4] else one[2] for one in known]
    words = {body: Said.from_body(body, 0) for body in set(bodies)}
    subjects = np.frombuffer(b"".join([theirs[one] for one in handles]).hex().encode(), dtype="S32")
    return told_columns(subjects, moments, bodies, words)


def told_columns(
    subjects: NDArray[np.bytes_], moments: Sequence[int], bodies: Sequence[bytes], words: Mapping[bytes, Said]
) -> ConsentColumns:
    """What was said, as columns: whose, when (microseconds since 1970), and which of some words."""

    def column(name: str, nothing: str | None = "") -> list[Any]:
        said_so = {body: getattr(word, name) or nothing for body, word in words.items()}
        return [said_so[body] for body in bodies]

    heard = {
        name: [word.signal if word.purpose == name else None for word in map(words.__getitem__, bodies)]
        for name in SIGNALS
        if any(word.kind == "signal" and word.purpose == name for word in words.values())
    }
    return ConsentColumns(
        subjects,
        column("kind"),
        column("purpose"),
        column("status"),
        np.array(moments, dtype=np.int64).view("datetime64[us]"),
        signals=heard,
        evidence={name: column(name, None) for name in EVIDENCE_NAMES},
    )


def _corrections(corrected: Sequence[Entry], people: Mapping[bytes, SubjectKey]) -> dict[bytes, dict[str, str]]:
    out: dict[bytes, dict[str, str]] = {}
    for one in corrected:
        key = people.get(one.handle or b"")
        if key is not None:
            content = unseal(one.sealed, key.key, one.about)
            out.setdefault(key.pseudonym.hex().encode(), {})[str(content["column"])] = str(content["value"])
    return out


def corrections_of(place: Home, subject: str) -> Mapping[str, Sequence[datetime]]:
    """When each column was corrected of a person, oldest first; their pseudonym names them."""
    if not is_trail_there(place):
        return {}
    key = keys_of(place).of_person(bytes.fromhex(subject))
    if key is None:
        return {}
    out: dict[str, list[datetime]] = {}
    with trail_of(place) as trail:
        for one in trail.read(Stream.CORRECTION, handles=[key.handle]):
            column = str(unseal(one.sealed, key.key, one.about)["column"])
            out.setdefault(column, []).append(moment_at(one.at))
    return {column: sorted(moments) for column, moments in out.items()}


def refuse_said_since(place: Home, subjects: NDArray[np.bytes_], told: Told) -> None:
    """Refuse to decide about somebody who said no, or was corrected, after what they said was read. The caller holds
    the claim on the ledger: what comes after this look is said about the next decision.

    Raises:
        DataError: somebody did.
    """
    if not is_trail_there(place):
        return
    with trail_of(place) as trail:
        new = [one for one in trail.read(after=told.last) if _matters(one)]
    if not new:
        return
    people = keys_of(place).of_handles(sorted({one.handle for one in new if one.handle is not None}))
    theirs = np.array([key.pseudonym.hex() for key in people.values()], dtype="S32")
    if len(theirs) and np.isin(theirs, subjects).any():
        raise DataError(
            _MEANWHILE,
            "Somebody among these people said no, or was corrected, while the run was prepared. Nothing was recorded.",
            rule="G-7, G-21b: a no takes effect before the next decision",
            remedy="run again",
        )


@contextmanager
def nobody_says_meanwhile(place: Home, subjects: NDArray[np.bytes_], told: Told) -> Iterator[None]:
    """Around the commit of a run: a last look at what was said, and until the ``with`` ends whoever says something
    waits. So no decision becomes durable after a no that was. Where there is no trail yet, whoever says the first thing
    waits before its file is made.

    Raises:
        DataError: as `refuse_said_since`.
    """
    with nobody_says_first(place) as is_silent:
        if is_silent:
            yield
            return
    with trail_of(place) as trail, trail.held():
        refuse_said_since(place, subjects, told)
        yield


@contextmanager
def nobody_says_first(place: Home) -> Iterator[bool]:
    """Whether nobody has said anything in a home yet; if so, nobody does until the ``with`` ends."""
    if is_trail_there(place):
        yield False
        return
    with alone_in_making(place.people):
        yield not is_trail_there(place)


def forget_said(place: Home, pseudonym: bytes, at: datetime) -> int:
    """Take out of the trail what a person said and what was corrected of them; how many entries that were. What is
    personal in their requests goes with their key.

    Raises:
        StoreError: it cannot be written.
    """
    key = keys_of(place).of_person(pseudonym)
    if key is None or not is_trail_there(place):
        return 0
    with trail_of(place) as trail:
        return take_out(trail, [key.handle], "erasure", at)


def take_out(trail: RightsTables, handles: Sequence[bytes], why: str, at: datetime) -> int:
    """Take out consents and corrections of these handles, and which other ids they had, with an entry that says which
    and why; how many consents and corrections that were."""
    numbers = [one.seq for stream in (Stream.CONSENT, Stream.CORRECTION) for one in trail.read(stream, handles=handles)]
    links = [one.seq for one in trail.read(Stream.SAME, handles=handles)]
    remove_entries(trail, [*numbers, *links], why, at)
    return len(numbers)


def erased_since(place: Home, heard: int) -> int:
    """How many people were erased of whose consents, or corrections, a run had read that heard the trail up to an
    entry. What they said is gone, so nobody can learn from it again."""
    if not heard or not is_trail_there(place):
        return 0
    with trail_of(place) as trail:
        notes = [json.loads(one.body) for one in trail.read(Stream.REMOVAL, after=heard)]
    return sum(note["why"] == "erasure" and min(note["removed"]) <= heard for note in notes)


def remove_entries(trail: RightsTables, numbers: Sequence[int], why: str, at: datetime) -> None:
    """Take out what entries say, with one more entry that says which and why."""
    if numbers:
        body = json.dumps({"removed": sorted(numbers), "why": why}, separators=(",", ":")).encode()
        trail.remove(numbers, entry(Stream.REMOVAL, body, at=at, recorded=at, handle=None))


def _matters(one: Entry) -> bool:
    return one.stream is Stream.CORRECTION or (
        one.stream is Stream.CONSENT and bool(one.body) and Said.from_body(one.body, one.at).is_no
    )


def again_if_said_meanwhile(go: Callable[[], _R]) -> _R:
    """Prepare and record; from the start again where somebody said no or was erased meanwhile; three times at most."""
    for _ in range(_TRIES - 1):
        try:
            return go()
        except DataError as error:
            if error.code not in _BEGIN_AGAIN:
                raise
    return go()

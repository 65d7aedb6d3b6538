"""What people said and asked after a backup was made, recorded again in the home that is made from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from evenhand.adapters.keys.personal_seal import seal, unseal
from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.stores.belonging import belong
from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.rights_tables import RightsTables
from evenhand.ledger import SubjectKey
from evenhand.rights import Entry, Stream, verify_trail
from evenhand.terms import LedgerError, microseconds_of

from ..records._ledger import keys_of
from ._entries import entry
from ._trail import trail_of

__all__ = ["SaidAgain", "note_restore", "say_again"]

_NEVER = -(2**62)
_CARRIED = (Stream.CONSENT, Stream.CORRECTION, Stream.REQUEST, Stream.SAME, Stream.READ)
_KEPT_OF_NOBODY = (Stream.REQUEST, Stream.READ)
"""What is carried of somebody who was erased, and of looks at what is nobody's in particular."""


@dataclass(frozen=True, slots=True)
class SaidAgain:
    """What was recorded again.

    Attributes:
        said: what people said, and corrections.
        steps: steps of requests.
        requests: the requests that these are of.
        looks: notes of who looked at what about people.
    """

    said: int = 0
    steps: int = 0
    requests: int = 0
    looks: int = 0


def say_again(staged: Home, people: SubjectKeyFile, elsewhere: Home, at: datetime) -> SaidAgain | None:
    """Record in a staged home what its people said and asked, what was corrected of them, and who looked at what about
    them, after the backup.

    Every entry keeps its own moment, so the clock of a request goes on from the day on which it came; one that the
    staged home has already is not recorded twice. What an erasure made void is left out; of the requests of an erased
    person their open part stays, under a handle that leads to nobody.

    Args:
        staged: the home in files that is being made.
        people: its keys of people.
        elsewhere: the home that it was copied from, as it is now.
        at: now.

    Returns:
        How much; None where nobody can tell, because there is no record of what people said.

    Raises:
        LedgerError: the record of what people said was altered.
        StoreError: it cannot be read or written.
    """
    if not elsewhere.people.exists() and not elsewhere.database_note.exists():
        return SaidAgain() if elsewhere.ledger.exists() else None
    with trail_of(elsewhere) as trail:
        found = verify_trail(trail.read(), trail.head(), elsewhere.key(make=False))
        if not found.ok:
            raise LedgerError(
                "marks-trail-altered",
                f"What people said in {elsewhere.folder} was altered since it was recorded.",
                rule="G-5-2: only what verifies is recorded again",
                remedy="keep it as evidence; name a folder with its keys alone, and record again what people say",
            )
        later = [one for stream in _CARRIED for one in trail.read(stream) if one.body]
    theirs = keys_of(elsewhere).of_handles(sorted({one.handle for one in later if one.handle is not None}))
    gone = people.suppressed(np.array([key.pseudonym.hex() for key in theirs.values()], dtype="S32"))
    with Database.in_file(staged.people) as database:
        own = RightsTables(database, staged.key(make=False))
        known = {one.salt for one in own.read()}
        new = []
        for one in sorted(later, key=lambda entry: entry.seq):
            key = theirs.get(one.handle or b"")
            if one.salt in known:
                continue
            if key is None:
                if one.stream in _KEPT_OF_NOBODY:
                    new.append(replace(one, seq=0, recorded=microseconds_of(at)))
            elif one.stream in _KEPT_OF_NOBODY or one.at > gone.get(key.pseudonym, _NEVER):
                new.append(_as_theirs(one, key, people, at))
        own.append(new)
    asked = [one.about for one in new if one.stream is Stream.REQUEST]
    looks = sum(one.stream is Stream.READ for one in new)
    return SaidAgain(len(new) - len(asked) - looks, len(asked), len(set(asked)), looks)


def note_restore(staged: Home, made: datetime, at: datetime) -> None:
    """Note in a staged home that it was made from a backup; what is drawn with it is what links are bound to then."""
    body = json.dumps({"made": made.isoformat()}, separators=(",", ":")).encode()
    noted = entry(Stream.RESTORE, body, at=at, recorded=at, handle=None)
    with Database.in_file(staged.people) as database:
        RightsTables(database, staged.key(make=False)).append([noted])
        belong(database, staged.key(make=False))


def _as_theirs(one: Entry, key: SubjectKey, people: SubjectKeyFile, at: datetime) -> Entry:
    """An entry under the key that the person has in the new home."""
    drawn = people.make([key.pseudonym])
    handle, secret = drawn[:16], drawn[16:]
    sealed = one.sealed
    if sealed and (handle, secret) != (key.handle, key.key):
        sealed = seal(unseal(sealed, key.key, one.about), secret, one.about)
    return replace(one, seq=0, handle=handle, sealed=sealed, recorded=microseconds_of(at))

"""What people said after a backup was made, recorded again in the home that is made from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from evenhand.adapters.database import Database
from evenhand.adapters.home import Home
from evenhand.adapters.personal_seal import seal, unseal
from evenhand.adapters.rights_tables import RightsTables
from evenhand.adapters.subject_keys import SubjectKeyFile
from evenhand.ledger import SubjectKey
from evenhand.rights import Entry, Stream, verify_trail
from evenhand.terms import LedgerError

from ._ledger import keys_of
from ._trail import microseconds, trail_of

__all__ = ["say_again"]


def say_again(staged: Home, people: SubjectKeyFile, elsewhere: Home, at: datetime) -> int | None:
    """Record in a staged home what its people said, and what was corrected of them, after the backup was made.

    Every entry keeps its own moment; one that the staged home has already is not recorded twice, and what an erasure
    made void is left out.

    Args:
        staged: the home in files that is being made.
        people: its keys of people.
        elsewhere: the home that it was copied from, as it is now.
        at: now.

    Returns:
        How many entries; None where nobody can tell, because there is no record of what people said.

    Raises:
        LedgerError: the record of what people said was altered.
        StoreError: it cannot be read or written.
    """
    if not elsewhere.people.exists() and not elsewhere.database_note.exists():
        return 0 if elsewhere.ledger.exists() else None
    with trail_of(elsewhere) as trail:
        found = verify_trail(trail.read(), trail.head(), elsewhere.key(make=False))
        if not found.ok:
            raise LedgerError(
                "marks-trail-altered",
                f"What people said in {elsewhere.folder} was altered since it was recorded.",
                rule="G-5-2: only what verifies is recorded again",
                remedy="keep it as evidence; name a folder with its keys alone, and record again what people say",
            )
        later = [one for stream in (Stream.CONSENT, Stream.CORRECTION) for one in trail.read(stream) if one.body]
    theirs = keys_of(elsewhere).of_handles(sorted({one.handle for one in later if one.handle is not None}))
    gone = people.suppressed(np.array([key.pseudonym.hex() for key in theirs.values()], dtype="S32"))
    with Database.in_file(staged.people) as database:
        own = RightsTables(database, staged.key(make=False))
        known = {one.salt for one in own.read()}
        new = []
        for one in sorted(later, key=lambda entry: entry.seq):
            key = theirs.get(one.handle or b"")
            if key is not None and one.salt not in known and one.at > gone.get(key.pseudonym, -(2**62)):
                new.append(_as_theirs(one, key, people, at))
        own.append(new)
    return len(new)


def _as_theirs(one: Entry, key: SubjectKey, people: SubjectKeyFile, at: datetime) -> Entry:
    """An entry under the key that the person has in the new home."""
    drawn = people.make([key.pseudonym])
    handle, secret = drawn[:16], drawn[16:]
    sealed = one.sealed
    if sealed and (handle, secret) != (key.handle, key.key):
        sealed = seal(unseal(sealed, key.key, one.about), secret, one.about)
    return replace(one, seq=0, handle=handle, sealed=sealed, recorded=microseconds(at))

"""A table of what people said, recorded in the home at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.adapters.data.consent_table import ConsentColumns, read_consents
from evenhand.adapters.data.tables import open_table
from evenhand.adapters.stores.home import Home, find_home
from evenhand.features import Register
from evenhand.permission import ConsentBook
from evenhand.policy import EVIDENCE_NAMES, Table
from evenhand.rights import Entry, Said, Stream
from evenhand.terms import DataError, microseconds_of

from ..records._ledger import keys_of
from ..runs._lost_noes import refuse_future_noes
from ._known import refuse_odd_ids
from ._same_person import carry_all
from ._trail import trail_of

if TYPE_CHECKING:
    from evenhand.adapters.stores.rights_tables import RightsTables

__all__ = ["Imported", "import_consents"]

_AT_ONCE = 100_000
_HANDLE, _DRAWN, _SALT = 16, 48, 16
_MOST = 20_000
"""People whose earlier records are looked up by name; of more, everybody's are read."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""A body does not hold its moment."""
_LONG_AGO = -(2**62)
_Word = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        recorded: records that are new.
        known: records that were there already.
        void: records of people who were erased, from before that: not kept.
        later: records other than a no that are dated in the future: not kept.
    """

    recorded: int
    known: int
    void: int
    later: int


def import_consents(path: str | Path, *, home: str | Path | None = None, at: datetime) -> Imported:
    """Record a table of consents: the five columns that `consents` in a campaign file has, and evidence where it has
    columns for it (notice, notice_hash, language, method, actor, form).

    Records keep their own moment, so an older table brings nothing back that was withdrawn or objected to since. What
    is there already is not recorded again; what an erasure made void is not kept.

    Raises:
        DataError: the table is not one of consents; or a no is dated in the future, and nothing was kept.
        UsageError: it has ids that are odd (`refuse_odd_ids`).
        StoreError: it cannot be read or written.
    """
    file = Path(path)
    place = find_home(home)
    secret = place.key(make=True)
    table = open_table(Table(file=file.name), file.resolve().parent)
    whom = list(dict.fromkeys(table.ids("subject", unique=False)))
    refuse_odd_ids(whom, place)
    register = Register(whom, secret)
    read = read_consents(table, register)
    ConsentBook.from_columns(
        subjects=read.subjects, kinds=read.kinds, purposes=read.purposes, statuses=read.statuses, at=read.at
    )
    kinds = [one.lower() for one in read.kinds]
    if not {"signal", "erasure"}.isdisjoint(kinds):
        raise DataError(
            "import-kind",
            "The table holds rows of signals or erasures.",
            rule="what people said themselves is recorded here; signals stay in the table that a campaign names",
            remedy="leave these rows out",
        )
    refuse_future_noes(read, at)
    evidence = {name: [text or "" for text in table.texts(name)] for name in EVIDENCE_NAMES if name in table.names}
    words = list(zip(kinds, read.purposes, read.statuses, *evidence.values(), strict=True))
    done = _recorded(place, read, words, tuple(evidence), at)
    carry_all(place, at, by="evenhand consent import")
    return done


def _recorded(
    place: Home, read: ConsentColumns, words: Sequence[_Word], evidence: tuple[str, ...], at: datetime
) -> Imported:
    """Append what is new, in few transactions."""
    keys = keys_of(place)
    moments = read.at.astype(np.int64)
    later = moments > microseconds_of(at)
    gone = {one.hex().encode(): until for one, until in keys.suppressed(read.subjects).items()}
    void = ~later & (
        moments <= np.array([gone.get(one, -(2**62)) for one in read.subjects.tolist()] if gone else -(2**62))
    )
    rows = np.flatnonzero(~(later | void)).tolist()
    whole = bytes.fromhex(b"".join(read.subjects.tolist()).decode())
    drawn = keys.make([whole[_HANDLE * row : _HANDLE * (row + 1)] for row in rows]) if rows else b""
    handles = [drawn[start : start + _HANDLE] for start in range(0, len(drawn), _DRAWN)]
    bodies = {word: _body(word, evidence) for word in set(words)}
    recorded, when = microseconds_of(at), moments.tolist()
    with trail_of(place) as trail:
        known = _known(trail, handles) if rows else set()
        salts = os.urandom(_SALT * len(rows))
        new: list[Entry] = []
        for place_of, (handle, row) in enumerate(zip(handles, rows, strict=True)):
            mark = (handle, when[row], words[row][:3])
            if mark not in known:
                known.add(mark)
                salt = salts[_SALT * place_of : _SALT * (place_of + 1)]
                body = bodies[words[row]]
                new.append(Entry(0, Stream.CONSENT, "", handle, when[row], recorded, body, b"", salt))
        for start in range(0, len(new), _AT_ONCE):
            trail.append(new[start : start + _AT_ONCE])
    return Imported(len(new), len(rows) - len(new), int(void.sum()), int(later.sum()))


def _body(word: _Word, evidence: tuple[str, ...]) -> bytes:
    """What an entry says; most people say what others say."""
    kind, purpose, status, *rest = word
    said: Mapping[str, str] = dict(zip(evidence, rest, strict=True))
    return Said(kind, purpose, status, _NEVER, **said).to_body()


def _known(trail: RightsTables, handles: Sequence[bytes]) -> set[tuple[bytes, int, _Word]]:
    """What these people said already: who, when and what, whatever the evidence."""
    people = sorted(set(handles))
    said = list(trail.said(handles=people if len(people) <= _MOST else None))
    plain = {}
    for body in {one[2] for one in said}:
        word = Said.from_body(body, 0)
        plain[body] = (word.kind, word.purpose, word.status)
    return {(handle, moment, plain[body]) for handle, moment, body, *_ in said}

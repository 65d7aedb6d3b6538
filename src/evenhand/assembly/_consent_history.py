"""What people say of purposes, recorded in the home: one word at a time, or a table at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from evenhand.adapters.consent_table import read_consents
from evenhand.adapters.home import Home, find_home, write_atomically
from evenhand.adapters.tables import open_table
from evenhand.features import Register
from evenhand.ledger import SubjectKey
from evenhand.permission import ConsentBook
from evenhand.policy import EVIDENCE_NAMES, Table
from evenhand.rights import (
    Entry,
    Said,
    Stream,
    TrailReport,
    consent_record,
    missing_in,
    records_text,
    said_now,
    standing_of,
    verify_trail,
)
from evenhand.terms import DataError, Role, UsageError

from ._declared import campaigns_of, context_of
from ._ledger import keys_of
from ._trail import entry, is_trail_there, key_of_person, trail_of

__all__ = [
    "ExportedConsents",
    "History",
    "Imported",
    "consent_history",
    "export_consents",
    "hash_of_notice",
    "import_consents",
    "is_factor",
    "say",
    "verify_rights",
]

_AT_ONCE = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def say(
    who: str,
    word: str,
    purpose: str,
    *,
    home: str | Path | None = None,
    at: datetime,
    said_at: datetime | None = None,
    notice: str = "",
    notice_hash: str = "",
    language: str = "",
    method: str = "",
    actor: str = "person",
    form: str = "",
) -> Said:
    """Record what a person says of a purpose. It holds for the next decision; nothing that was recorded is changed.

    Args:
        who: the person's own id, as it stands in the subjects table.
        word: what is said; see `rights.SAYINGS`: ``give``, ``refuse``, ``withdraw``, ``object`` ...
        purpose: a DPV term; "" = all marketing, for an objection, an opt-out or a restriction.
        home: the home folder; see `find_home`.
        at: now.
        said_at: when it was said, where that was earlier; None = now.
        notice, notice_hash, language, method, actor, form: see `rights.Said`.

    Raises:
        UsageError: the purpose is none, or the moment lies in the future.
        StoreError: it cannot be written.
    """
    if said_at is not None and said_at > at:
        raise UsageError(
            "consent-future",
            "What was said is dated in the future.",
            rule="G-7: a record says when it was said",
            remedy="correct the moment",
        )
    said = said_now(
        word,
        purpose,
        said_at or at,
        notice=notice,
        notice_hash=notice_hash,
        language=language,
        method=method,
        actor=actor,
        form=form,
    )
    place = find_home(home)
    key = key_of_person(place, who, make=True)
    assert key is not None
    with trail_of(place) as trail:
        trail.append([_entry_of(said, key.handle, at)])
    return said


def is_factor(name: str, *, home: str | Path | None = None) -> bool:
    """Whether a campaign that ran in a home has a feature column of this name, which people can switch off. Where none
    ran yet, nobody can tell: yes."""
    campaigns = campaigns_of(find_home(home))
    columns = [one.campaign.columns.get(name) for one in campaigns]
    return not campaigns or any(column is not None and column.role is Role.FEATURE for column in columns)


def hash_of_notice(path: str | Path) -> str:
    """SHA-256 (hex) of the file that holds the text that was shown.

    Raises:
        UsageError: there is no such file.
    """
    try:
        return sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        raise UsageError(
            "notice-file",
            "The file with the notice cannot be read.",
            rule="G-7: the text that was shown can be proved by its SHA-256",
            remedy="name the file that holds the very text",
        ) from None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that a person said, oldest first.

    Attributes:
        subject: their own id.
        said: the records.
    """

    subject: str
    said: tuple[Said, ...]

    def now(self, at: datetime) -> tuple[Said, ...]:
        """What stands at a moment: the latest of each kind and purpose."""
        return tuple(standing_of(self.said, at).values())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"subject": self.subject, "said": [one.to_dict() for one in self.said]}


def consent_history(who: str, *, home: str | Path | None = None) -> History:
    """What a person said, as the home recorded it. What stands in a table of consents is not in it.

    Args:
        who: the person's own id.
        home: the home folder; see `find_home`.
    """
    place = find_home(home)
    key = key_of_person(place, who, make=False)
    said = sorted(_said_by(place, key), key=lambda one: one.at) if key else []
    return History(who, tuple(said))


def _said_by(place: Home, key: SubjectKey) -> Iterator[Said]:
    if is_trail_there(place):
        with trail_of(place) as trail:
            for one in trail.read(Stream.CONSENT, handles=[key.handle]):
                yield Said.from_body(one.body, one.at)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        recorded: records that are new.
        known: records that were there already.
        void: records of people who were erased, from before that: not kept.
        later: records dated in the future: not kept.
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
        DataError: the table is not one of consents.
        StoreError: it cannot be read or written.
    """
    file = Path(path)
    place = find_home(home)
    secret = place.key(make=True)
    table = open_table(Table(file=file.name), file.resolve().parent)
    register = Register(list(dict.fromkeys(table.ids("subject", unique=False))), secret)
    read = read_consents(table, register)
    ConsentBook.from_columns(
        subjects=read.subjects, kinds=read.kinds, purposes=read.purposes, statuses=read.statuses, at=read.at
    )
    evidence = {name: table.texts(name) for name in EVIDENCE_NAMES if name in table.names}
    moments = [_EPOCH + timedelta(microseconds=one) for one in read.at.astype("datetime64[us]").astype(int).tolist()]
    people = read.subjects.astype("U32").tolist()
    records = [
        Said(kind.lower(), purpose, status, moment, **{n: column[row] or "" for n, column in evidence.items()})
        for row, (kind, purpose, status, moment) in enumerate(
            zip(read.kinds, read.purposes, read.statuses, moments, strict=True)
        )
    ]
    if any(one.kind in ("signal", "erasure") for one in records):
        raise DataError(
            "import-kind",
            "The table holds rows of signals or erasures.",
            rule="what people said themselves is recorded here; signals stay in the table that a campaign names",
            remedy="leave these rows out",
        )
    return _recorded(place, people, records, at)


def _recorded(place: Home, people: Sequence[str], records: Sequence[Said], at: datetime) -> Imported:
    """Append what is new."""
    keys = keys_of(place)
    gone = keys.suppressed(_pseudonyms(people))
    counts = dict.fromkeys(("known", "void", "later"), 0)
    kept: list[tuple[bytes, Said]] = []
    for person, said in zip(people, records, strict=True):
        pseudonym = bytes.fromhex(person)
        if said.at > at:
            counts["later"] += 1
        elif said.microseconds <= gone.get(pseudonym, -(2**62)):
            counts["void"] += 1
        else:
            kept.append((pseudonym, said))
    drawn = keys.make([pseudonym for pseudonym, _ in kept]) if kept else b""
    handles = [drawn[48 * row : 48 * row + 16] for row in range(len(kept))]
    with trail_of(place) as trail:
        known = {(one.handle, one.at, one.body) for one in trail.read(Stream.CONSENT)} if kept else set()
        known_plain = {(handle, moment, _plain(body)) for handle, moment, body in known}
        new: list[Entry] = []
        for handle, (_, said) in zip(handles, kept, strict=True):
            made = _entry_of(said, handle, at)
            mark = (handle, made.at, _plain(made.body))
            if mark in known_plain:
                counts["known"] += 1
            else:
                known_plain.add(mark)
                new.append(made)
        for start in range(0, len(new), _AT_ONCE):
            trail.append(new[start : start + _AT_ONCE])
    return Imported(recorded=len(new), **counts)


def _plain(body: bytes) -> tuple[str, str, str]:
    """What makes two records of one person and moment the same, whatever the evidence."""
    if not body:
        return "", "", ""
    said = Said.from_body(body, 0)
    return said.kind, said.purpose, said.status


def _pseudonyms(people: Sequence[str]) -> Any:
    import numpy as np

    return np.array(people, dtype="S32")


def _entry_of(said: Said, handle: bytes, at: datetime) -> Entry:
    return entry(Stream.CONSENT, said.to_body(), at=said.at, recorded=at, handle=handle)


@dataclass(frozen=True, slots=True)
class ExportedConsents:
    """Consent records in the form of ISO/IEC TS 27560, one per purpose.

    Attributes:
        content: JSON-LD, as plain values.
        missing: mandatory fields that nobody declared or recorded.
    """

    content: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self.content)

    def to_text(self) -> str:
        """As JSON text."""
        return records_text(self.content)

    def save(self, path: str | Path) -> None:
        """Write it to a file that its owner alone reads."""
        write_atomically(Path(path), self.to_text(), private=True)


def export_consents(who: str, *, home: str | Path | None = None) -> ExportedConsents:
    """A person's consent records as ISO/IEC TS 27560 and the guide of W3C DPV 2.3 shape them.

    What the organisation has to say (address, recipients, where data is stored ...) comes from `processing` in the
    campaign that ran last for the purpose, or for another one where none did.

    Raises:
        DataError: no campaign ran in this home, so nobody is known to be responsible.
    """
    place = find_home(home)
    key = key_of_person(place, who, make=False)
    campaigns = campaigns_of(place)
    if not campaigns:
        raise DataError(
            "export-no-controller",
            "No campaign ran in this home, so nobody is known to be responsible.",
            rule="ISO/IEC TS 27560: a consent record names its controller",
            remedy="run a campaign first: its controller and processing are told",
        )
    by_purpose: dict[str, list[Said]] = {}
    for said in _said_by(place, key) if key else ():
        if said.kind == "consent":
            by_purpose.setdefault(said.purpose, []).append(said)
    records = []
    for purpose, said_of_it in by_purpose.items():
        declared = next((one for one in campaigns if one.campaign.purpose == purpose), campaigns[0])
        subject = key.pseudonym.hex() if key else ""
        records.append(consent_record(subject, purpose, said_of_it, context_of(declared.campaign)))
    missing = dict.fromkeys(name for record in records for name in missing_in(record))
    return ExportedConsents(tuple(records), tuple(missing))


def verify_rights(*, home: str | Path | None = None) -> TrailReport:
    """Prove that nothing in the trail of consents and requests was altered, and nothing taken out without an entry.

    Raises:
        StoreError: it cannot be read.
    """
    place = find_home(home)
    if not is_trail_there(place):
        return TrailReport(0, 0, ())
    with trail_of(place) as trail:
        return verify_trail(trail.read(), trail.head(), place.key(make=False))

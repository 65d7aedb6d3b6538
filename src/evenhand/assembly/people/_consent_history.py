"""What people say of purposes, recorded in the home one word at a time; and what the home knows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.stores.home import Home, find_home, write_atomically
from evenhand.features import pseudonymise
from evenhand.ledger import SubjectKey
from evenhand.rights import (
    Entry,
    Said,
    Stream,
    TrailReport,
    check_actor,
    consent_record,
    is_language,
    local_moment,
    may_ask_again_from,
    missing_in,
    records_text,
    said_now,
    standing_of,
    verify_trail,
)
from evenhand.terms import DataError, EvenhandError, Role, UsageError, microseconds_of

from ..records._keys import outward_of
from ..records._ledger import keys_of
from ._declared import DeclaredCampaign, campaigns_of, context_of, country_of
from ._entries import entry, said_in
from ._held import said_in_tables
from ._known import refuse_odd_id
from ._same_person import with_linked
from ._trail import is_trail_there, key_of_person, trail_of

__all__ = [
    "ExportedConsents",
    "History",
    "consent_history",
    "export_consents",
    "hash_of_notice",
    "is_factor",
    "say",
    "verify_rights",
]

_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


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
    via: str = "",
    only_if_last: tuple[bytes, int] | None = None,
    stands: Callable[[str], bool] | None = None,
) -> Said:
    """Record what a person says of a purpose. It holds for the next decision; nothing that was recorded is changed.

    Args:
        who: the person's own id, as it stands in the subjects table.
        word: what is said; see `rights.SAYINGS`: ``give``, ``refuse``, ``withdraw``, ``object`` ...
        purpose: a DPV term; "" = all marketing, for an objection, an opt-out or a restriction.
        home: the home folder; see `find_home`.
        at: now.
        said_at: when it was said, where that was earlier; None = now. Without a zone it is by the clocks of the
            controller's country.
        notice, notice_hash, language, method, actor, form, via: see `rights.Said`.
        only_if_last: see `rights.Trail.append`.
        stands: whether an id stands in a table as it is; None = the tables of the campaigns that ran are read. It is
            asked of an id that looks odd (`refuse_odd_id`).

    Raises:
        UsageError: the id is odd.
        UsageError: the purpose or the language is none, nobody is named who records it, or the moment lies in the
            future, or before 1900.
        StoreError: it cannot be written.
    """
    actor, place = check_actor(actor), find_home(home)
    refuse_odd_id(who, place, stands)
    if said_at is not None:
        said_at = local_moment(said_at, country_of(campaigns_of(place)))
    if said_at is not None and said_at > at:
        raise UsageError(
            "consent-future",
            "What was said is dated in the future.",
            rule="G-7: a record says when it was said",
            remedy="correct the moment",
        )
    if said_at is not None and said_at < _LONG_AGO:
        raise UsageError(
            "consent-long-ago",
            f"What was said is dated before {_LONG_AGO.year}.",
            rule="G-7: a record says when it was said",
            remedy="correct the moment",
        )
    if language and not is_language(language):
        raise UsageError(
            "consent-language",
            "The language of the text that was shown is none.",
            rule="G-7: a record says in which language somebody was asked, as ISO 639 writes it",
            remedy="write nl, en, fr ... with a country after it where that matters: nl-BE",
        )
    said = said_now(
        word,
        purpose,
        (said_at or at).astimezone(UTC),
        notice=notice,
        notice_hash=notice_hash,
        language=language,
        method=method,
        actor=actor,
        form=form,
        via=via,
    )
    key = key_of_person(place, who, make=True)
    assert key is not None
    with trail_of(place) as trail:
        entries = with_linked(place, who, [_entry_of(said, key.handle, at)])
        trail.append(entries, only_if_last=only_if_last)
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
        return {
            "subject": self.subject,
            "said": [one.to_dict() for one in self.said],
            "may_ask_again_from": self.may_ask_again_from,
        }

    @property
    def may_ask_again_from(self) -> str | None:
        """The first day on which anybody may ask them for a yes to sale or sharing again; None where no no stands."""
        day = may_ask_again_from(self.said)
        return day.isoformat() if day else None


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
                yield said_in(one, key)


def _entry_of(said: Said, handle: bytes, at: datetime) -> Entry:
    return entry(Stream.CONSENT, said.to_body(), at=said.at, recorded=at, handle=handle)


@dataclass(frozen=True, slots=True)
class ExportedConsents:
    """Consent records in the form of ISO/IEC TS 27560, one per purpose.

    Attributes:
        content: JSON-LD, as plain values.
        missing: mandatory fields that nobody declared or recorded.
        from_tables: how many sayings in it stand in campaigns' tables of consents, and not in the home.
        is_whole: whether these tables could be read.
    """

    content: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]
    from_tables: int = 0
    is_whole: bool = True

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
    """A person's consent records as ISO/IEC TS 27560 and the guide of W3C DPV 2.3 shape them: what the home recorded,
    and what stands in the tables of consents of the campaigns that ran. What was said before an erasure is void: it is
    left out.

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
    pseudonym = pseudonymise([who], place.key(make=False))
    here = list(_said_by(place, key)) if key else []
    stood, is_whole = _stood(campaigns, place, who, pseudonym)
    there = {(one.purpose, one.status, one.at) for one in here if one.kind == "consent"}
    more = [one for one in stood if one.kind == "consent" and (one.purpose, one.status, one.at) not in there]
    by_purpose: dict[str, list[Said]] = {}
    for said in (*here, *more):
        if said.kind == "consent":
            by_purpose.setdefault(said.purpose, []).append(said)
    records = []
    for purpose, said_of_it in by_purpose.items():
        declared = next((one for one in campaigns if one.campaign.purpose == purpose), campaigns[0])
        subject = outward_of(place, pseudonym[0].decode())
        records.append(consent_record(subject, purpose, said_of_it, context_of(declared.campaign)))
    missing = dict.fromkeys(name for record in records for name in missing_in(record))
    return ExportedConsents(tuple(records), tuple(missing), len(more), is_whole)


def _stood(
    campaigns: tuple[DeclaredCampaign, ...], place: Home, who: str, pseudonym: NDArray[np.bytes_]
) -> tuple[list[Said], bool]:
    """What tables say that a person said, after their last erasure; and whether these could be read."""
    try:
        said = said_in_tables(campaigns, place, who)
    except (EvenhandError, ValueError):  # a table is gone, or holds a moment that is none
        return [], False
    void = max(keys_of(place).suppressed(pseudonym).values(), default=None)
    return [one for one in said if void is None or microseconds_of(one.at) > void], True


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

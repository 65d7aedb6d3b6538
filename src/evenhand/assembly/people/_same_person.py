"""One person under several ids, as the home keeps it: said by somebody, on evidence, and sealed under the keys of the
person. What holds back under one of the ids holds under all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from evenhand.adapters.keys.personal_seal import seal, unseal
from evenhand.adapters.stores.home import Home, find_home
from evenhand.features import pseudonymise
from evenhand.ledger import SubjectKey
from evenhand.rights import Entry, Said, Stream, carried_between, standing_nos
from evenhand.terms import UsageError, in_one_line, moment_at

from ..records._ledger import keys_of
from ._declared import campaigns_of
from ._entries import entry, said_entry, said_in
from ._held import said_in_tables
from ._known import refuse_odd_id
from ._trail import is_trail_there, key_of_person, trail_of

__all__ = ["SamePerson", "carry_all", "linked_ids", "same_person", "with_linked"]


@dataclass(frozen=True, slots=True)
class SamePerson:
    """What came of saying that two ids are one person's.

    Attributes:
        subject, was: the ids.
        ids: how many ids the person has now.
        carried: records that hold back and were written under an id that did not have them.
        erased: whether the person was erased under one of them, so that all of them are kept out.
        parted: whether it was said that they are *not* one person's.
    """

    subject: str
    was: str
    ids: int
    carried: int
    erased: bool
    parted: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in SamePerson.__slots__}


def same_person(
    subject: str,
    was: str,
    *,
    evidence: str,
    by: str,
    parted: bool = False,
    home: str | Path | None = None,
    at: datetime,
    stands: Callable[[str], bool] | None = None,
) -> SamePerson:
    """Record that two ids are one person's. Every no that stands under one of them, in the home or in a campaign's
    table of consents, stands under all from now on; so does the mark of an erasure. No yes is carried.

    Args:
        subject: the id that the person has now.
        was: an id that they had before.
        evidence: how that is known; kept encrypted under the person's keys.
        by: who says so: a role or a staff number.
        parted: say instead that they are not one person's after all; what was carried stays until the person takes it
            back, since a no is never lifted by somebody else.
        home: the home folder; see `find_home`.
        at: now.
        stands: as of `say`; the old id may be an odd one.

    Raises:
        UsageError: the new id is odd, one id, no evidence, or nobody who says so.
        DataError: a campaign's table of consents cannot be read, so nobody can tell what holds back.
        StoreError: it cannot be written.
    """
    by = in_one_line(by)
    if not subject or not was or subject == was or not in_one_line(evidence) or not by:
        raise UsageError(
            "same-person",
            "Two different ids, the evidence, and who says so are needed; nothing was recorded.",
            rule="G-21b: a no survives a new id; who says that two ids are one person's is on record with the evidence",
            remedy="evenhand consent same-person NEW --was OLD --evidence 'account merged, ticket 12' --by desk-4",
        )
    place = find_home(home)
    refuse_odd_id(subject, place, stands)
    group = list(dict.fromkeys([*_group(place, subject), *_group(place, was)]))
    gone = {} if parted else _keep_out(place, group)
    keys = {one: key_of_person(place, one, make=one not in gone or one == subject) for one in group}
    body = json.dumps({"by": by, "parted": parted}, sort_keys=True, separators=(",", ":")).encode()
    entries = [
        entry(
            Stream.SAME,
            body,
            at=at,
            recorded=at,
            handle=key.handle,
            sealed=seal({"other": other, "evidence": evidence}, key.key, ""),
        )
        for one, other in ((subject, was), (was, subject))
        if (key := keys[one]) is not None
    ]
    carried = [] if parted else _carried(place, keys, by, at)
    with trail_of(place) as trail:
        trail.append([*entries, *carried])
        late = (
            [] if parted else _carried(place, keys, by, at)
        )  # said while this was written, by somebody who saw no link
        trail.append(late)
    count = len(carried) + len(late)
    return SamePerson(subject, was, 1 if parted else len(group), count, bool(gone), parted)


def carry_all(place: Home, at: datetime, *, by: str) -> int:
    """Carry what holds back between all ids of one person, after many records were written at once; how many more."""
    if not is_trail_there(place):
        return 0
    with trail_of(place) as trail:
        links = [one for one in trail.read(Stream.SAME) if one.sealed and one.handle is not None]
        keys = keys_of(place).of_handles(sorted({one.handle for one in links if one.handle is not None}))
        ids = {
            str(unseal(one.sealed, keys[one.handle].key, "")["other"]): None
            for one in links
            if one.handle is not None and one.handle in keys
        }
        count, seen = 0, set[str]()
        for one in ids:
            if one not in seen:
                group = _group(place, one)
                seen.update(group)
                held = {each: key_of_person(place, each, make=False) for each in group}
                count += trail.append(_carried(place, held, by, at))
    return count


def linked_ids(place: Home, who: str) -> list[str]:
    """Every other id of a person, the nearest first."""
    return _group(place, who)[1:]


def with_linked(place: Home, who: str, entries: Sequence[Entry]) -> list[Entry]:
    """Entries of one person that are about to be appended, with what holds back once more for each other id."""
    out = list(entries)
    said = [one for one in entries if one.stream is Stream.CONSENT]
    if not said or not is_trail_there(place):
        return out
    latest = max(one.at for one in said)
    own = key_of_person(place, who, make=False)
    assert own is not None, "an entry of theirs is about to be appended"
    nos = standing_nos([said_in(one, own) for one in said], moment_at(latest))
    if nos:
        for other in linked_ids(place, who):
            key = key_of_person(place, other, make=False)
            if key is not None:
                out += _entries(carried_between((), nos, nos[0].actor), key, moment_at(said[0].recorded))
    return out


def _group(place: Home, who: str) -> list[str]:
    """The person's ids as they were said to be one person's, this one first."""
    found = [who]
    if not is_trail_there(place):
        return found
    with trail_of(place) as trail:
        for one in found:  # grows while it is walked
            key = key_of_person(place, one, make=False)
            links = list(trail.read(Stream.SAME, handles=[key.handle])) if key else []
            stands: dict[str, bool] = {}
            for link in links:
                if key is not None and link.sealed:
                    other = str(unseal(link.sealed, key.key, "")["other"])
                    stands[other] = not json.loads(link.body)["parted"]
            found += [other for other, is_one in stands.items() if is_one and other not in found]
    return found


def _keep_out(place: Home, group: Sequence[str]) -> set[str]:
    """Mark everybody of a group as erased where one is, by the latest such moment; who was marked before or is now."""
    pseudonyms = pseudonymise(list(group), place.key(make=True))
    keys = keys_of(place)
    marked = keys.suppressed(np.asarray(pseudonyms))
    if not marked:
        return set()
    latest = max(marked.values())
    for one in pseudonyms.tolist():
        keys.suppress(bytes.fromhex(one.decode()), latest)
    return set(group)


def _carried(place: Home, keys: dict[str, SubjectKey | None], by: str, at: datetime) -> list[Entry]:
    campaigns = campaigns_of(place)
    own = {one: _said_by(place, key) for one, key in keys.items()}
    tables = {one: said_in_tables(campaigns, place, one) for one in keys}
    out: list[Entry] = []
    for one, key in keys.items():
        if key is not None:
            nos = [no for other in keys if other != one for no in standing_nos([*own[other], *tables[other]], at)]
            out += _entries(carried_between([*own[one], *tables[one]], nos, by), key, at)
    return out


def _said_by(place: Home, key: SubjectKey | None) -> list[Said]:
    if key is None or not is_trail_there(place):
        return []
    with trail_of(place) as trail:
        return [said_in(one, key) for one in trail.read(Stream.CONSENT, handles=[key.handle])]


def _entries(said: Iterable[Said], key: SubjectKey, at: datetime) -> list[Entry]:
    return [said_entry(one, key, recorded=at) for one in said]

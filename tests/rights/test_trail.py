"""The trail of consents and requests: whatever is changed in it is found."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest
import sqlalchemy as sa

from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.placement import Placement
from evenhand.adapters.stores.rights_tables import RightsTables
from evenhand.rights import GENESIS, Entry, Stream, chain, verify_trail
from evenhand.terms import LedgerError, StoreError

SECRET = bytes(range(32))
HANDLE = b"h" * 16


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.postgres)])
def trail(request, tmp_path):
    """An empty trail on each kind of database."""
    if request.param == "file":
        database = Database.in_file(tmp_path / "people.sqlite")
    else:
        url = request.getfixturevalue("postgres_url")
        database = Database.on_server(Placement("EVENHAND_DATABASE", f"t{secrets.token_hex(6)}", url, url))
        database.upgrade("people")
    with database:
        yield RightsTables(database, SECRET)


def said(number=0, stream=Stream.CONSENT, body=None):
    """An entry to append."""
    return Entry(0, stream, "", HANDLE, number, number, body or b'{"n":%d}' % number, b"", secrets.token_bytes(16))


def verified(trail):
    """What verification says."""
    return verify_trail(trail.read(), trail.head(), SECRET)


def removal(*numbers):
    """The entry that says what was removed."""
    return replace(said(9, Stream.REMOVAL, json.dumps({"removed": numbers}).encode()), handle=None)


def test_entries_are_numbered_chained_and_found_again(trail):
    """By stream, by person, after and up to a number; an empty trail verifies too."""
    if trail._database.is_server:
        assert verified(trail).ok
    assert trail.append([said(1), said(2, Stream.REQUEST), said(3)]) == 3
    assert trail.append([said(4)]) == 1
    assert [one.seq for one in trail.read()] == [1, 2, 3, 4]
    assert [one.at for one in trail.read(Stream.CONSENT)] == [1, 3, 4]
    assert [one.seq for one in trail.read(handles=[HANDLE], after=1, until=3)] == [2, 3]
    assert list(trail.read(handles=[b"x" * 16])) == []
    assert list(trail.read(handles=[])) == []
    assert (verified(trail).entries, verified(trail).ok, trail.last()) == (4, True, 4)


def test_what_was_removed_leaves_its_place_and_the_entry_that_says_so(trail):
    """Nothing of it can be read, the trail still verifies; without that entry it does not."""
    trail.append([said(1), said(2)])
    trail.remove([1], removal(1))
    first = next(iter(trail.read()))
    assert (first.is_removed, first.handle, first.body) == (True, None, b"")
    report = verified(trail)
    assert (report.entries, report.removed, report.ok) == (3, 1, True)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE trail SET body = :bytes WHERE seq = 2", "Entry 2 was altered"),
        ("UPDATE trail SET at = 99 WHERE seq = 2", "Entry 2 was altered"),
        ("UPDATE trail SET handle = :bytes WHERE seq = 2", "Entry 2 was altered"),
        ("UPDATE trail SET stream = 'request' WHERE seq = 2", "Entry 2 was altered"),
        ("DELETE FROM trail WHERE seq = 2", "Entry 2 is missing"),
        ("DELETE FROM trail WHERE seq = 3", "cut off"),
        ("UPDATE trail_head SET seq = 2; DELETE FROM trail WHERE seq = 3", "cut off"),
        ("UPDATE trail SET seq = 30 WHERE seq = 3", "Entry 3 is missing"),
        ("UPDATE trail SET commitment = :bytes WHERE seq = 2", "Entry 2 was altered"),
        ("UPDATE trail SET salt = :none, body = :none, handle = NULL WHERE seq = 2", "no entry says why"),
    ],
)
def test_every_change_is_found(trail, change, found):
    """Edited, taken out, cut off, moved, or emptied without an entry."""
    trail.append([said(1), said(2), said(3)])
    with trail._database.begin() as connection:
        for step in change.split("; "):
            connection.execute(sa.text(step), {"bytes": b"x" * 16, "none": b""} if ":" in step else {})
    report = verified(trail)
    assert not report.ok
    assert any(found in what for _, what in report.problems), report.problems


def test_a_trail_made_under_another_key_does_not_verify(trail):
    """Whoever can write to the database and lacks the key can add nothing."""
    trail.append([said(1)])
    RightsTables(trail._database, bytes(32)).append([said(2)])
    assert not verified(trail).ok


def test_many_entries_at_once_are_chained_as_one_by_one(trail):
    """What a table brings stands there as if each had been said alone: numbers, links, head, and what a run reads."""
    many = [said(number) for number in range(1, 2_001)]
    assert trail.append(many) == 2_000
    assert verified(trail).ok
    last = GENESIS
    for number, (entry, kept) in enumerate(zip(many, trail.read(), strict=True), start=1):
        assert replace(kept, seq=0, commitment=b"", link=b"") == entry
        ((seq, commitment, last),) = chain([entry], number - 1, last, SECRET)
        assert (kept.seq, kept.commitment, kept.link) == (seq, commitment, last)
    assert [one[1:] for one in trail.said(handles=[HANDLE], until=2)] == [
        (1, b'{"n":1}', 1, b""),
        (2, b'{"n":2}', 2, b""),
    ]
    assert len(list(trail.said())) == 2_000


def test_a_batch_that_fails_half_way_leaves_nothing(trail):
    """The whole table or nothing of it: the trail stands where it stood."""
    trail.append([said(1)])
    with trail._database.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO trail SELECT 3, stream, about, handle, at, recorded, body, sealed, salt, "
                "commitment, link FROM trail WHERE seq = 1"
            )
        )
    with pytest.raises(StoreError, match="refused a step"):
        trail.append([said(2), said(3)])
    with trail._database.begin() as connection:
        connection.execute(sa.text("DELETE FROM trail WHERE seq = 3"))
    assert (verified(trail).entries, verified(trail).ok, trail.last()) == (1, True, 1)


def test_what_a_run_reads_is_refused_where_it_is_no_entry(tmp_path):
    """A file holds anything in any column; a text in place of bytes is told as altered, not taken for words."""
    with Database.in_file(tmp_path / "people.sqlite") as database:
        trail = RightsTables(database, SECRET)
        trail.append([said(1)])
        with database.begin() as connection:
            connection.execute(sa.text("UPDATE trail SET body = 'words'"))
        with pytest.raises(LedgerError, match="does not hold what an entry holds"):
            list(trail.said())

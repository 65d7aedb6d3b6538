"""Keys of people in a file: one each, and gone to the byte when they are destroyed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.ledger import SubjectKey
from evenhand.terms import LedgerError, StoreError

SECRET = bytes(range(32))


def _keys(path, secret=SECRET):
    return SubjectKeyFile(path, lambda: secret)


def _made(path, people, secret=SECRET):
    """The keys of these people, made where there is none."""
    both = _keys(path, secret).make(people)
    return [
        SubjectKey(one, both[48 * i : 48 * i + 16], both[48 * i + 16 : 48 * (i + 1)]) for i, one in enumerate(people)
    ]


def test_one_person_has_one_key_whoever_asks(tmp_path):
    """In one call or several, in this process or another; handles and keys are all different."""
    people = [os.urandom(16) for _ in range(50)]
    path = tmp_path / "home" / "keys.sqlite"
    first = _made(path, [*people, *people])
    assert first[:50] == first[50:] == _made(path, people)
    assert len({key.key for key in first}) == len({key.handle for key in first}) == 50
    assert _keys(path).of_person(people[3]) == first[3]
    assert _keys(path).of_handles([first[3].handle, bytes(16)]) == {first[3].handle: first[3]}
    assert path.stat().st_mode & 0o077 == 0


def test_looking_makes_no_file(tmp_path):
    """Nobody there: None, nothing, and nothing on disk."""
    path = tmp_path / "keys.sqlite"
    keys = _keys(path)
    assert (keys.of_person(bytes(16)), keys.of_handles([bytes(16)]), keys.forget(bytes(16))) == (None, {}, None)
    assert not path.exists()


def test_a_destroyed_key_is_in_no_byte_of_the_folder(tmp_path):
    """Neither pseudonym, nor handle, nor what the key is made of; those of the others stay."""
    people = [os.urandom(16) for _ in range(300)]
    path = tmp_path / "keys.sqlite"
    made = _made(path, people)
    with sqlite3.connect(path) as database:
        (wrapped,) = database.execute("SELECT seed FROM subject_key WHERE pseudonym = ?", (people[7],)).fetchone()
    database.close()
    whole = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert all(part in whole for part in (people[7], made[7].handle, wrapped))
    assert _keys(path).forget(people[7]) == made[7].handle
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(part in left for part in (people[7], made[7].handle, wrapped))
    assert _keys(path).of_person(people[7]) is None
    assert _keys(path).of_person(people[8]) == made[8]


def test_the_file_alone_opens_nothing(tmp_path):
    """With another secret it is refused; no key stands in it in the clear."""
    path = tmp_path / "keys.sqlite"
    (made,) = _made(path, [bytes(16)])
    assert made.key not in path.read_bytes()
    with pytest.raises(LedgerError, match="altered, or was made under another secret"):
        _keys(path, bytes(32)).of_person(bytes(16))


def test_a_file_that_cannot_be_reached_is_said_to_be_so(tmp_path):
    """Another kind of file, or no place for one."""
    path = tmp_path / "keys.sqlite"
    path.write_bytes(b"no database, " * 100)
    for act in (lambda: _keys(path).of_person(bytes(16)), lambda: _keys(path / "x").make([bytes(16)])):
        with pytest.raises(StoreError, match=r"cannot be (read|opened) or written"):
            act()


KILLED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
rows = ((os.urandom(16), os.urandom(16), os.urandom(36)) for _ in range(20_000))
database.executemany("INSERT INTO subject_key VALUES (?, ?, ?)", rows)
os._exit(9)
"""


def test_what_a_killed_process_left_half_done_is_undone_by_whoever_looks_next(tmp_path):
    """A journal stands beside the file: the key that was there before reads, and nothing else is there."""
    path = tmp_path / "keys.sqlite"
    (made,) = _made(path, [bytes(16)])
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=60, check=False).returncode == 9
    assert path.with_name("keys.sqlite-journal").stat().st_size
    assert _keys(path).of_person(bytes(16)) == made
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM subject_key").fetchone() == (1,)
    database.close()


def test_a_first_run_that_was_killed_early_leaves_a_file_that_the_next_one_fills(tmp_path):
    """An empty file is no key and no mark; the next key goes into it."""
    path = tmp_path / "keys.sqlite"
    path.touch()
    pseudonyms = np.array([b"0" * 32], dtype="S32")
    assert (_keys(path).of_person(bytes(16)), _keys(path).suppressed(pseudonyms)) == (None, {})
    (made,) = _made(path, [bytes(16)])
    assert _keys(path).of_person(bytes(16)) == made

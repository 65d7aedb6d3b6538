"""Keys of runs in a folder: made once, durable, their owner's alone, and gone when they are forgotten."""

from __future__ import annotations

import os

import pytest

from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.terms import StoreError

RUN = "20261123T101500Z-0a1b2c"


def test_a_key_is_made_once_and_read_back(tmp_path):
    """32 bytes that nobody else can read; a second time is refused, and the key stays as it was."""
    keys = RunKeyFolder(tmp_path / "home" / "run-keys")
    key = keys.make(RUN)
    assert (len(key), keys.get(RUN)) == (32, key)
    assert (tmp_path / "home" / "run-keys" / f"{RUN}.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="cannot be written"):
        keys.make(RUN)
    assert keys.get(RUN) == key
    assert keys.make(RUN.replace("0a", "0b")) != key


def test_a_forgotten_key_is_gone(tmp_path):
    """The file is overwritten and removed; forgetting again finds nothing, and so does reading."""
    keys = RunKeyFolder(tmp_path / "run-keys")
    key = keys.make(RUN)
    same = tmp_path / "another-name"
    os.link(tmp_path / "run-keys" / f"{RUN}.key", same)
    assert keys.forget(RUN)
    assert same.read_bytes() == bytes(32) != key
    assert keys.get(RUN) is None
    assert not keys.forget(RUN)


def test_nothing_is_made_by_looking(tmp_path):
    """Reading and forgetting where no key ever was make no folder."""
    keys = RunKeyFolder(tmp_path / "run-keys")
    assert keys.get(RUN) is None
    assert not keys.forget(RUN)
    assert not (tmp_path / "run-keys").exists()


def test_a_place_that_cannot_be_written_is_said_to_be_so(tmp_path):
    """A file stands where the folder should be: the message says what to do and names no key."""
    (tmp_path / "run-keys").write_text("in the way")
    keys = RunKeyFolder(tmp_path / "run-keys")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        keys.make(RUN)
    assert caught.value.exit_code == 4
    with pytest.raises(StoreError, match="cannot be read"):
        keys.get(RUN)
    with pytest.raises(StoreError, match="cannot be removed"):
        keys.forget(RUN)


def test_no_id_reaches_outside_the_folder(tmp_path):
    """A run id is a file's name and no path."""
    outside = tmp_path / "outside.key"
    outside.write_bytes(bytes(32))
    keys = RunKeyFolder(tmp_path / "run-keys")
    keys.make(RUN)
    assert keys.get("../outside") is None
    assert not keys.forget("../outside")
    assert outside.exists()

"""A name that is a pipe, a device or something open is written to; nothing is put in its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from evenhand.adapters.stores.home import write_atomically
from evenhand.terms import StoreError


def test_a_pipe_gets_what_is_written_and_stays_a_pipe(tmp_path):
    """A letter for a pipe goes through it; a rename would leave a file where the pipe was."""
    pipe = tmp_path / "way"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, "a letter", private=True)
        assert os.read(reader, 100) == b"a letter"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert [one.name for one in tmp_path.iterdir()] == ["way"]


def test_what_a_process_has_open_gets_what_is_written_behind_what_is_there(tmp_path):
    """So ``/dev/stdout`` works where it goes to a file, and stays what it is for everybody else on the machine."""
    kept = tmp_path / "kept.txt"
    with kept.open("w") as file:
        file.write("before\n")
        file.flush()
        write_atomically(Path(f"/proc/self/fd/{file.fileno()}"), "a letter")
    assert kept.read_text() == "before\na letter"


def test_a_device_that_is_not_there_is_not_made():
    """A mistyped device is an error and no new file among the machine's devices."""
    name = Path("/dev/evenhand-no-such-device")
    with pytest.raises(StoreError, match="cannot be read or written"):
        write_atomically(name, "a letter")
    assert not name.exists()

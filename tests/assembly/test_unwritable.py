"""A service whose home cannot be written says so all the time and once in its log, and goes on when it can be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from evenhand import assembly
from evenhand.terms import StoreError
from live_cases import Web, asked, opened, person
from patience import WITHIN, soon

TESTS = Path(__file__).resolve().parent.parent

SERVICE = """
import os, sys, time
from pathlib import Path
from live_cases import Web, asked, opened, person
from patience import soon
os.chdir(sys.argv[2])
with opened(Path(sys.argv[2])) as serving:  # loads what is loaded late, while the interpreter's files can be read
    asked(serving.live, person(3))
os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
said = []
with opened(Path(sys.argv[1]), troubled=said.append) as serving:
    words, until = set(), time.monotonic() + 2.5
    while time.monotonic() < until:
        words.add(serving.live.not_ready())
        time.sleep(0.02)
    words.discard("stalled")
    print(*words, len(serving.notices), flush=True)
    sys.stdin.readline()
    soon(lambda: serving.live.not_ready() == "")
    print(len(asked(serving.live, person(4)).answers), serving.live.not_ready() == "", flush=True)
print(*(one.partition(".")[0] for one in said), sep="|")
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
@pytest.mark.slow
def test_started_with_a_ledger_that_may_only_be_read_it_says_so_and_decides_as_soon_as_it_may_be_written(ran_shop):
    """Not ready all the time, for the reason; one line when it began and one when it was over; no start is needed."""
    there, warm = Path(tempfile.mkdtemp()), ran_shop.with_name("warm")
    shutil.copytree(ran_shop, there, dirs_exist_ok=True)
    shutil.copytree(ran_shop, warm)
    ledger = there / "evenhand-home" / "ledger.sqlite"
    if os.geteuid() == 0:
        for path in (there, *there.rglob("*")):
            os.chown(path, 65534, 65534)
        os.chown(ledger, 0, 0)
    ledger.chmod(0o444)
    try:
        with subprocess.Popen(
            [sys.executable, "-c", SERVICE, str(there), str(warm)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        ) as service:
            assert service.stdout.readline() == "store-denied 1\n"
            ledger.chmod(0o666)
            told = service.communicate("\n", timeout=2 * WITHIN)[0].splitlines()
        assert told == [
            "1 True",
            "Deciding: not possible now (store-denied)|Deciding: it is over (store-denied)",
        ]
        assert assembly.verify_ledger(home=there / "evenhand-home").ok
    finally:
        shutil.rmtree(there)


@contextmanager
def _small_disk(size: str):
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    disk = Path(tempfile.mkdtemp(prefix="evenhand-disk-"))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=False).returncode:
        disk.rmdir()
        pytest.skip("this machine lets nobody mount a disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=False)
        disk.rmdir()


def _filled(disk: Path) -> Path:
    """A file that takes all the room that a disk has left."""
    ballast = disk / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 20, 1 << 12):
        try:
            while True:
                os.write(file, bytes(size))
        except OSError:
            pass
    os.close(file)
    return ballast


@pytest.mark.slow
def test_on_a_full_disk_it_is_not_ready_until_there_is_room_and_says_so_twice(ran_shop):
    """However many ask: one line with what, rule and remedy, nothing of anybody; `store-full` all the time, whichever
    file met it first; with room again it is ready by itself, and the ledger verifies."""
    with _small_disk("16m") as disk:
        shutil.copytree(ran_shop, disk, dirs_exist_ok=True)
        said: list[str] = []
        with opened(disk, troubled=said.append) as serving:
            asked(serving.live, person(3))
            ballast = _filled(disk)
            for number in range(4, 24):
                with pytest.raises(StoreError, match="cannot grow: the disk is full"):
                    asked(serving.live, *(person(number + 20 * one) for one in range(15)))
            words, until = set(), time.monotonic() + 2.5
            while time.monotonic() < until:
                words.add(serving.live.not_ready())
                time.sleep(0.02)
            words.discard("stalled")
            assert words == {"store-full"}
            assert len(said) == 1
            assert all(part in said[0] for part in ("the disk is full", " Rule: ", " To do: Make room"))
            assert "mail.example" not in said[0]
            ballast.unlink()
            assert soon(lambda: serving.live.not_ready() == "")
            assert asked(serving.live, person(30)).answers
            assert said[1:] == ["Deciding: it is over (store-full)."]
        assert assembly.verify_ledger(home=disk / "evenhand-home").ok


def _word(live, *other: str) -> str:
    """Why it is not ready, as soon as that is none of these; a busy machine may stall it for a while."""
    until = time.monotonic() + 60
    while (word := live.not_ready()) in {"stalled", *other} and time.monotonic() < until:
        time.sleep(0.05)
    return word


@pytest.mark.slow
def test_started_on_a_full_disk_it_is_not_ready_though_nobody_asked_anything(ran_shop):
    """A little still fits, so opening the ledger tells nothing: it says `store-full` from its start, once in its log
    though the little that fits is decided, and is ready as soon as there is room."""
    with _small_disk("16m") as disk:
        shutil.copytree(ran_shop, disk, dirs_exist_ok=True)
        ballast = _filled(disk)
        os.truncate(ballast, ballast.stat().st_size - (1 << 19))
        said: list[str] = []
        with opened(disk, troubled=said.append) as serving:
            assert _word(serving.live) == "store-full"
            assert asked(serving.live, person(3)).answers
            assert _word(serving.live) == "store-full"
            assert [one.partition(". ")[0] for one in said] == ["Deciding: not possible now (store-full)"]
            assert all(part in said[0] for part in ("the disk is full", " Rule: ", " To do: Make room"))
            ballast.unlink()
            assert _word(serving.live, "store-full") == ""
            assert said[1:] == ["Deciding: it is over (store-full)."]
        assert assembly.verify_ledger(home=disk / "evenhand-home").ok


def test_what_people_say_cannot_be_kept_is_told_once_and_once_when_it_can(ran_shop):
    """A folder stands where the file should be: however many say something, one line; decisions are told of by
    themselves. None has a word of anybody."""
    said: list[str] = []
    told = {"subject": person(3), "word": "opt-out"}
    with opened(ran_shop) as serving:
        web, file = Web(serving, "consents", told=said.append), serving.place.people
        file.mkdir()
        assert [web("POST", "/v1/consents", told).status_code for _ in range(4)] == [503] * 4
        assert web("GET", "/healthz").status_code == 200
        assert [one.partition(". ")[0] for one in said] == ["POST /v1/consents: not possible now (store-denied)"]
        assert person(3) not in said[0]
        file.rmdir()
        assert [web("POST", "/v1/consents", told).status_code for _ in range(2)] == [201] * 2
    assert said[1:] == ["POST /v1/consents: it is over (store-denied)."]

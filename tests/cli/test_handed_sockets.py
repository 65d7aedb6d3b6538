"""Under a service manager: its socket is listened on, it is told when the service is ready, and a restart refuses
nobody."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from live_cases import person
from patience import WITHIN
from shop_folder import PROGRAM

pytestmark = [pytest.mark.service, pytest.mark.slow]
HOME = ("--home", "evenhand-home")
HANDS = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def _handed(number: int) -> list[str]:
    """The command of a service that gets a file by the number 3."""
    return [sys.executable, "-c", HANDS, str(number), *PROGRAM, "serve", "campaign.yaml"]


class Manager:
    """Has the socket of a service, and hears when it is ready, as systemd does.

    Args:
        folder: of the campaign.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listens = socket.create_server(("127.0.0.1", 0))
        self.address = "http://{}:{}".format(*self._listens.getsockname())
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.bind(str(folder / "notify"))
        self._told.settimeout(2 * WITHIN)

    @contextmanager
    def runs(self, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """A service with the socket as its third file."""
        number = self._listens.fileno()
        process = subprocess.Popen(
            _handed(number),
            cwd=self._folder, pass_fds=[number], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "NOTIFY_SOCKET": str(self._folder / "notify"), **environ},
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=WITHIN)

    def heard(self) -> str:
        """The next word."""
        return self._told.recv(100).decode()

    def left(self) -> int:
        """How many words were said by now; none of them is left after."""
        count = 0
        self._told.setblocking(False)
        with suppress(BlockingIOError):
            while self._told.recv(100):
                count += 1
        self._told.settimeout(90)
        return count

    def close(self) -> None:
        """Close both sockets."""
        self._listens.close()
        self._told.close()


def _until_stopped(pid: int) -> None:
    """A stopped process is so for the system a moment after the signal."""
    until = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2][0] != "T" and time.monotonic() < until:
        time.sleep(0.01)


def test_a_restart_refuses_nobody(ran, cli):
    """Who asks while no service runs waits for the next one, which is ready when it says so, and not before; and from
    then on it says that it moves, where the manager wants to know, for as long as it does."""
    key = cli(ran, "machine-key", "make", "shop", "--scope", "decide", *HOME).stdout.strip().splitlines()[0]
    manager = Manager(ran)

    def asked() -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"}
        return httpx.post(
            manager.address + "/v1/decisions", json={"subject": person(3)}, headers=headers, timeout=2 * WITHIN
        )

    try:
        with manager.runs(WATCHDOG_USEC="60000") as first:
            assert manager.heard() == "READY=1"
            assert [manager.heard() for _ in range(3)] == ["WATCHDOG=1"] * 3, "it moves, and says so in time"
            first.send_signal(signal.SIGSTOP)
            _until_stopped(first.pid)
            manager.left()
            time.sleep(0.3)
            assert manager.left() == 0, "what is stopped says nothing, so systemd starts it anew"
            first.send_signal(signal.SIGCONT)
            assert manager.heard() == "WATCHDOG=1"
            assert asked().status_code == 200
            first.send_signal(signal.SIGTERM)
            said = first.communicate(timeout=WITHIN)[0]
            assert first.returncode == 0, said
            assert f"on {manager.address} " in said
        manager.left()
        with ThreadPoolExecutor(1) as waits:
            waiting = waits.submit(asked)
            with manager.runs():
                assert waiting.result(2 * WITHIN).status_code == 200
                assert manager.heard() == "READY=1"
    finally:
        manager.close()


def test_what_is_no_socket_is_not_listened_on(ran):
    """A file in its place ends the start, in three parts."""
    with (ran / "campaign.yaml").open() as file:
        done = subprocess.run(
            _handed(file.fileno()),
            cwd=ran, pass_fds=[file.fileno()], capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 4
    assert "no stream socket that listens" in done.stderr
    assert "to do: look at ListenStream" in done.stderr

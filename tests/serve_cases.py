"""A service in a process of its own, and threads that ask it all the time."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from live_cases import person
from patience import WITHIN
from shop_folder import PROGRAM

__all__ = ["Askers", "Service", "ask_once", "asked_again", "free_port", "serving"]
_KEPT = ExitStack()
atexit.register(_KEPT.close)


def free_port() -> int:
    """A port that nobody has, and nobody else is given while these tests run: it is kept, and whoever names it listens
    on it all the same."""
    kept = _KEPT.enter_context(socket.socket())
    kept.bind(("127.0.0.1", 0))
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return int(kept.getsockname()[1])


class Service:
    """A service in a process of its own."""

    def __init__(
        self,
        folder: Path,
        port: int,
        environ: dict[str, str] | None = None,
        words: Sequence[str] = (),
        program: Sequence[str] = (*PROGRAM, "serve", "campaign.yaml"),
    ) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*program, "--port", str(port), *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(environ or {})},
        )
        until = time.monotonic() + 2 * WITHIN
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if httpx.get(self.address + "/readyz", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.process.kill()
        raise AssertionError(self.process.communicate()[0])

    def stop(self, how: signal.Signals) -> tuple[int, str]:
        """Exit status, and what it said."""
        self.process.send_signal(how)
        said = self.process.communicate(timeout=WITHIN)[0]
        return self.process.returncode, said


@contextmanager
def serving(folder: Path, *words: str, code: str = "", **environ: str) -> Iterator[Service]:
    """A service of a folder's campaign, started with further words; killed in the end where it still runs. With `code`
    that is run in the place of the command; the port is its last word."""
    program = (sys.executable, "-c", code) if code else (*PROGRAM, "serve", "campaign.yaml")
    service = Service(folder, free_port(), environ, words, program)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
            service.process.communicate(timeout=WITHIN)


class Askers:
    """Threads that ask all the time, each question under a key of its own, and keep what was answered."""

    def __init__(self, address: str, key: str, start: int) -> None:
        self.answers: dict[str, str] = {}
        self.asked: dict[str, str] = {}
        self._address, self._headers = address, {"authorization": f"Bearer {key}"}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(start + 1_000 * n,)) for n in range(4)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        with httpx.Client(timeout=WITHIN) as client:
            while not self._stop.is_set():
                number += 1
                once, who = f"question-{number}", person(number % 390)
                self.asked[once] = who
                try:
                    answer = ask_once(client, self._address, self._headers, once, who)
                except httpx.TransportError:
                    return
                if answer is not None:
                    self.answers[once] = answer

    def end(self) -> None:
        """Stop asking."""
        self._stop.set()
        for thread in self._threads:
            thread.join(WITHIN)


def ask_once(client: httpx.Client, address: str, headers: dict[str, str], once: str, who: str) -> str | None:
    """The decision's id; None where the service could not."""
    own = {**headers, "idempotency-key": once}
    answer = client.post(address + "/v1/decisions", json={"subject": who}, headers=own)
    return answer.json()["decision_id"] if answer.status_code == 200 else None


def asked_again(client: httpx.Client, address: str, headers: dict[str, str], once: str, who: str) -> str:
    """The same, once the service can: what is busy, or starts just now, is asked again."""
    until = time.monotonic() + WITHIN
    while (found := ask_once(client, address, headers, once, who)) is None:
        assert time.monotonic() < until, "it is not answered"
        time.sleep(0.05)
    return found

"""A start of many people beside live questions: how long the longest of these waits, and whether any is refused.

Run: ``python -m benchmarks.start_beside [--people 100000] [--where beside inside] [--every 0.02] [--starts 2]``. It
makes a world, serves one campaign of it, and asks about one person at a steady pace, while another campaign of the home
is run for all people: by a process of its own (``beside``), or by a thread of the service, as a start over the network
is (``inside``). The first run draws everybody's key, the second finds them. The pace is kept whatever the answers take,
so a wait is told as it would be felt. Also told: for how long the run had its turn to write.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, Question
from evenhand.adapters.demonstration.worlds_files import write_shoppers
from evenhand.assembly import LiveService

from .machine import describe, installed, load, print_table

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
SERVED = 5_000
RUN = "import sys; from evenhand.cli import main; main()"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start_beside", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--where", nargs="*", choices=["beside", "inside"], default=["beside", "inside"])
    parser.add_argument("--every", type=float, default=0.02, help="seconds between two questions")
    parser.add_argument("--starts", type=int, choices=[1, 2], default=2, help="how many starts, one after the other")
    asked = parser.parse_args()
    print(describe())
    rows = []
    for where in asked.where:
        with tempfile.TemporaryDirectory() as folder:
            rows += list(measure(Path(folder), where, asked))
    header = [
        "the start runs",
        "keys",
        "start, s",
        "its turn, s",
        "questions",
        "p50 ms",
        "p99 ms",
        "longest ms",
        "refused",
        "load",
    ]
    print_table(
        f"A start of {asked.people:,} people",
        " ".join(["python -m benchmarks.start_beside", *sys.argv[1:]]),
        header,
        rows,
    )


def measure(folder: Path, where: str, asked: argparse.Namespace) -> Iterator[list[str]]:
    """One row for each start."""
    served, started = world(folder / "served", SERVED, "served"), world(folder / "started", asked.people, "started")
    home = folder / "home"
    assembly.run_campaign(served, home=home, at=AT)
    with assembly.open_service([served], home=home, at=datetime.now(UTC)) as serving:
        ask_for(serving.live, asked.every, 1.0)  # everything is looked up once
        for keys in ("drawn", "there")[: asked.starts]:
            yield [f"{where} the service", keys, *start(serving.live, home, started, where, asked.every), load()]


def start(live: LiveService, home: Path, campaign: Path, where: str, every: float) -> list[str]:
    """Ask while a campaign is run."""
    over, watching = threading.Event(), Watching(home / "ledger.sqlite")
    run = threading.Thread(target=run_it, args=(home, campaign, where, over))
    begun = time.monotonic()
    run.start()
    took, refused = ask_until(live, every, over.is_set)
    run.join()
    turn = watching.end()
    took.sort()
    told = (took[len(took) // 2], took[int(len(took) * 0.99)], took[-1])
    seconds = time.monotonic() - begun
    return [f"{seconds:.1f}", f"{turn:.2f}", f"{len(took)}", *(f"{one * 1e3:.0f}" for one in told), f"{refused}"]


def run_it(home: Path, campaign: Path, where: str, over: threading.Event) -> None:
    """One run."""
    try:
        if where == "inside":
            assembly.run_campaign(campaign, home=home, at=AT)
            return
        command = [sys.executable, "-c", RUN, "run", str(campaign), "--home", str(home), "--at", AT.isoformat()]
        subprocess.run(command, env=installed(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        over.set()


class Watching:
    """Looks for how long a run is in its turn: the ledger says so of it until it is recorded."""

    def __init__(self, ledger: Path) -> None:
        self._ledger, self._over, self._seconds = ledger, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> float:
        """The time, in seconds."""
        self._over.set()
        self._thread.join()
        return self._seconds

    def _look(self) -> None:
        database = sqlite3.connect(f"{self._ledger.as_uri()}?mode=ro", uri=True)
        since: float | None = None
        while not self._over.wait(0.01):
            now = time.monotonic()
            if not database.execute("SELECT count(*) FROM intent").fetchone()[0]:
                since = None
            else:
                since = since or now
                self._seconds = max(self._seconds, now - since)
        database.close()


def ask_for(live: LiveService, every: float, seconds: float) -> None:
    until = time.monotonic() + seconds
    ask_until(live, every, lambda: time.monotonic() > until)


def ask_until(live: LiveService, every: float, is_over: Callable[[], bool]) -> tuple[list[float], int]:
    """Ask at a steady pace: seconds of each answer, and how many were refused."""
    took: list[float] = []
    refused = [0]
    waiting = threading.Semaphore(0)
    asked, begun = 0, time.monotonic()
    while not is_over():
        at = begun + asked * every
        time.sleep(max(0.0, at - time.monotonic()))

        def done(answer: Answered | BaseException, at: float = at) -> None:
            took.append(time.monotonic() - at)
            refused[0] += isinstance(answer, BaseException)
            waiting.release()

        live.ask(Question("served", (Ask(str(asked * 7 % SERVED)),), None, ""), done)
        asked += 1
    for _ in range(asked):
        waiting.acquire()
    return took, refused[0]


def world(folder: Path, people: int, name: str) -> Path:
    """A campaign with limits that no benchmark uses up."""
    campaign = write_shoppers(folder, people, 5, 10, seed=1, at=AT)
    text = re.sub(r"capacity: [0-9]+", "capacity: 1000000000", campaign.read_text("utf-8"))
    text = re.sub(r"budget: [0-9.]+", "budget: 1000000000.00", text)
    text = re.sub(r"total: [0-9]+", "total: 1000000000", text)
    campaign.write_text(re.sub(r"^campaign: .*$", f"campaign: {name}", text, flags=re.M), "utf-8")
    return campaign


if __name__ == "__main__":
    main()

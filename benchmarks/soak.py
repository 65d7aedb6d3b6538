"""The live service under a steady load for as long as one likes: nothing grows, nothing fails, everything is recorded.

Run: ``python -m benchmarks.soak [--seconds 1800] [--rate 150]``, or ``make soak`` (``SOAK=600`` for ten minutes). It
makes a world, runs the campaign, starts the service in a process of its own and asks it from this one over 127.0.0.1:
decisions one by one and several at once, some under a key and some of those twice, events, withdrawals and consents
each followed by a decision about that person, links, explanations, receipts, and how the service is. It ends with exit
code 1 where an answer was an error, a decision did not follow what a person had just said, memory grew after the
warm-up, the ledger does not verify, or it has more or fewer decisions than were answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .machine import describe, load, print_table, processes
from .service import make_world, process

PORT = 8393
PURPOSE = "PersonalisedAdvertising"
ROOM_MIB, ROOM_SHARE = 24, 0.05
"""By how much more memory the last quarter may have than the second: what people said is kept in memory, and counts."""


@dataclass
class Seen:
    """What was asked, and what was wrong with the answers."""

    key: str
    answers: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    decided: int = 0
    slowest: float = 0.0
    taken: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)


class Line:
    """One connection, kept."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: object = None, once: str = "", match: str = "") -> Any:
        """The JSON of an answer; an error is counted, and gives None."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", PORT, limit=1 << 24)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: soak\r\nAuthorization: Bearer {self._seen.key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        head += f"Idempotency-Key: {once}\r\n" if once else ""
        head += f"If-Match: {match}\r\n" if match else ""
        began = time.perf_counter()
        writer.write(head.encode() + b"\r\n" + content)
        told = await reader.readuntil(b"\r\n\r\n")
        status = int(told.split(b" ", 2)[1])
        length = next(line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(int(length.partition(b":")[2]))
        name = "/".join(path.split("?")[0].split("/")[:3])
        self._seen.answers[name] += 1
        if path == "/v1/decisions":
            self._seen.taken.append(time.perf_counter() - began)
        if status >= 400:
            self._seen.faults[f"{name}: {status}"] += 1
            return None
        return json.loads(answer) if answer.startswith(b"{") else {}


async def one_by_one(seen: Seen, people: range, until: float, pause: float, draw: random.Random) -> None:
    """Single decisions, a part of them under a key and asked twice, with what follows them."""
    line, number = Line(seen), 0
    while time.monotonic() < until:
        began, number = time.monotonic(), number + 1
        who = str(draw.choice(people))
        once = f"soak-{people.start}-{number}-{draw.getrandbits(40):x}" if number % 3 == 0 else ""
        told = await line.ask("POST", "/v1/decisions", {"subject": who}, once)
        seen.decided += told is not None
        if told and number % 9 == 0 and once:
            again = await line.ask("POST", "/v1/decisions", {"subject": who}, once)
            seen.faults["another answer under the same key"] += again != told
        if told and told["offer"] and number % 5 == 0:
            events = [{"decision_id": told["decision_id"], "kind": "shown"}]
            await line.ask("POST", "/v1/events", {"events": events})
        if told and number % 40 == 0:
            await line.ask("GET", told["explanations"]["person"])
            await line.ask("GET", told["receipt"])
            await line.ask("POST", "/v1/links", {"subject": who, "decision_id": told["decision_id"]})
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))


async def several(seen: Seen, people: range, until: float, pause: float, draw: random.Random) -> None:
    """Five hundred at once, which another process seals."""
    line = Line(seen)
    while time.monotonic() < until:
        some = [{"subject": str(who)} for who in draw.sample(people, 500)]
        told = await line.ask("POST", "/v1/decisions", {"subjects": some})
        seen.decided += 0 if told is None else len(told["decisions"])
        await asyncio.sleep(pause)


async def sayings(seen: Seen, people: range, until: float, pause: float, draw: random.Random) -> None:
    """A person withdraws, or gives consent again, and is decided about: by what they just said."""
    line = Line(seen)
    while time.monotonic() < until:
        who, word = str(draw.choice(people)), draw.choice(["withdraw", "give"])
        body = {"subject": who, "word": word, "purpose": PURPOSE}
        said = await line.ask("POST", "/v1/consents", body, match="*")
        told = await line.ask("POST", "/v1/decisions", {"subject": who})
        seen.decided += told is not None
        if said and told and word == "withdraw" and told["standing"] == "personalised":
            seen.faults["personalised after a withdrawal"] += 1
        await asyncio.sleep(pause)


async def looks(seen: Seen, until: float, number: int, began: float) -> None:
    """How the service is, each second, and how much memory it has."""
    line = Line(seen)
    while time.monotonic() < until:
        for path in ("/readyz", "/metrics"):
            await line.ask("GET", path)
        seen.memory.append((time.monotonic() - began, memory(number)))
        await asyncio.sleep(1.0)


def memory(number: int) -> float:
    """Memory of the service, MiB: of the process that decides and the one that speaks HTTP, what they share twice."""
    told = [Path(f"/proc/{one}/status").read_text("ascii") for one in processes(number)]
    return sum(int(text.split("VmRSS:")[1].split()[0]) for text in told) / 1024


async def warm_up(seen: Seen, people: int) -> None:
    """Everybody is decided about until caches are as large as they get."""
    line = Line(seen)
    for start in [*range(0, people, 2_000)] * max(1, 80_000 // people):
        some = [{"subject": str(who)} for who in range(start, min(start + 2_000, people))]
        told = await line.ask("POST", "/v1/decisions", {"subjects": some})
        seen.decided += 0 if told is None else len(told["decisions"])


async def load_of(seen: Seen, asked: argparse.Namespace, number: int) -> None:
    """All of it at once. Who says something is not among those who are asked about beside."""
    began, lines = time.monotonic(), 6
    until, draw = began + asked.seconds, random.Random(7)
    third = asked.people // 3
    pause = lines / asked.rate
    await asyncio.gather(
        *(one_by_one(seen, range(n, third + n), until, pause, random.Random(n)) for n in range(lines)),
        several(seen, range(third, 2 * third), until, 2.0, draw),
        sayings(seen, range(2 * third, asked.people), until, 0.5, draw),
        looks(seen, until, number, began),
    )


def growth(memory_: list[tuple[float, float]], seconds: float) -> tuple[float, float]:
    """Median memory of the second and of the last quarter, MiB."""
    second = [mib for at, mib in memory_ if seconds / 4 <= at < seconds / 2]
    last = [mib for at, mib in memory_ if at >= 3 * seconds / 4]
    return statistics.median(second), statistics.median(last)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1_800.0)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=150.0, help="single decisions a second")
    asked = parser.parse_args()
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(soak(make_world(Path(temporary) / "world", asked.people), asked))


def soak(folder: Path, asked: argparse.Namespace) -> int:
    """The exit code."""
    from evenhand import assembly

    home = folder / "evenhand-home"
    scopes = ["decide", "read", "events", "consents"]
    seen = Seen(assembly.machine_keys(home).make("soak", scopes, at=datetime.now(UTC)))
    before = sum(run["decisions"] for run in assembly.list_runs(home=home))
    serve = ["-c", "from evenhand.cli import main; main()", "serve", str(folder / "campaign.yaml")]
    with process([*serve, "--pages", "/my", "--port", str(PORT)], PORT) as number:
        start = memory(number)
        asyncio.run(warm_up(seen, asked.people))
        warm = memory(number)
        seen.taken.clear()
        asyncio.run(load_of(seen, asked, number))
    verified = assembly.verify_ledger(home=home)
    recorded = sum(run["decisions"] for run in assembly.list_runs(home=home)) - before
    second, last = growth(seen.memory, asked.seconds)
    seen.taken.sort()
    rows = [["seconds", f"{asked.seconds:,.0f}"], ["load at the end", load()]]
    rows += [[f"answers, {name}", f"{count:,}"] for name, count in sorted(seen.answers.items())]
    rows += [["people decided about", f"{seen.decided:,}"], ["of them in the ledger", f"{recorded:,}"]]
    rows += [
        [f"p{share} of a request for decisions, ms", f"{1e3 * seen.taken[int(len(seen.taken) * share / 100)]:.1f}"]
        for share in (50, 99)
    ]
    rows += [["memory at the start, after the warm-up, MiB", f"{start:.0f}, {warm:.0f}"]]
    rows += [["memory in the second and the last quarter, MiB", f"{second:.0f}, {last:.0f}"]]
    rows += [["ledger verifies", "yes" if verified.ok else "; ".join(map(str, verified.problems))]]
    rows += [[f"FAULT {name}", f"{count:,}"] for name, count in seen.faults.items() if count]
    print_table("The live service under a steady load", "make soak", ["", ""], rows)
    grew = last > second * (1 + ROOM_SHARE) + ROOM_MIB
    is_well = verified.ok and not +seen.faults and recorded == seen.decided and not grew
    print("FLAT, WITHOUT AN ERROR, RECORDED AND VERIFIED" if is_well else "NOT WELL: see above")
    return 0 if is_well else 1


if __name__ == "__main__":
    main()

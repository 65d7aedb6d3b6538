"""The live service over a socket: single requests and batches, and the bare endpoint of the same server beside it.

Run: ``python -m benchmarks.service [--people 20000] [--seconds 6] [--connections 64]``. It makes a world, runs the
campaign, starts the service in a process of its own and asks it from this one over 127.0.0.1. Every answer is in the
ledger before it is given. The bare endpoint is the same server and framework with a route that answers a constant.
The load generator shares the machine; figures are told with the load. Single requests are asked by wrk where it is
installed (``--by python`` asks them from here, which takes more of the machine), batches always from here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .machine import describe, installed, load, print_table, processes

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
PORT, BARE_PORT = 8391, 8392
BARE = """
import sys
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from evenhand.adapters.web import run_app
async def answer(request):
    await request.body()
    return Response(b'{"decision":"none"}', media_type="application/json")
run_app(Starlette(routes=[Route("/v1/decisions", answer, methods=["POST"])]), host="127.0.0.1",
        port=int(sys.argv[1]), ready=lambda: None)
"""
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %(key)s"
function request()
  return wrk.format(nil, nil, nil, '{"subject":"' .. math.random(0, %(people)d - 1) .. '"}')
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("requests=%%d micro=%%d p50=%%d p99=%%d status=%%d lost=%%d late=%%d\\n", summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write, errors.timeout))
end
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--batches", type=int, nargs="*", default=[1_000, 4_000])
    parser.add_argument("--batch-connections", type=int, default=4)
    parser.add_argument("--by", choices=("wrk", "python"), default="wrk" if shutil.which("wrk") else "python")
    parser.add_argument("--serve", default="", help="further options of evenhand serve, as one text")
    parser.add_argument("--folder", type=Path, help="keep the generated world here (default: a temporary folder)")
    asked = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_world(asked.folder or Path(temporary) / "world", asked.people)
        rows = list(measure(folder, asked))
    header = ["asked", "connections", "people/s", "requests/s", "p50 ms", "p99 ms", "server CPU ms a request", "load"]
    words = " ".join(sys.argv[1:])
    print_table("The live service", f"python -m benchmarks.service {words}".strip(), header, rows)


def make_world(folder: Path, people: int) -> Path:
    """A campaign that ran, with limits that no benchmark uses up, so that most people get an offer; and a key."""
    from evenhand import assembly
    from evenhand.adapters.demonstration.worlds_files import write_shoppers

    campaign = folder / "campaign.yaml"
    if not campaign.exists():
        write_shoppers(folder, people, 5, 10, seed=1, at=AT)
        text = re.sub(r"capacity: [0-9]+", "capacity: 1000000000", campaign.read_text("utf-8"))
        text = re.sub(r"budget: [0-9.]+", "budget: 1000000000.00", text)
        campaign.write_text(re.sub(r"total: [0-9]+", "total: 1000000000", text), "utf-8")
        assembly.run_campaign(campaign, at=AT)
    keys = assembly.machine_keys(folder / "evenhand-home")
    name = f"bench-{random.randrange(1 << 30)}"
    (folder / "key").write_text(keys.make(name, ["decide"], at=datetime.now(UTC)), "utf-8")
    return folder


def measure(folder: Path, asked: argparse.Namespace) -> Any:
    """One row for each kind of question."""
    key = (folder / "key").read_text("utf-8")
    serve = ["-c", "from evenhand.cli import main; main()", "serve", str(folder / "campaign.yaml"), "--port", str(PORT)]
    serve += shlex.split(asked.serve)
    for what, command, port in (("bare endpoint", ["-c", BARE, str(BARE_PORT)], BARE_PORT), ("service", serve, PORT)):
        with process(command, port) as number:
            for connections in asked.connections:
                yield row(what + ", one person", number, port, key, connections, 1, asked)
            if what == "service":
                for size in asked.batches:
                    yield row(f"{what}, {size:,} people", number, port, key, asked.batch_connections, size, asked)


@contextmanager
def process(command: list[str], port: int) -> Any:
    """A server in a process of its own, listening."""
    started = subprocess.Popen([sys.executable, *command], env=installed(), stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_listening(port))
        yield started.pid
    finally:
        started.terminate()
        started.wait(60)


async def _listening(port: int) -> None:
    for _ in range(1_200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise TimeoutError


def row(
    what: str, number: int, port: int, key: str, connections: int, size: int, asked: argparse.Namespace
) -> list[str]:
    """Ask for some seconds."""
    asyncio.run(_ask(port, key, connections, size, asked.people, 1.0))  # everything is looked up once
    before, cpu = load(), _cpu(number)
    if size == 1 and asked.by == "wrk":
        requests, seconds, p50, p99 = _wrk(port, key, connections, asked.people, asked.seconds)
    else:
        taken, seconds = asyncio.run(_ask(port, key, connections, size, asked.people, asked.seconds))
        taken.sort()
        requests = len(taken)
        p50, p99 = (taken[min(requests - 1, int(requests * share))] * 1e3 for share in (0.5, 0.99))
    cpu, many = (_cpu(number) - cpu) / requests, requests / seconds
    return [
        what + (", by wrk" if size == 1 and asked.by == "wrk" else ""),
        str(connections),
        f"{many * size:,.0f}",
        f"{many:,.0f}",
        f"{p50:.1f}",
        f"{p99:.1f}",
        f"{cpu * 1e3:.2f}",
        f"{before} / {load()}",
    ]


def _cpu(number: int) -> float:
    """Seconds of CPU that a process, and those that it started, have used."""
    used = 0.0
    for one in processes(number):
        fields = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def _wrk(port: int, key: str, connections: int, people: int, seconds: float) -> tuple[int, float, float, float]:
    """Requests, seconds, p50 and p99 in milliseconds, as wrk counts them. Every answer must be 200."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % {"key": key, "people": people})
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}/v1/decisions"], capture_output=True, text=True, check=True
        )
    told = dict(re.findall(r"(\w+)=([0-9.]+)", done.stdout))
    wrong = {name: int(told[name]) for name in ("status", "lost", "late") if int(told[name])}
    if wrong:
        raise SystemExit(f"wrk: not 200, no answer, or none within two seconds: {wrong}")
    return int(told["requests"]), float(told["micro"]) / 1e6, float(told["p50"]) / 1e3, float(told["p99"]) / 1e3


async def _ask(
    port: int, key: str, connections: int, size: int, people: int, seconds: float
) -> tuple[list[float], float]:
    """Seconds that each request took, and how long all of it took."""
    taken: list[float] = []
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(_one(port, key, size, people, until, taken, seed) for seed in range(connections)))
    return taken, time.perf_counter() - began


async def _one(port: int, key: str, size: int, people: int, until: float, taken: list[float], seed: int) -> None:
    """One connection that asks again and again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    draw = random.Random(seed)
    head = (
        "POST /v1/decisions HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: "
    ).encode()
    while time.perf_counter() < until:
        if size == 1:
            body = f'{{"subject":"{draw.randrange(people)}"}}'.encode()
        else:
            some = draw.sample(range(people), min(size, people))
            body = json.dumps({"subjects": [{"subject": str(one)} for one in some]}).encode()
        start = time.perf_counter()
        writer.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        answer = await reader.readuntil(b"\r\n\r\n")
        lower = answer.lower()
        length = int(lower.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        taken.append(time.perf_counter() - start)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(answer.decode())
    writer.close()


if __name__ == "__main__":
    main()

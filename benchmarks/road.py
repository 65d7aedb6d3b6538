"""The whole road from Parquet to decisions, report and durable ledger, gate by gate.

Run: ``python -m benchmarks.road [people ...] [--offers 10] [--features 20]``. Each size is a generated campaign folder
and a fresh process that calls ``assembly.run_campaign`` as the command line does. The gates are timed from outside:
the product has no clock in it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .machine import command, describe, installed, load, peak_memory, print_table

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
STEPS = (
    ("start", "start Python, load libraries"),
    ("open_all", "read tables, pseudonyms, vault"),
    ("campaign_audit", "audit the data"),
    ("learn", "learn the model"),
    ("permit", "gate 1 permit"),
    ("minimise", "gate 2 minimise"),
    ("score", "gate 3 score"),
    ("allocate", "gate 4 allocate"),
    ("explain", "gate 5 explain"),
    ("record", "gate 6 record"),
    ("finish", "make it durable"),
    ("report_of", "count for the report"),
    ("decision_columns", "list of decisions"),
    ("write_results", "write page, JSON, list"),
    ("rest", "everything else"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.road", description=__doc__)
    parser.add_argument("people", nargs="*", type=int, default=[100_000, 300_000])
    parser.add_argument("--offers", type=int, default=10)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the generated worlds here (default: a temporary folder)")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(walk(asked.one)))
        return
    print(describe())
    with tempfile.TemporaryDirectory() as temporary:
        results = [measure(n, asked.offers, asked.features, asked.folder or Path(temporary)) for n in asked.people]
    sizes = " ".join(str(n) for n in asked.people)
    made_by = f"python -m benchmarks.road {sizes} --offers {asked.offers} --features {asked.features}"
    header = ["step (wall s / CPU s)", *(f"{result['people']:,}" for result in results)]
    rows = [[words, *(_pair(result, name) for result in results)] for name, words in STEPS]
    rows.append(["**whole run**", *(f"**{result['wall']:.1f}** / {result['cpu']:.1f}" for result in results)])
    rows.append(["people per second", *(f"{result['people'] / result['wall']:,.0f}" for result in results)])
    rows.append(["growth against the first size", *(_growth(result, results[0]) for result in results)])
    rows.append(["peak memory, GiB", *(f"{result['memory']:.2f}" for result in results)])
    rows.append(["ledger, bytes per decision", *(f"{result['ledger'] / result['people']:.0f}" for result in results)])
    rows.append(["load before / after", *(f"{result['before']} / {result['after']}" for result in results)])
    print_table("The whole road", made_by, header, rows)


def measure(people: int, offers: int, features: int, folder: Path) -> dict[str, Any]:
    """Make the world (once) and walk it in a fresh process."""
    from evenhand.adapters.demonstration.worlds_files import write_shoppers

    place = folder / f"shoppers-{people}-{offers}-{features}"
    if not (place / "campaign.yaml").exists():
        write_shoppers(place, people, offers, features, seed=1, at=AT)
    subprocess.run([sys.executable, "-c", "import evenhand.assembly"], check=True, env=installed())  # compiled once
    before, start = load(), time.perf_counter()
    done = subprocess.run(command("road", "--one", place), capture_output=True, text=True, check=True, env=installed())
    wall = time.perf_counter() - start
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    steps = result["steps"]
    steps["start"] = [result["started"], result["started_cpu"]]
    steps["rest"] = [wall - sum(s[0] for s in steps.values()), result["cpu"] - sum(s[1] for s in steps.values())]
    return {**result, "people": people, "wall": wall, "before": before, "after": load()}


def walk(folder: Path) -> dict[str, Any]:
    """Run the campaign in this process with a clock around each step."""
    from evenhand import journey
    from evenhand.assembly import run_campaign
    from evenhand.assembly.runs import _run

    steps: dict[str, list[float]] = {}

    def timed(module: Any, name: str) -> None:
        work: Callable[..., Any] = getattr(module, name)

        def clocked(*arguments: Any, **named: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return work(*arguments, **named)
            finally:
                spent = steps.setdefault(name, [0.0, 0.0])
                spent[0] += time.perf_counter() - wall
                spent[1] += time.process_time() - cpu

        setattr(module, name, clocked)

    for name in ("permit", "minimise", "score", "allocate", "explain", "record"):
        timed(journey, name)
    for name in ("open_all", "campaign_audit", "learn", "finish", "report_of", "decision_columns", "write_results"):
        timed(_run, name)
    started_cpu = time.process_time()
    started = _since_start()
    with tempfile.TemporaryDirectory(dir=folder) as home:
        run_campaign(folder / "campaign.yaml", home=Path(home), at=AT)
        ledger = sum(path.stat().st_size for path in Path(home).glob("ledger*"))
    return {
        "steps": steps,
        "started": started,
        "started_cpu": started_cpu,
        "cpu": time.process_time(),
        "memory": peak_memory(),
        "ledger": ledger,
    }


def _since_start() -> float:
    """Seconds since this process began, where the system tells (else what its processor time was)."""
    stat, uptime = Path("/proc/self/stat"), Path("/proc/uptime")
    if not stat.exists():
        return time.process_time()
    import os

    ticks = int(stat.read_text().rsplit(")", 1)[1].split()[19])
    return max(0.0, float(uptime.read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK"))


def _pair(result: dict[str, Any], name: str) -> str:
    wall, cpu = result["steps"].get(name, (0.0, 0.0))
    return f"{wall:.2f} / {cpu:.2f}"


def _growth(result: dict[str, Any], first: dict[str, Any]) -> str:
    people, wall = result["people"] / first["people"], result["wall"] / first["wall"]
    return f"{people:.0f}x people, {wall:.1f}x time"


if __name__ == "__main__":
    main()

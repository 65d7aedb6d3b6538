"""What a figure was measured on, and how tables are printed."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("numpy", "polars", "pydantic", "msgspec", "typer")


def describe() -> str:
    """Date, machine, load and versions: what anybody needs to judge a figure by."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    return "\n".join(
        (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores ({_processor()}), {_memory():.0f} GiB, "
            f"{platform.system()} {platform.release()}",
            f"Python {platform.python_version()}, {libraries}; SQLite {_sqlite()}",
            f"load from everything that runs here, before the start: {load()} (1 minute)",
        )
    )


def load() -> str:
    """Load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def command(module: str, *arguments: object) -> list[str]:
    """The command that runs one of these benchmarks in a process of its own."""
    return [sys.executable, "-m", f"benchmarks.{module}", *(str(argument) for argument in arguments)]


def installed() -> dict[str, str]:
    """The environment, such that modules stay compiled after their first import, as in an installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def children_seconds() -> float:
    """Processor time of all processes that were started from here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def peak_memory() -> float:
    """Largest resident memory of this process so far, in GiB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count what the starting process had
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024**2
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**3 if sys.platform == "darwin" else 1024**2)


def print_table(title: str, made_by: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table in Markdown, with the command that makes it."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    print(f"\n### {title}\n`{made_by}`\n")
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("| " + " | ".join(cells) + " |", flush=True)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _sqlite() -> str:
    import sqlite3

    return sqlite3.sqlite_version


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    except (ValueError, OSError, AttributeError):
        return float("nan")


def processes(number: int) -> list[int]:
    """A process and those that it started."""
    started = Path(f"/proc/{number}/task/{number}/children").read_text("ascii").split()
    return [number, *map(int, started)]

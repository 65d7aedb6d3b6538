"""How fast is the history of what people say? Imports a table of consents into a new home, imports the same again, and
reads all of it as a run does; in SQLite, and on a PostgreSQL server that is started for it where there is one, every
commit on disk: ``python -m benchmarks.consents 100000``. ``--profile`` tells where the time of the import goes."""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import polars as pl

from evenhand import assembly
from evenhand.adapters.stores.home import Home
from evenhand.assembly.people._trail import told_to
from evenhand.assembly.runs._consents import book_of
from evenhand.policy import Campaign
from postgres_server import Server, binaries

from .machine import describe, load, print_table
from .permission import campaign

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SAID = ("ConsentGiven", "ConsentGiven", "ConsentGiven", "ConsentWithdrawn")
_R = TypeVar("_R")


def table_of(records: int, file: Path) -> None:
    """Write a table: each person says something once, in one of two purposes, with the version of the notice."""
    first = datetime(2025, 1, 1, tzinfo=UTC)
    pl.DataFrame(
        {
            "subject": [f"klant-{row}" for row in range(records)],
            "kind": ["consent"] * records,
            "purpose": [("PersonalisedAdvertising", "DirectMarketing")[row % 2] for row in range(records)],
            "status": [SAID[row % len(SAID)] for row in range(records)],
            "at": [(first + timedelta(seconds=row)).isoformat() for row in range(records)],
            "notice": [f"v{row % 7}" for row in range(records)],
            "method": [("web form", "by phone", "app")[row % 3] for row in range(records)],
        }
    ).write_csv(file)


def measured(what: str, records: int, go: Callable[[], _R], rows: list[tuple[str, ...]]) -> _R:
    """Do it, and note what it took."""
    start, busy = time.perf_counter(), time.process_time()
    done = go()
    took, cpu = time.perf_counter() - start, time.process_time() - busy
    rows.append((what, f"{took:.2f} s", f"{cpu:.2f} s", f"{records / took:,.0f}/s"))
    return done


def in_home(folder: Path, records: int, where: str, rows: list[tuple[str, ...]]) -> None:
    """Import, import again, read, verify."""
    home, file = folder / "evenhand-home", folder / "said.csv"
    table_of(records, file)
    first = measured(f"{where}: import", records, lambda: assembly.import_consents(file, home=home, at=NOW), rows)
    again = measured(f"{where}: import again", records, lambda: assembly.import_consents(file, home=home, at=NOW), rows)
    assert (first.recorded, again.recorded, again.known) == (records, 0, records), "nothing is recorded twice"
    told = measured(f"{where}: read", records, lambda: told_to(Home(home)), rows)
    asked: Campaign = campaign("PersonalisedAdvertising")
    book = measured(f"{where}: put into gate 1", records, lambda: book_of(asked, None, {}, NOW, told.said), rows)
    assert len(book) == records, "every record is read"
    assert measured(f"{where}: verify", records, lambda: assembly.verify_rights(home=home), rows).ok


def main() -> None:
    """Measure, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=int, nargs="?", default=100_000)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    print(describe())
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        if asked.profile:
            with cProfile.Profile() as profile:
                in_home(Path(folder), asked.records, "SQLite", rows)
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        else:
            in_home(Path(folder), asked.records, "SQLite", rows)
    if binaries() is not None and not asked.profile:
        server = Server()
        try:
            server.start()
            with tempfile.TemporaryDirectory() as folder:
                os.environ["EVENHAND_DATABASE"] = server.url
                home = Path(folder) / "evenhand-home"
                assembly.upgrade_database(home=home, schema=f"b{secrets.token_hex(4)}")
                in_home(Path(folder), asked.records, "PostgreSQL", rows)
        finally:
            server.remove()
    made_by = f"python -m benchmarks.consents {asked.records}"
    print_table("What people say", made_by, ("step", "took", "on a core", "records"), rows)
    print(f"load now {load()}")


if __name__ == "__main__":
    main()

"""How fast is the ledger? Records and verifies decisions in a SQLite file, and on a PostgreSQL server that is started
for it where there is one, both with every commit on disk: ``python benchmarks/ledger.py 1000000``."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from benchmarks.machine import load, processes
from builders import begin_run, make_campaign, make_explained, make_model, model_from_json
from evenhand.ledger import (
    erase_subject,
    facts,
    finish,
    latest_checkpoint,
    proven_decision,
    record,
    replay,
    verify,
)
from evenhand.policy import Campaign
from evenhand.terms import Explained
from postgres_server import Server, binaries
from store_cases import InFiles, OnServer


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(people: int = 1_000_000, terms: int = 20, offers: int = 10) -> None:
    campaign = make_campaign(offers=offers, terms=terms, per_offer=0)
    explained = make_explained(people, campaign, make_model(campaign))
    print(
        f"{people} decisions, {terms} terms, {offers} offers; batch in memory, peak {_memory():.0f} MiB; load {load()}"
    )
    for sealed in (False, True):
        print("under the keys of people:" if sealed else "in the clear:")
        with tempfile.TemporaryDirectory() as folder:
            print(" in SQLite")
            _measure(InFiles(Path(folder)), sealed, campaign, explained)
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
            print(f"  {size / people / 2:.0f} bytes per decision on disk, keys included; peak {_memory():.0f} MiB")
        if binaries() is None:
            print(" no PostgreSQL server on this machine")
            continue
        server = Server()
        try:
            server.start()
            print(" in PostgreSQL")
            with tempfile.TemporaryDirectory() as folder:
                _measure(OnServer(Path(folder), server.url), sealed, campaign, explained, server)
        finally:
            server.remove()


def _cpu_of(server: Server) -> float:
    """Seconds of CPU that a server has used, with all that it started and that ended."""
    number = int((server.data / "postmaster.pid").read_text("ascii").split()[0])
    used = 0.0
    for one in processes(number):
        fields = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        used += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return used


def _measure(
    stores: InFiles | OnServer, sealed: bool, campaign: Campaign, explained: Explained, server: Server | None = None
) -> None:
    people = len(explained.margin)
    keys = stores.people() if sealed else None
    with stores.ledger(people=keys) as store:
        for identity, which in (("000001", "first run"), ("000002", "second run")):
            start, busy = time.perf_counter(), time.process_time()
            there = _cpu_of(server) if server else 0.0
            with begin_run(store, campaign=campaign, identity=identity) as run:
                record(explained, run)
                finish(run, {})
            took, cpu = time.perf_counter() - start, time.process_time() - busy
            beside = f" and {_cpu_of(server) - there:.2f} s of the server's" if server else ""
            print(f"  {which} recorded in {took:.2f} s ({people / took:.0f}/s; {cpu:.2f} s of CPU{beside})")
        start = time.perf_counter()
        again = replay(store, run.run_id, explained)
        print(f"  replayed against the record in {time.perf_counter() - start:.2f} s, same: {again.ok}")
        start = time.perf_counter()
        told = facts(store, f"{run.run_id}.{people // 2}")
        print(f"  one decision found in {1000 * (time.perf_counter() - start):.2f} ms")
        start = time.perf_counter()
        proven_decision(store, told.decision_id, latest_checkpoint(store)[0])
        print(f"  and proven, with its run, campaign and model, in {1000 * (time.perf_counter() - start):.2f} ms")
    with stores.ledger(people=keys, read_only=True) as store:
        start, busy = time.perf_counter(), time.process_time()
        found = verify(store, model_from_json)
        took, cpu = time.perf_counter() - start, time.process_time() - busy
        print(f"  verified in {took:.2f} s ({2 * people / took:.0f}/s; {cpu:.2f} s of CPU), ok: {found.ok}")
    if keys is not None:
        with stores.ledger(people=keys) as store:
            start = time.perf_counter()
            erase_subject(store, bytes.fromhex(told.subject), at=datetime(2026, 5, 1, tzinfo=UTC))
            print(f"  one person erased in {1000 * (time.perf_counter() - start):.2f} ms")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

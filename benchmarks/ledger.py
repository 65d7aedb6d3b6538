"""How fast is the ledger? Records and verifies decisions in a SQLite file: ``python benchmarks/ledger.py 1000000``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from builders import begin_run, make_campaign, make_explained, make_model, model_from_json
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.ledger import facts, finish, record, replay, verify


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(people: int = 1_000_000, terms: int = 20, offers: int = 10) -> None:
    campaign = make_campaign(offers=offers, terms=terms, per_offer=0)
    explained = make_explained(people, campaign, make_model(campaign))
    print(f"{people} decisions, {terms} terms, {offers} offers; batch in memory, peak {_memory():.0f} MiB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with SqliteLedger(path) as store:
            start, busy = time.perf_counter(), time.process_time()
            with begin_run(store, campaign=campaign) as run:
                record(explained, run)
                finish(run, {})
            took, cpu = time.perf_counter() - start, time.process_time() - busy
            print(f"recorded in {took:.2f} s ({people / took:.0f}/s; {cpu:.2f} s of CPU), peak {_memory():.0f} MiB")
            start, busy = time.perf_counter(), time.process_time()
            again = replay(store, run.run_id, explained)
            took = time.perf_counter() - start
            print(f"replayed against the record in {took:.2f} s, same: {again.ok}")
            start, busy = time.perf_counter(), time.process_time()
            facts(store, f"{run.run_id}.{people // 2}")
            print(f"one decision found in {1000 * (time.perf_counter() - start):.2f} ms")
        with SqliteLedger(path, read_only=True) as store:
            start, busy = time.perf_counter(), time.process_time()
            found = verify(store, model_from_json)
            took, cpu = time.perf_counter() - start, time.process_time() - busy
            print(f"verified in {took:.2f} s ({people / took:.0f}/s; {cpu:.2f} s of CPU), ok: {found.ok}")
        print(f"{path.stat().st_size / people:.0f} bytes per decision on disk")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

"""Files that several make at the same moment: each opens what one of them made, and none takes it for another file."""

from __future__ import annotations

import threading

import pytest

from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger

AT_ONCE, TIMES = 6, 20


def _ledger(folder):
    return SqliteLedger(folder / "ledger.sqlite", key=lambda: b"k" * 32, folds=True)


def _leases(folder):
    return SqliteLeases(folder / "leases.sqlite")


@pytest.mark.parametrize("make", [_ledger, _leases])
def test_whoever_makes_a_file_at_the_same_moment_opens_it(tmp_path, make):
    """As two services do that start on a new home: what the other has made half of is waited for."""
    refused = []
    for time in range(TIMES):
        start = threading.Barrier(AT_ONCE)

        def go(folder=tmp_path / str(time), start=start):
            start.wait()
            try:
                make(folder).close()
            except Exception as error:
                refused.append(repr(error))

        threads = [threading.Thread(target=go) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert refused == []

"""A log is folded in beside whoever writes, and that ends whenever it is told to: nothing hangs, nothing is damaged."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from evenhand.adapters.ledgers._folding import Folding
from patience import WITHIN

ROWS = 100


@pytest.fixture
def path(tmp_path):
    """A file with a write-ahead log."""
    with closing(sqlite3.connect(tmp_path / "some.sqlite")) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE some (what)")
        made.commit()
    return tmp_path / "some.sqlite"


class Staged(Folding):
    """Stands still between its rest and its next step, until it is let go on."""

    def __init__(self, path: Path) -> None:
        self.stands, self.goes_on = threading.Event(), threading.Event()
        super().__init__(path)

    def _is_over_soon(self) -> bool:
        is_over = super()._is_over_soon()
        self.stands.set()
        self.goes_on.wait(WITHIN)
        return is_over


class Slow(Folding):
    """Folds only once it may; `database` stands in for the connection."""

    def __init__(self, path: Path) -> None:
        self.folds, self.may = threading.Event(), threading.Event()
        self.times = 0
        super().__init__(path)

    def _opened(self):
        return _Waits(super()._opened(), self)


class _Waits:
    def __init__(self, database: sqlite3.Connection, slow: Slow) -> None:
        self._database, self._slow, self.close = database, slow, database.close

    def execute(self, statement: str) -> sqlite3.Cursor:
        """Wait, then do it."""
        self._slow.times += 1
        self._slow.folds.set()
        assert self._slow.may.wait(WITHIN)
        return self._database.execute(statement)


def _closing(folding: Folding) -> threading.Thread:
    thread = threading.Thread(target=folding.close, daemon=True)
    thread.start()
    return thread


def _is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as found:
        told = found.execute("PRAGMA integrity_check").fetchone()
        return told == ("ok",) and found.execute("SELECT count(*) FROM some").fetchone() == (ROWS,)


def _filled(path: Path, folding: Folding) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        for number in range(ROWS):
            writer.execute("INSERT INTO some VALUES (?)", (number,))
            folding.committed()


def test_a_close_right_after_its_rest_is_heard(path):
    """It came too late for the rest, and too early for the next step: the thread ends all the same."""
    folding = Staged(path)
    folding.committed()
    assert folding.stands.wait(WITHIN)
    end = _closing(folding)
    end.join(0.1)
    folding.goes_on.set()
    end.join(WITHIN)
    assert not end.is_alive()


def test_a_close_while_it_folds_waits_for_that_and_leaves_the_file_whole(path):
    """Not a step is begun after it; what was committed is there."""
    folding = Slow(path)
    _filled(path, folding)
    assert folding.folds.wait(WITHIN)
    end = _closing(folding)
    end.join(0.2)
    assert end.is_alive()
    folding.may.set()
    end.join(WITHIN)
    assert not end.is_alive()
    assert folding.times == 1
    assert _is_whole(path)


def test_it_can_be_closed_at_any_moment_and_twice(path):
    """Before anything was committed, in the middle, after its file is gone, and once more."""
    for _ in range(5):
        Folding(path).close()
    folding = Folding(path)
    _filled(path, folding)
    folding.close()
    folding.close()
    assert _is_whole(path)
    gone = Folding(path.with_name("never.sqlite"))
    gone.committed()
    gone.close()

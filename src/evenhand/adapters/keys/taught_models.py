"""Which recorded models were fitted on whom, as lists of bits, and who of them was erased since.

It stands beside the keys of people. Of the newest run of each campaign that keeps prices for later people a class list
(`features.class_list`) says who may have taught its model. An erasure looks there, and notes the person's keyed mark
under each model that may have been fitted on them. Of a run without a list nobody can tell; then every erasure since it
was made counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from evenhand.features import may_be_in

__all__ = ["KeySteps", "Owed", "TaughtModels"]


class KeySteps(Protocol):
    """What is done in one transaction: a connection of SQLite is one."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """One statement, with ``?`` for each value."""
        ...


@dataclass(frozen=True, slots=True)
class Owed:
    """What a model owes to people who were erased after it was fitted.

    Attributes:
        since: moment of the first such erasure, microseconds since 1970 (UTC).
        people: how many people it may have been fitted on were erased since.
        known: whether a class list says so; without one everybody who was erased since counts.
    """

    since: int
    people: int
    known: bool


class TaughtModels(ABC):
    """The models of one home and who taught them. Mixed into the stores of the keys of people, which are kept apart
    from the ledger; a store says how its one transaction is."""

    def keep_class(self, run_id: str, campaign: str, who: bytes) -> None:
        """Keep who the model of a run was fitted on, durably, before the run is recorded."""
        with self._together(make=True) as steps:
            steps.execute("DELETE FROM taught WHERE run_id = ?", (run_id,))
            steps.execute("INSERT INTO taught VALUES (?, ?, ?)", (run_id, campaign, who))

    def only_class(self, run_id: str, campaign: str) -> None:
        """A run is recorded: the lists of every earlier run of its campaign go, and what was noted under them."""
        with self._together(make=True) as steps:
            older = "SELECT run_id FROM taught WHERE campaign = ? AND run_id <> ?"
            steps.execute(f"DELETE FROM taught_gone WHERE run_id IN ({older})", (campaign, run_id))
            steps.execute("DELETE FROM taught WHERE campaign = ? AND run_id <> ?", (campaign, run_id))

    def note_gone(self, pseudonym: bytes, at: int) -> tuple[str, ...]:
        """Note an erased person under every model that may have been fitted on them: the runs of these. Asked again it
        changes nothing."""
        if not self.is_there:
            return ()
        with self._together(make=True) as steps:
            lists = steps.execute("SELECT run_id, who FROM taught").fetchall()
            held = tuple(run_id for run_id, who in lists if may_be_in(bytes(who), pseudonym))
            _note(steps, held, [(self._mark(pseudonym), at)])
        return held

    def note_marks(self, marks: Iterable[tuple[bytes, int]]) -> None:
        """Note marks of people of whom no more is known: each may have taught every model here."""
        if not self.is_there:
            return
        with self._together(make=True) as steps:
            _note(steps, [one for (one,) in steps.execute("SELECT run_id FROM taught").fetchall()], list(marks))

    def owed(self, run_id: str, made: int) -> Owed | None:
        """What the model of a run owes; None where nobody was erased who may have taught it.

        Args:
            run_id: the run.
            made: when it was made, microseconds since 1970 (UTC).
        """
        if not self.is_there:
            return None
        with self._together(make=False) as steps:
            known = steps.execute("SELECT count(*) FROM taught WHERE run_id = ?", (run_id,)).fetchone()[0] > 0
            first, people = steps.execute(
                *(
                    ("SELECT min(at), count(*) FROM taught_gone WHERE run_id = ?", (run_id,))
                    if known
                    else ("SELECT min(at), count(*) FROM suppressed WHERE at > ?", (made,))
                )
            ).fetchone()
        return Owed(int(first), int(people), known) if people else None

    def classes(self) -> tuple[list[tuple[str, str, bytes]], list[tuple[str, bytes, int]]]:
        """Every list, and every mark that was noted under one; for a copy."""
        if not self.is_there:
            return [], []
        with self._together(make=False) as steps:
            lists = steps.execute("SELECT run_id, campaign, who FROM taught").fetchall()
            gone = steps.execute("SELECT run_id, mark, at FROM taught_gone").fetchall()
        return [(run, name, bytes(who)) for run, name, who in lists], [(run, bytes(mark), at) for run, mark, at in gone]

    def put_classes(self, lists: list[tuple[str, str, bytes]], gone: list[tuple[str, bytes, int]]) -> None:
        """Keep what another store of the same home has."""
        for run_id, campaign, who in lists:
            self.keep_class(run_id, campaign, who)
        if gone:
            with self._together(make=True) as steps:
                for run_id, mark, at in gone:
                    _note(steps, [run_id], [(mark, at)])

    @property
    @abstractmethod
    def is_there(self) -> bool:
        """Whether there is a store with anything in it."""

    @abstractmethod
    def _mark(self, pseudonym: bytes) -> bytes:
        """The keyed mark of a person."""

    @abstractmethod
    def _together(self, *, make: bool) -> AbstractContextManager[KeySteps]:
        """One transaction; with `make` the tables are made where there are none."""


def _note(steps: KeySteps, runs: Sequence[str], marks: Sequence[tuple[bytes, int]]) -> None:
    for run_id in runs:
        for mark, at in marks:
            steps.execute("INSERT INTO taught_gone VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (run_id, mark, at))

"""Verification of limits over time: nobody got more offers in a period than the run that gave the last one allows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import number_of

from ._given import RunInReach, counted, runs_recorded
from ._store import LedgerStore

__all__ = ["GivenInspector"]


class GivenInspector:
    """Keeps who got an offer in the runs that some limit over time looks at; nothing where there is no such limit.

    Args:
        store: the ledger.
        bad: told what is wrong: number of the entry, and what.
    """

    def __init__(self, store: LedgerStore, bad: Callable[[int, str], None]) -> None:
        self._bad = bad
        self._runs: dict[str, RunInReach] = {}
        self._earlier: dict[str, list[str]] = {}
        self._given: dict[str, list[NDArray[np.bytes_]]] = {}
        try:
            runs = runs_recorded(store)
        except Exception:  # whatever a forged text does to a parser is found where that text is inspected
            return
        self._runs = {run.run_id: run for run in runs}
        for run in runs:
            if run.each:
                self._earlier[run.run_id], self._given[run.run_id] = [], []
        for early, late in combinations(runs, 2):
            if any(early.counts_for(one, late) for one in late.each):
                self._earlier[late.run_id].append(early.run_id)
                self._given.setdefault(early.run_id, [])

    def add(self, run_id: str, subjects: NDArray[np.bytes_], offer: NDArray[np.int16]) -> None:
        """Decisions of a run."""
        if run_id in self._given:
            self._given[run_id].append(subjects[offer >= 0])

    def finish(self, seq: int, run_id: str) -> None:
        """Look at a run that has ended; the runs before it were added."""
        if run_id not in self._earlier:
            return
        run, own = self._runs[run_id], self._subjects(run_id)
        people, here = np.unique(own, return_counts=True)
        before = [(self._runs[name], counted(people, self._subjects(name))) for name in self._earlier[run_id]]
        for one in run.each:
            had = here + sum((people for early, people in before if early.counts_for(one, run)), np.zeros_like(here))
            above = int((had > one.offers).sum())
            if above:
                self._bad(
                    seq,
                    f"Run {run_id} gave {number_of(above, 'person', 'people')} more offers than {one.offers} "
                    f"within {one.within}, its limit.",
                )

    def _subjects(self, run_id: str) -> NDArray[np.bytes_]:
        return np.concatenate([*self._given[run_id], np.zeros(0, dtype="S32")])

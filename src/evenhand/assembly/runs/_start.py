"""What a start finds: another run at work, an altered ledger, and what a crash left behind. It puts the last right."""

from __future__ import annotations

from evenhand.adapters.stores.file_trouble import UNWRITABLE
from evenhand.adapters.stores.home import Home
from evenhand.ledger import GENESIS, Kind, LedgerStore, link, runs_since
from evenhand.terms import LedgerError, StoreError

from ..records._ledger import has_ledger, ledger_of
from ..records._records import rebuild_report

__all__ = ["drop_unrecorded", "look_around"]

LOOKED_AT = 100_000
"""How many of the last entries a start checks; `evenhand ledger verify` checks all of them."""


def look_around(place: Home, *, even_unwritable: bool = False) -> list[str]:
    """Look before a long run is begun, and finish what a crash between the record and the report left undone.

    Args:
        place: the home.
        even_unwritable: where the ledger can only be read now, look at its end alone; for a service, which then says
            that nobody can be decided about until it can be written.

    Returns:
        What was found and done, one sentence each, for people.

    Raises:
        StoreError: another run is writing, or the ledger or the results cannot be written.
        LedgerError: the end of the ledger was altered.
    """
    if not has_ledger(place):
        return []
    try:
        return _looked_around(place)
    except StoreError as error:
        if not (even_unwritable and error.code in UNWRITABLE):
            raise
        with ledger_of(place, read_only=True) as store:
            _check_end(store)
        return [f"{error.what} What an earlier start left undone stays so until the next one."]


def _looked_around(place: Home) -> list[str]:
    with ledger_of(place) as store:
        _check_end(store)
        whole = [run_id for _, run_id, _ in runs_since(store, 0, whole=True)]  # later people have no report
        store.claim()
        told, waiting = [], []
        for run_id in place.drafts():
            if _is_recorded(store, run_id):
                waiting.append(run_id)
            else:
                place.discard(run_id)
                told.append(f"The list of decisions that run {run_id} left behind was removed; it was not recorded.")
        lost = [one for one in whole[-1:] if not (place.run_folder(one) / "report.html").is_file()]
        for run_id in dict.fromkeys((*waiting, *lost)):
            rebuild_report(run_id, home=place.folder)
            told.append(f"The report of run {run_id} was missing; it was written again from the ledger.")
    return told


def drop_unrecorded(place: Home, store: LedgerStore, run_id: str) -> None:
    """Remove the list of a run that failed, unless the ledger has the run after all (an interrupt after the commit)."""
    if not _is_recorded(store, run_id):
        place.discard(run_id)


def _is_recorded(store: LedgerStore, run_id: str) -> bool:
    return any(row[1] == Kind.RUN_FINISHED for row in store.about(run_id.encode()))


def _check_end(store: LedgerStore) -> None:
    """Raise unless the last entries continue each other."""
    first = max(0, store.tail().entries - LOOKED_AT)
    previous = None if first else GENESIS
    for rows in store.read(max(1, first)):
        for seq, _, _, hash_, body in rows:
            if previous is not None and link(previous, body) != hash_:
                raise LedgerError(
                    "ledger-altered",
                    f"The ledger was altered at entry {seq}. Nothing was added to it.",
                    rule="G-5-2",
                    remedy="Run `evenhand ledger verify`, keep the file as evidence, and restore a copy that verifies.",
                )
            previous = hash_

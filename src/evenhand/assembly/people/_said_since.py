"""Who of a run's people said no after it had read what people said, so that they can be left out of the send."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evenhand.adapters.data.frames import csv_bytes
from evenhand.adapters.stores.home import Home, find_home, write_atomically
from evenhand.features import pseudonymise
from evenhand.ledger import open_run
from evenhand.rights import Said, standing_of
from evenhand.terms import DataError

from ..records._ledger import keys_of
from ..records._records import open_ledger, resolve_run
from ._trail import is_trail_there, trail_of

__all__ = ["SAID_NO", "SaidSince", "consents_since", "list_said_no"]

SAID_NO = "said-no.csv"
"""The list in the folder of a run."""


@dataclass(frozen=True, slots=True)
class SaidSince:
    """Who of a run's people said no since it read what people said.

    Attributes:
        run_id: the run.
        people: how many.
        file: the list of them, by their own ids; None where nobody did.
    """

    run_id: str
    people: int
    file: Path | None


def consents_since(run: str = "last", *, home: str | Path | None = None, at: datetime) -> SaidSince:
    """Who of a run's people said no since it read what people said, and has not taken it back. Ask before you send.

    The list is written anew beside the run's list of decisions, for its owner's eyes only; where nobody did, it goes.

    Args:
        run: the run's id, or ``last``.
        home: the home folder; see `find_home`.
        at: now.

    Raises:
        DataError: the run is unknown, or has no list of decisions: it decided about later people, or its time was up.
        StoreError: the list cannot be written.
    """
    place = find_home(home)
    with open_ledger(place) as store:
        name = resolve_run(store, run, whole=True)
        recorded = open_run(store, name)
    try:
        with (place.run_folder(name) / "decisions.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows, None)
            people = list(dict.fromkeys(row[0] for row in rows if row))
    except FileNotFoundError:
        raise DataError(
            "since-no-list",
            f"Run {name} has no list of decisions.",
            rule="who is asked about stands in the list of the run; one about later people has none, nor an old one",
            remedy="name a run over a whole table, or look at the history of each person: evenhand consent history",
        ) from None
    heard = int(recorded.report.get("told", 0))
    return list_said_no(place, name, recorded.campaign.identifier, people, heard, at)


def list_said_no(place: Home, run: str, column: str, people: Sequence[str], heard: int, at: datetime) -> SaidSince:
    """Write the list of those who said no.

    Args:
        place: the home.
        run: the run's id.
        column: how the column of own ids is called.
        people: own ids of the run's people.
        heard: number of the last entry of the trail that the run read.
        at: now.
    """
    found = _said_no(place, heard, at)
    ids = pseudonymise(people, place.key(make=False)).tolist() if found else []
    rows = [(who, said) for who, one in zip(people, ids, strict=False) for said in found.get(one, ())]
    file = place.run_folder(run) / SAID_NO
    if not rows:
        file.unlink(missing_ok=True)
        return SaidSince(run, 0, None)
    columns = {
        column: [who for who, _ in rows],
        "said": [said.status for _, said in rows],
        "purpose": [said.purpose for _, said in rows],
        "at": [said.at.isoformat() for _, said in rows],
    }
    write_atomically(file, csv_bytes(columns), private=True)
    return SaidSince(run, len({who for who, _ in rows}), file)


def _said_no(place: Home, heard: int, at: datetime) -> dict[bytes, tuple[Said, ...]]:
    """Each no that was recorded after an entry and still stands, by pseudonym (hex)."""
    if not is_trail_there(place):
        return {}
    with trail_of(place) as trail:
        if trail.last() <= heard:
            return {}
        new = {one[0] for one in trail.said(after=heard) if Said.from_body(one[2], one[1]).is_no}
        by_handle: dict[bytes, list[tuple[Said, int]]] = {handle: [] for handle in new}
        for handle, moment, body, number, _ in trail.said(handles=sorted(new)):
            by_handle[handle].append((Said.from_body(body, moment), number))
    theirs = keys_of(place).pseudonyms_of(sorted(new))
    found = {}
    for handle, pseudonym in theirs.items():
        if standing := tuple(_standing(by_handle[handle], heard, at)):
            found[pseudonym.hex().encode()] = standing
    return found


def _standing(said: Sequence[tuple[Said, int]], heard: int, at: datetime) -> Iterator[Said]:
    """Each no of a person that stands now and was recorded after an entry."""
    numbers = {id(one): number for one, number in said}
    for one in standing_of((one for one, _ in said), at).values():
        if one.is_no and numbers[id(one)] > heard:
            yield one

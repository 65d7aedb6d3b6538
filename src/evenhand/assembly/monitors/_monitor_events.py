"""The streams that a monitor reads: who was chosen, to whom it was delivered, and who responded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.tables import open_table
from evenhand.ledger import LedgerStore, columns, open_run, runs
from evenhand.policy import Campaign, MonitorClause, Table
from evenhand.terms import PPM, DataError, Standing

__all__ = ["Decided", "Events", "Followed", "RunRead", "decided_about", "events_of"]


@dataclass(frozen=True, slots=True)
class Events:
    """A stream in order: who (32 hex digits), which offer (-1 = none), how much (ppm).

    Attributes:
        excluded: bool[n, offers + 1], see `disparity.Stretch`: by what the person could have in that run.
        rows: each event's decision, as a place in `Decided`.
        unmatched: rows of the events' table whose decision the ledger does not have.
    """

    subjects: NDArray[np.bytes_]
    offers: NDArray[np.int64]
    amounts: NDArray[np.int64]
    excluded: NDArray[np.bool_]
    rows: NDArray[np.int64]
    unmatched: int = 0


@dataclass(frozen=True, slots=True)
class _RunPlaces:
    """Where a run's decisions stand among all: from `first` to before `stop`; `places` is by the decision's number."""

    run_id: str
    first: int
    stop: int
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decided:
    """Everybody decided about with personal data, run after run and by pseudonym within a run: an order that has
    nothing to do with groups.

    Attributes:
        subjects, offers, excluded: of each decision, as in `Events`.
        chosen: bool[n], who was offered something, also an offer that the campaign no longer has.
        counted: bool[n], of a run that was recorded after the campaign was resumed last.
        runs: what each run has here.
    """

    subjects: NDArray[np.bytes_] = field(repr=False)
    offers: NDArray[np.int64] = field(repr=False)
    excluded: NDArray[np.bool_] = field(repr=False)
    chosen: NDArray[np.bool_] = field(repr=False)
    counted: NDArray[np.bool_] = field(repr=False)
    runs: tuple[_RunPlaces, ...] = field(repr=False)

    def places(self, decisions: list[str]) -> NDArray[np.int64]:
        """The place of each of these decisions (``RUN-ID.NUMBER``) here; -1 for one that the ledger does not have, -2
        for one that was made without personal data, so that it belongs to no group."""
        known = {run.run_id: run.places for run in self.runs}
        nothing = np.empty(0, dtype=np.int64)
        found = []
        for one in decisions:
            run_id, _, number = one.rpartition(".")
            places = known.get(run_id, nothing)
            place = int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
            found.append(int(places[place]) if 0 < place < len(places) else -1)
        return np.array(found, dtype=np.int64)

    def run_at(self, row: int) -> str:
        """The run of a decision here."""
        return next(run.run_id for run in self.runs if run.first <= row < run.stop)

    def runs_of(self, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[n], the decisions of every run that has one of these places."""
        inside = np.zeros(len(self.subjects), dtype=np.bool_)
        for run in self.runs:
            inside[run.first : run.stop] = bool(((places >= run.first) & (places < run.stop)).any())
        return inside


@dataclass(frozen=True, slots=True)
class Followed:
    """A table of what followed, and the folder that its file is in."""

    table: Table
    folder: Path


@dataclass(frozen=True, slots=True)
class RunRead:
    """What was read of a recorded run, which never changes: everybody with personal data, by pseudonym.

    Attributes:
        start: number of its first entry.
        offers: ids of its campaign's offers, which `offer` is an index into (-1 = none).
        subject, offer, number: of each of these decisions.
        excluded: bool[n, offers], the offers on whose condition the person did not meet.
    """

    start: int
    offers: tuple[str, ...]
    subject: NDArray[np.bytes_] = field(repr=False)
    offer: NDArray[np.int64] = field(repr=False)
    number: NDArray[np.int64] = field(repr=False)
    excluded: NDArray[np.bool_] = field(repr=False)


def decided_about(store: LedgerStore, campaign: Campaign, since: int, read: dict[str, RunRead]) -> Decided:
    """The decisions of a campaign's finished runs.

    Args:
        store: the ledger.
        campaign: as it is now; its offers give the order of offers.
        since: number of the entry from which on evidence is counted.
        read: runs that were read before; those that are read now are added.

    Raises:
        DataError: there is no such run.
    """
    names = {offer.id: place for place, offer in enumerate(campaign.offers)}
    subjects, offers, excluded, chosen, counted, listed, first = [], [], [], [], [], [], 0
    for run in runs(store):
        if not run.finished or run.campaign != campaign.campaign:
            continue
        if run.run_id not in read:
            read[run.run_id] = _read(store, run.run_id)
        kept = read[run.run_id]
        code = np.array([*(names.get(offer, -1) for offer in kept.offers), -1], dtype=np.int64)
        people = len(kept.subject)
        subjects.append(kept.subject)
        offers.append(code[kept.offer])
        excluded.append(_excluded(kept, tuple(names)))
        chosen.append(kept.offer >= 0)
        counted.append(np.full(people, kept.start > since))
        places = np.full(run.decisions + 1, -2, dtype=np.int64)
        places[kept.number] = first + np.arange(people)
        listed.append(_RunPlaces(run.run_id, first, first + people, places))
        first += people
    if not listed:
        raise DataError(
            "monitor-no-runs",
            f"The ledger has no finished run of the campaign {campaign.campaign}.",
            rule="only what was recorded can be watched",
            remedy="record one: evenhand run CAMPAIGN",
        )
    return Decided(
        np.concatenate(subjects),
        np.concatenate(offers),
        np.concatenate(excluded),
        np.concatenate(chosen),
        np.concatenate(counted),
        tuple(listed),
    )


def _excluded(read: RunRead, offers: tuple[str, ...]) -> NDArray[np.bool_]:
    """bool[n, offers + 1], who could not have each of these offers in the run, where nobody could have one that it did
    not have; and who could have none that it had."""
    nobody = np.ones(len(read.subject), dtype=bool)
    columns = [read.excluded[:, read.offers.index(offer)] if offer in read.offers else nobody for offer in offers]
    return np.stack([*columns, read.excluded.all(axis=1)], axis=1)


def _read(store: LedgerStore, run_id: str) -> RunRead:
    recorded = open_run(store, run_id)
    ids = tuple(one.id for one in recorded.campaign.offers)
    parts = [
        (
            chunk.subject[kept],
            chunk.offer[kept].astype(np.int64),
            chunk.number[kept].astype(np.int64),
            _to_width(chunk.excluded[kept], len(ids)),
        )
        for chunk in columns(store, run_id)
        for kept in [chunk.standing == Standing.PERSONALISED]
    ]
    if not parts:
        return RunRead(recorded.start, ids, _NOBODY, _NOTHING, _NOTHING, np.zeros((0, len(ids)), dtype=bool))
    who, offer, number, excluded = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(who, kind="stable")
    return RunRead(recorded.start, ids, who[order], offer[order], number[order], excluded[order])


def _to_width(excluded: NDArray[np.bool_], offers: int) -> NDArray[np.bool_]:
    """The ledger's columns end with the last offer that anybody could not have."""
    whole = np.zeros((len(excluded), offers), dtype=bool)
    whole[:, : excluded.shape[1]] = excluded[:, :offers]
    return whole


_NOBODY = np.empty(0, dtype="S32")
_NOTHING = np.empty(0, dtype=np.int64)


def events_of(clause: MonitorClause, decided: Decided, followed: Followed | None) -> Events:
    """The stream of a clause: selections; deliveries among everybody in runs that the table knows; or outcomes in the
    order of the table.

    Raises:
        DataError: the table is not what the clause says.
        StoreError: it cannot be read.
    """
    if followed is None:
        return _events(decided, np.flatnonzero(decided.counted), decided.chosen[decided.counted] * np.int64(PPM), 0)
    names = tuple(name for name in ("decision", clause.value_column, clause.weight) if name is not None)
    table = open_table(followed.table, followed.folder, columns=names)
    found = decided.places(table.ids("decision", unique=True))
    amounts = table.answers(clause.value_column) * np.int64(PPM)
    if clause.weight is not None:
        amounts = amounts // PPM * table.weights(clause.weight, clause.largest_weight)
    unmatched = int((found == -1).sum())
    known = np.flatnonzero(found >= 0)
    rows, amounts = found[known], amounts[known]
    if clause.watch == "outcome":
        kept = decided.counted[rows]
        return _events(decided, rows[kept], amounts[kept], unmatched)
    delivered = np.zeros(len(decided.offers), dtype=np.int64)
    delivered[rows] = amounts
    inside = np.flatnonzero(decided.runs_of(rows) & decided.counted)
    return _events(decided, inside, delivered[inside], unmatched)


def _events(decided: Decided, rows: NDArray[np.int64], amounts: NDArray[np.int64], unmatched: int) -> Events:
    return Events(decided.subjects[rows], decided.offers[rows], amounts, decided.excluded[rows], rows, unmatched)

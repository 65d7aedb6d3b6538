"""What were people offered before? Counted from the ledger's own decisions, for limits over time.

Each earlier run in reach is passed over once, whoever is asked about; of a few people only their own decisions are
looked up. Decisions of erased people cannot be opened by anybody and count for nothing: nobody decides about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, Frequency
from evenhand.terms import Asked, DataError, LedgerError

from ._body import Document, RunFinished, RunStarted, SubjectErased, read_body
from ._personal import opened
from ._read import find_start
from ._store import Kind, LedgerStore, Row

__all__ = ["RecordedOffers", "RunInReach", "counted", "runs_recorded"]

_FEW = 500
"""Of so many people each one's own decisions are looked up."""


class _Said(msgspec.Struct, tag="decision", tag_field="@", gc=False):
    """Of a decision, the person and the offer."""

    o: int = -1
    s: str = ""


_said = msgspec.json.Decoder(_Said).decode


@dataclass(frozen=True, slots=True)
class RunInReach:
    """A recorded run.

    Attributes:
        run_id, at, campaign: as recorded; the campaign is its id.
        controller: its name.
        each: its campaign's limits over time.
        first, last: sequence numbers of its decisions.
    """

    run_id: str
    at: datetime
    campaign: str
    controller: str
    each: tuple[Frequency, ...]
    first: int
    last: int

    def counts_for(self, one: Frequency, other: RunInReach) -> bool:
        """Whether its offers count for a limit over time of another run."""
        is_near = abs(self.at - other.at) < one.span
        return is_near and self.controller == other.controller and one.of in ("controller", _same(self, other))


def _same(one: RunInReach, other: RunInReach) -> str:
    return "campaign" if one.campaign == other.campaign else ""


class RecordedOffers:
    """Earlier offers as a ledger has them; implements `permission.OffersGiven`.

    Args:
        store: the ledger, with the keys of its people, as others read it: without what a run under way has written.
        before: a run; only what was recorded before it counts. "" = all that is recorded.
        meanwhile: runs that are still to be committed, each with whoever got an offer in it, once for each.
        after: number of an entry; only runs that start behind it count.
    """

    def __init__(
        self,
        store: LedgerStore,
        before: str = "",
        meanwhile: Sequence[tuple[RunInReach, NDArray[np.bytes_]]] = (),
        after: int = 0,
    ) -> None:
        self._store, self._before, self._meanwhile, self._after = store, before, meanwhile, after
        self._said: dict[str, tuple[str, tuple[Frequency, ...]]] = {}

    def count(self, asked: Asked, campaign: Campaign) -> NDArray[np.int64]:
        """See `permission.OffersGiven`."""
        each, name = campaign.limits.contacts.each, campaign.controller.name
        this = RunInReach("", asked.at, campaign.campaign, name, each, 0, 0)
        found = np.zeros((len(each), len(asked)), dtype=np.int64)
        offered = self._of_few if len(asked) <= _FEW else self._of_all
        for run, subjects in self._once(offered(asked.subjects, this)):
            people = counted(asked.subjects, subjects)
            for place, one in enumerate(each):
                if run.counts_for(one, this):
                    found[place] += people
        return found

    def _once(
        self, recorded: Iterator[tuple[RunInReach, NDArray[np.bytes_]]]
    ) -> Iterator[tuple[RunInReach, NDArray[np.bytes_]]]:
        """What is recorded, then the runs to be committed that did not come with it."""
        seen = set()
        for run, subjects in recorded:
            seen.add(run.run_id)
            yield run, subjects
        yield from ((run, subjects) for run, subjects in self._meanwhile if run.run_id not in seen)

    def _of_all(self, _: NDArray[np.bytes_], this: RunInReach) -> Iterator[tuple[RunInReach, NDArray[np.bytes_]]]:
        """Each run in reach, with whoever got an offer, once for each."""
        for run in runs_recorded(self._store, self._before, self._after):
            if any(run.counts_for(one, this) for one in this.each):
                parts = [_subjects(self._store, rows) for rows in self._store.read(run.first, run.last)]
                yield run, np.concatenate([*parts, np.zeros(0, dtype="S32")])

    def _of_few(self, asked: NDArray[np.bytes_], this: RunInReach) -> Iterator[tuple[RunInReach, NDArray[np.bytes_]]]:
        """Each decision in reach about these people, with its run; however many runs there are."""
        end = find_start(self._store, self._before)[0] if self._before else 2**62
        started: dict[int, RunInReach] = {}
        for subject in asked.tolist():
            for row in self._decisions_of(bytes.fromhex(subject.decode())):
                first = self._store.last_of_kind(Kind.RUN_STARTED, row[0])
                if first is None or row[0] >= end or row[0] <= self._after:
                    continue
                run = started.get(first[0]) or started.setdefault(first[0], self._run_at(first))
                if any(run.counts_for(one, this) for one in this.each):
                    yield run, _subjects(self._store, [row])

    def _run_at(self, row: Row) -> RunInReach:
        """The run that starts with an entry; where it ends does not matter here."""
        started = read_body(row[4], row[0])
        if not isinstance(started, RunStarted):
            raise _broken("The start of a run cannot be read.")
        if started.campaign not in self._said:
            self._said[started.campaign] = _said_of(self._store, started.campaign)
        at = datetime.fromisoformat(started.at)
        return RunInReach(started.run, at, started.name, *self._said[started.campaign], row[0] + 1, row[0])

    def _decisions_of(self, pseudonym: bytes) -> list[Row]:
        """A person's decisions: those under their handle, and those that an older version recorded in the clear."""
        key = self._store.people.of_person(pseudonym) if self._store.people else None
        found = [*self._store.about(pseudonym), *(self._store.about(key.handle) if key else ())]
        return [row for row in found if row[1] == Kind.DECISION]


def counted(people: NDArray[np.bytes_], subjects: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """int64[people], how often each of them stands among the subjects."""
    order = np.argsort(people, kind="stable")
    place = np.minimum(np.searchsorted(people[order], subjects), max(0, len(people) - 1))
    known = place[people[order][place] == subjects] if len(people) else place
    found = np.zeros(len(people), dtype=np.int64)
    found[order] = np.bincount(known, minlength=len(people))
    return found


def runs_recorded(store: LedgerStore, before: str = "", after: int = 0) -> list[RunInReach]:
    """Every finished run, in the order of recording; with `before` up to that run, with `after` behind that entry."""
    started: dict[str, tuple[int, RunStarted]] = {}
    said: dict[str, tuple[str, tuple[Frequency, ...]]] = {}
    out = []
    rows = [row for kind in (Kind.RUN_STARTED, Kind.RUN_FINISHED) for row in store.of_kind(kind, after)]
    for seq, _, _, _, body in sorted(rows):
        entry = read_body(body, seq)
        if isinstance(entry, RunStarted):
            if entry.run == before:
                break
            started[entry.run] = seq, entry
        elif isinstance(entry, RunFinished):
            start, first = started[entry.run]
            if first.campaign not in said:
                said[first.campaign] = _said_of(store, first.campaign)
            at = datetime.fromisoformat(first.at)
            out.append(RunInReach(entry.run, at, first.name, *said[first.campaign], start + 1, start + entry.decisions))
    return out


def _said_of(store: LedgerStore, digest: str) -> tuple[str, tuple[Frequency, ...]]:
    """Of a recorded campaign the controller's name and the limits over time."""
    for seq, kind, _, _, body in store.about(bytes.fromhex(digest)):
        entry = read_body(body, seq) if kind == Kind.DOCUMENT else None
        if isinstance(entry, Document):
            text = json.loads(entry.text)
            each = text["limits"]["contacts"].get("each", ())
            return str(text["controller"]["name"]), tuple(Frequency.model_validate(one) for one in each)
    raise _broken("The campaign of a run is missing.")


def _subjects(store: LedgerStore, rows: Sequence[Row]) -> NDArray[np.bytes_]:
    """The people whose decision among these is an offer."""
    opening = opened(store, rows)
    if opening.broken:
        raise _broken(f"What entry {opening.broken[0]} commits to is not what is kept beside it.")
    if opening.closed:
        _refuse_lost(store, opening.closed)
    try:
        said = [_said(row[4]) for row in opening.rows if row is not None]
    except msgspec.MsgspecError:
        raise _broken("A recorded decision cannot be read.") from None
    return np.array([one.s for one in said if one.o >= 0], dtype="S32")


def _refuse_lost(store: LedgerStore, closed: Sequence[bytes]) -> None:
    """Refuse to count where keys are missing that nobody destroyed: who got an offer cannot be told."""
    erased = set()
    for seq, _, _, _, body in store.of_kind(Kind.SUBJECT_ERASED):
        entry = read_body(body, seq)
        if isinstance(entry, SubjectErased):
            erased.add(bytes.fromhex(entry.handle))
    lost = sum(handle not in erased for handle in closed)
    if lost:
        raise DataError(
            "given-closed",
            f"{lost} earlier decisions cannot be opened: the keys of their people are lost, and nobody erased them.",
            rule="a limit over time is counted on the ledger, or nothing is decided",
            remedy="restore the keys of people from a copy",
        )


def _broken(what: str) -> LedgerError:
    return LedgerError(
        "ledger-broken",
        what,
        rule="G-5-2",
        remedy="Run `evenhand ledger verify`, and restore the ledger from a copy that verifies.",
    )

"""Verification of what the entries say: bodies, runs, documents, and the promises for every decision."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from evenhand.policy import Campaign
from evenhand.promises import (
    Ground,
    RecordColumns,
    Totals,
    Violation,
    check_decisions,
    check_limits,
    check_run,
    check_totals,
)
from evenhand.rules import Rulebook
from evenhand.terms import LedgerError, Model, SoftOutcome, number_of

from ._body import (
    AnsweredOnce,
    Decision,
    Document,
    GroupsForgotten,
    RunAbandoned,
    RunExpired,
    RunFinished,
    RunStarted,
    SealedDecision,
    SubjectErased,
    VaultNoted,
    digest_of,
    read_body,
)
from ._columns import columns_from_bodies, layout_of
from ._inspect_counts import adds_up, counts_said
from ._inspect_given import GivenInspector
from ._inspect_pause import PauseInspector, filed_as
from ._inspect_people import PeopleInspector
from ._personal import about_expired
from ._seal import RunKeys, Seal, SealError
from ._store import Kind, LedgerStore, Row
from ._vault_noted import ABOUT_VAULT

__all__ = ["Inspector", "Problem"]

_REMEDY = "Keep this ledger as evidence, and restore it from a copy that verifies."
_ROWS = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that verification found.

    Attributes:
        seq: sequence number of the entry, 0 where it is about the store as a whole.
        what: what was found, one sentence, no personal value.
        rule: the rule id.
        remedy: what to do.
    """

    seq: int
    what: str
    rule: str
    remedy: str


@dataclass(slots=True)
class _Open:
    """The run whose decisions are being read; `ground` is None where it could not be understood, `seal` where it has
    none; `closed` counts its decisions that could not be opened."""

    seq: int
    started: RunStarted
    ground: Ground | None
    totals: Totals
    seal: Seal | None
    closed: int = 0


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit's figures as a finished run records them."""

    id: str
    kind: str
    declared: float
    used: float
    held: bool
    soft: SoftOutcome | None

    @staticmethod
    def read(given: dict[str, Any]) -> _Limit:
        """The figures back from JSON; ValueError, TypeError or KeyError where they are not such figures."""
        return _Limit(
            str(given["id"]),
            str(given["kind"]),
            float(given["declared"]),
            float(given["used"]),
            bool(given["held"]),
            _soft(given["soft"]) if given.get("soft") is not None else None,
        )


def _soft(given: dict[str, Any]) -> SoftOutcome:
    needed = given["needed"]
    return SoftOutcome(
        float(given["ceiling"]),
        int(given["without"]),
        float(given["bound"]),
        int(given["cost"]),
        None if needed is None else int(needed),
    )


class Inspector:
    """Reads entries in order, keeps track of the run that they belong to, and reports problems."""

    def __init__(
        self,
        store: LedgerStore,
        read_model: Callable[[dict[str, object]], Model],
        problem: Callable[[int, str, str, str], None],
        keys: RunKeys | None = None,
    ) -> None:
        self.decisions = 0
        self.unopened = 0
        self.forgotten: set[str] = set()
        self.runs = 0
        self._read_model = read_model
        self._problem = problem
        self._keys = keys
        self._policies: set[str] = set()
        self._answers: set[str] = set()
        self._texts: dict[str, str] = {}
        self._models: dict[str, Model] = {}
        self._open: _Open | None = None
        self._pauses = PauseInspector(self._bad)
        self.people = PeopleInspector(store, self._bad)
        self._given = GivenInspector(store, self._bad)

    def inspect(self, rows: Sequence[Row]) -> None:
        """Check the next entries."""
        for kind, group in groupby(rows, key=itemgetter(1)):
            if kind == Kind.DECISION:
                self._decisions(list(group))
            else:
                for row in group:
                    self._entry(row)

    def end(self) -> None:
        """Check that nothing is left open at the end."""
        self._pauses.end()
        self.people.end()
        self._no_run_open()

    def _no_run_open(self) -> None:
        if self._open is not None:
            self._bad(self._open.seq, f"Run {self._open.started.run} has no end.")
            self._open = None

    def _bad(self, seq: int, what: str) -> None:
        self._problem(seq, what, "G-5-2", _REMEDY)

    def _entry(self, row: Row) -> None:
        """One entry that is not a decision: it says what it is stored as, and comes where it may."""
        seq, kind, about, _, raw = row
        try:
            body = read_body(raw, seq)
        except LedgerError as error:
            self._bad(seq, error.what)
            return
        self._pauses.entry(seq, body)
        if isinstance(body, Document):
            self._texts[body.digest] = body.text
            expected = (Kind.DOCUMENT, _digest(body.digest))
            if digest_of(body.text) != body.digest:
                self._bad(seq, f"The text in entry {seq} is not the one that its digest names.")
        elif isinstance(body, RunStarted):
            expected = (Kind.RUN_STARTED, body.run.encode())
            self._no_run_open()
            self._start(seq, body)
        elif isinstance(body, RunFinished):
            expected = (Kind.RUN_FINISHED, body.run.encode())
            self._finish(seq, body)
        elif isinstance(body, AnsweredOnce):
            expected = (Kind.ANSWERED_ONCE, _digest(body.key))
            self._answered(seq, body)
        elif isinstance(body, RunAbandoned):
            expected = (Kind.RUN_ABANDONED, body.run.encode())
        elif isinstance(body, GroupsForgotten):
            expected = (Kind.GROUPS_FORGOTTEN, body.run.encode())
            self._forgotten(seq, body)
        elif isinstance(body, SubjectErased):
            expected = (Kind.SUBJECT_ERASED, self.people.entry(seq, body))
        elif isinstance(body, RunExpired):
            expected = (Kind.RUN_EXPIRED, about_expired(body.run))
            self._expired(seq, body)
        elif isinstance(body, VaultNoted):
            expected = (Kind.VAULT_NOTED, ABOUT_VAULT)
        elif standing := filed_as(body):
            expected = standing
        else:
            assert isinstance(body, SealedDecision | Decision)
            expected = (Kind.DECISION, _digest(body.h if isinstance(body, SealedDecision) else body.s))
        if (kind, about) != expected:
            self._bad(seq, f"Entry {seq} is filed as something that it is not.")

    def _start(self, seq: int, started: RunStarted) -> None:
        self.runs += 1
        seal, is_other = Seal.opened(started.run, started.seal, self._keys)
        self._open = _Open(seq, started, None, Totals.none(0), seal)
        if is_other:
            what = f"The key that is kept for run {started.run} is not the one that sealed it."
            self._problem(seq, what, "A-4a", "Restore the run's key from your backup, or forget it for good.")
        if started.priced_by and started.priced_by not in self._policies:
            self._bad(seq, f"Run {started.run} decided with prices that no earlier run of this ledger has.")
        try:
            ground = self._ground(started)
        except Exception as error:  # whatever a forged text does to a parser is a problem of this run, not of ours
            self._bad(seq, f"Campaign or model of run {started.run} cannot be read ({type(error).__name__}).")
            return
        self._open.ground = ground
        self._open.totals = Totals.none(len(ground.campaign.offers))
        violations = check_run(ground)
        self._promises(violations, [seq])
        if ground.campaign.review is not None:
            self._pauses.reviews.started(seq, started)
        if any(one.code == "model-shape" for one in violations):
            self._open.ground = None  # no score can be worked out from such a model
        if tuple(started.layout) != layout_of(ground.model):
            self._bad(seq, f"The layout of run {started.run} is not that of its model.")

    def _ground(self, started: RunStarted) -> Ground:
        text = self._texts[started.campaign]
        if started.model not in self._models:
            self._models[started.model] = self._read_model(json.loads(self._texts[started.model]))
        return Ground(
            Campaign.model_validate_json(text),
            text,
            started.campaign,
            self._models[started.model],
            datetime.fromisoformat(started.at),
            started.priced_by,
            Rulebook.from_text(self._texts[started.rules]) if started.rules else None,
            started.balancing,
        )

    def _decisions(self, rows: list[Row]) -> None:
        """A stretch of decisions: filed right, numbered right, and every promise holds."""
        self.decisions += len(rows)
        run = self._open
        if run is None:
            self._bad(rows[0][0], f"{number_of(len(rows), 'decision')} from entry {rows[0][0]} on: of no run.")
            return
        readable = self.people.open(rows)
        run.closed += len(rows) - len(readable)
        columns, rows = self._readable(readable, run)
        if columns is None:
            return
        seqs = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        for i in np.flatnonzero(columns.number != seqs - run.seq)[:_ROWS].tolist():
            self._bad(int(seqs[i]), f"Entry {seqs[i]} has another place in its run than it says.")
        if b"".join(row[2] for row in rows).hex().encode() != columns.subject.tobytes():
            pairs = zip(rows, columns.subject.tolist(), strict=True)
            for seq in [row[0] for row, subject in pairs if row[2].hex().encode() != subject][:_ROWS]:
                self._bad(seq, f"Entry {seq} is filed under another subject than it is about.")
        run.totals = run.totals.plus(columns)
        self.unopened += int(columns.sealed.sum())
        self._given.add(run.started.run, columns.subject, columns.offer)
        if run.ground is not None:
            self._promises(check_decisions(columns, run.ground), seqs.tolist())

    def _readable(self, rows: list[Row], run: _Open) -> tuple[RecordColumns | None, list[Row]]:
        """The columns of the rows that are decisions of this layout; the others are problems."""
        layout, seal = run.started.layout, run.seal
        try:
            return columns_from_bodies([row[4] for row in rows], layout, seal), rows
        except (ValueError, OverflowError):
            pass
        good = []
        for row in rows:
            try:
                columns_from_bodies([row[4]], layout, seal)
                good.append(row)
            except SealError as error:
                self._problem(row[0], f"Entry {row[0]} {error}.", "A-4a", _REMEDY)
            except (ValueError, OverflowError):
                self._bad(row[0], f"Entry {row[0]} cannot be read as a decision of its run.")
        return (columns_from_bodies([row[4] for row in good], layout, seal), good) if good else (None, [])

    def _finish(self, seq: int, finished: RunFinished) -> None:
        run, self._open = self._open, None
        if run is None or run.started.run != finished.run:
            self._bad(seq, f"Entry {seq} ends a run that did not start before it.")
            return
        self._policies.add(finished.policy)
        self._given.finish(seq, finished.run)
        said = counts_said(finished, run.totals, run.closed)
        if run.ground is None:
            return
        if not adds_up(said, run.totals, run.closed):
            self._bad(seq, f"Run {finished.run} says other counts than its decisions add up to.")
        if finished.summary not in self._texts:
            self._bad(seq, f"The summary of run {finished.run} is missing.")
        self._promises(check_totals(said, run.ground), [seq])
        if run.started.priced_by:
            self._room(seq, run, said)
        try:
            batches = json.loads(finished.allocations)["batches"]
            outcomes = [[_Limit.read(limit) for limit in batch["limits"]] for batch in batches]
            self._prices(seq, run.seal, [batch["prices"] for batch in batches])
        except (ValueError, TypeError, KeyError):
            self._bad(seq, f"The limits of run {finished.run} cannot be read.")
            return
        for limits in outcomes:
            self._promises(check_limits(limits, run.ground), [seq])

    def _room(self, seq: int, run: _Open, said: Totals) -> None:
        """A run of later people used no more of any limit than it was lent."""
        assert run.ground is not None
        offers = list(zip(run.ground.campaign.offers, said.offers, strict=True))
        used = {
            "budget": sum(offer.cost_micro * people for offer, people in offers),
            "contacts": said.contacts,
        }
        used |= {f"capacity:{offer.id}": people for offer, people in offers}
        try:
            over = [name for name, lent in json.loads(run.started.room).items() if used[name] > lent]
        except (ValueError, TypeError, KeyError, AttributeError):
            self._bad(seq, f"What run {run.started.run} could use of each limit cannot be read.")
            return
        for name in over:
            self._bad(seq, f"Run {run.started.run} used more of {name} than it was lent.")

    def _prices(self, seq: int, seal: Seal | None, prices: list[dict[str, Any]]) -> None:
        """Price tables: where the run has a seal, what groups have to do with them is sealed, and opens."""
        if seal is None:
            return
        for number, table in enumerate(prices, 1):
            try:
                if "group" in table or "sealed" not in table:
                    raise SealError("says in the clear what must be sealed")
                if seal.is_open:
                    seal.open_text(number, str(table["sealed"]))
            except SealError as error:
                self._problem(seq, f"Entry {seq} {error}.", "A-4a", _REMEDY)

    def _forgotten(self, seq: int, forgotten: GroupsForgotten) -> None:
        """The key of a run was destroyed; then it may not be there."""
        self.forgotten.add(forgotten.run)
        if self._keys is not None and self._keys.get(forgotten.run) is not None:
            what = f"The groups of run {forgotten.run} were forgotten in entry {seq}, and the key is there again."
            remedy = f"Destroy it again, here and in backups: evenhand ledger forget-groups {forgotten.run}"
            self._problem(seq, what, "A-4a", remedy)

    def _expired(self, seq: int, expired: RunExpired) -> None:
        """The time of a run was up: its decisions stand before this entry, and their bodies are not there any more."""
        if not 0 < expired.first <= expired.last < seq:
            self._bad(seq, f"Entry {seq} says that the time of other entries was up than a run has.")
        elif self.people.holds(expired.first, expired.last):
            self._bad(seq, f"The time of run {expired.run} was up in entry {seq}, and its decisions are there again.")

    def _answered(self, seq: int, said: AnsweredOnce) -> None:
        """What was asked under a key is answered once, by decisions of the run that is being recorded."""
        run = self._open
        if run is None or run.started.run != said.run or not 1 <= said.first <= said.last < seq - run.seq:
            self._bad(seq, f"Entry {seq} names decisions that do not stand before it in its run.")
        if said.key in self._answers:
            self._bad(seq, f"Entry {seq} answers what an earlier entry has answered already.")
        self._answers.add(said.key)

    def _promises(self, violations: Sequence[Violation], seqs: list[int]) -> None:
        """One problem per row that breaks a promise (the first few of each kind), or one for the whole run."""
        for violation in violations:
            where = [seqs[row] for row in violation.rows[:_ROWS]] or [seqs[0]]
            count = f" ({len(violation.rows)} decisions here)" if len(violation.rows) > _ROWS else ""
            for seq in where:
                what = f"A promise is not kept ({violation.promise}): {violation.what}{count}"
                self._problem(seq, what, violation.rule, violation.remedy)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""

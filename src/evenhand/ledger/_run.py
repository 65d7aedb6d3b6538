"""Gate 6: one run, recorded whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType

from evenhand.policy import Campaign
from evenhand.promises import Ground, Totals, check_limits, check_totals
from evenhand.rules import Law
from evenhand.terms import DataError, EvenhandError, Explained, Finding, LedgerError, Model, Recorded

from ._batch import batch_of
from ._body import Document, RunFinished, RunStarted, digest_of, encode, text_of
from ._columns import layout_of
from ._recover import recover
from ._review import refuse_stopped
from ._seal import RunKeys, Seal, mark_of
from ._sealing import LatePart, Part, Sealer
from ._sheet import run_taken
from ._store import Intent, Kind, LedgerStore, Tail
from ._writer import LateWriter, Writer
from ._written_out import WrittenOut, checked_ground, keys_of_people, parts_of, refuse_erased, refuse_violations

__all__ = ["Run", "begin", "closed", "finish", "new_run_id", "record", "record_prices", "refuse_violations"]

_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


class Run:
    """A run that is being recorded. Made by `begin`; use it in a ``with``: leaving it unfinished, for whatever
    reason, undoes it whole.

    Attributes:
        store: where it is recorded.
        run_id: its id, sortable by time.
        at: its start.
        ground: campaign and model that its decisions stand on.
        found: what the start found left behind by an earlier one and put right; for people to read.
        totals: what was recorded so far.
    """

    def __init__(
        self,
        store: LedgerStore,
        run_id: str,
        ground: Ground,
        found: tuple[Finding, ...],
        tail: Tail,
        keys: RunKeys | None = None,
        writer: LateWriter | None = None,
        known: set[str] | None = None,
        written: WrittenOut | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        self.store = store
        self.run_id = run_id
        self.at = ground.at
        self.ground = ground
        self.found = found
        self.totals = Totals.none(len(ground.campaign.offers))
        self._writer: Writer | LateWriter = writer or Writer(store, tail)
        self._sealer = sealer
        self._batches: list[dict[str, object]] = []
        self._keys = keys
        self._known = set() if known is None else known
        self._seal: Seal | None = None
        self._written = written
        self._open = True

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self.store.rollback()
            why = error.code if isinstance(error, EvenhandError) else type(error).__name__ if error else "unfinished"
            if not self.store.about(self.run_id.encode()):  # an interrupt can come just after the commit
                self._forget_key()
                self.store.intend(Intent(self.run_id, self.at.isoformat(), why))
        except EvenhandError:
            if error is None:
                raise
        finally:
            self.store.release()

    def _make_key(self) -> str:
        """Draw the run's key and keep it, before anything is sealed with it; its mark, "" where none is needed."""
        if not self.ground.campaign.aware_limits:
            return ""
        if self._keys is None:
            raise LedgerError(
                "ledger-no-run-keys",
                "The campaign has an aware limit, so its prices are sealed, and no place was named for its key.",
                rule="A-4a",
                remedy="Begin the run with a place for run keys, outside the ledger.",
            )
        key = b"" if self._written is None else self._written.key
        if key:
            self._keys.keep(self.run_id, key)
            if self._keys.get(self.run_id) != key:
                raise run_taken(self.run_id)
        else:
            key = self._keys.make(self.run_id)
        self._seal = Seal(self.run_id, key)
        return mark_of(key)

    def _forget_key(self) -> None:
        """Destroy the key of a run of which nothing is recorded."""
        if self._keys is not None and self._seal is not None:
            self._keys.forget(self.run_id)

    def _write(self, kind: Kind, abouts: Sequence[bytes], bodies: Sequence[bytes]) -> None:
        """Append entries of one kind, chained to the last."""
        self._writer.add(kind, abouts, bodies)

    def _add(self, parts: Iterable[Part | LatePart]) -> None:
        """Append decisions."""
        for part in parts:
            self._writer.add_decisions(part)
            self.totals = part.totals

    def _document(self, text: str) -> str:
        """Make sure that a text stands in the ledger; its digest."""
        digest = digest_of(text)
        is_known = digest in self._known
        if not is_known and not any(row[1] == Kind.DOCUMENT for row in self.store.about(bytes.fromhex(digest))):
            self._write(Kind.DOCUMENT, [bytes.fromhex(digest)], [encode(Document(digest, text))])
        self._known.add(digest)
        return digest

    def _must_be_open(self) -> None:
        if not self._open:
            raise LedgerError(
                "ledger-run-closed",
                f"Run {self.run_id} is closed; nothing can be added to it.",
                rule="G-5-2",
                remedy="Begin another run.",
            )


def new_run_id(at: datetime, identity: str) -> str:
    """Id of a run, sortable by time.

    Args:
        at: start of the run, time-zone aware.
        identity: six hex digits that tell runs of the same second apart.

    >>> from datetime import timezone
    >>> new_run_id(datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc), "0a1b2c")
    '20261123T101500Z-0a1b2c'
    """
    if len(identity) != 6 or not set(identity) <= set("0123456789abcdef"):
        raise DataError(
            "run-identity",
            "The identity of a run is not six hex digits.",
            rule="Run ids are sortable and of one length.",
            remedy="Pass six digits of 0-9 a-f.",
        )
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{identity}"


def begin(
    store: LedgerStore,
    *,
    run_id: str,
    at: datetime,
    campaign: Campaign,
    campaign_file_digest: str,
    model: Model,
    model_json: Mapping[str, object],
    data_digest: str,
    version: str,
    keys: RunKeys | None = None,
    priced_by: str = "",
    room: Mapping[str, int] | None = None,
    law: Law | None = None,
    written: WrittenOut | None = None,
) -> Run:
    """Start recording a run: nobody else can write until it is finished or left.

    An intent is kept durably first, so that a start after a crash can say that this run was interrupted; everything
    else is one transaction that `finish` commits.

    Args:
        store: where to record.
        run_id: see `new_run_id`.
        at: start of the run, time-zone aware.
        campaign: as declared.
        campaign_file_digest: SHA-256 (hex) of the campaign file as people read it.
        model: the glass box.
        model_json: the same, as JSON that can be read back without loss.
        data_digest: SHA-256 (hex) of the subjects' data, or "" where it has none.
        version: of evenhand.
        keys: where the keys of runs are kept; a campaign with an aware limit needs it. The key is there, durably,
            before the first decision, and is destroyed where nothing of the run is recorded.
        priced_by: digest of the price policy that the run decides with; "" where it finds its own prices.
        room: with it, what the run may use of each limit.
        law: what gate 1 goes by; its rules are recorded. None = those that come with evenhand.
        written: its decisions, where they were made ready before; see `write_out`. `record` then only has to add them.

    Raises:
        StoreError: the store cannot be written, or somebody else writes to it.
        PausedError, PolicyError: the campaign is paused or fell back, or its file needs a review and was not approved.
        LedgerError: the ledger was altered since it was last written, the run id is taken, or campaign and model
            break a promise; nothing is recorded.
        DataError: somebody was erased whose decision was made ready before; nothing is recorded.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise DataError(
            "run-id",
            "The run id is not a time and six hex digits.",
            rule="Run ids are sortable and of one length.",
            remedy="Make it with `new_run_id`.",
        )
    ground = checked_ground(campaign, model, at, run_id, priced_by, law)
    if written is not None:
        written.refuse_other(store, ground, run_id)
    store.claim()
    run: Run | None = None
    try:
        found, tail = recover(store, at, keys)
        refuse_stopped(store, campaign, campaign_file_digest, priced_by)
        if store.about(run_id.encode()):
            raise run_taken(run_id)
        if written is not None:
            refuse_erased(store, written)
        store.intend(Intent(run_id, at.isoformat()))
        run = Run(store, run_id, ground, found, tail, keys, written=written)
        mark = run._make_key()
        store.begin()
        started = RunStarted(
            at=at.isoformat(),
            balancing=ground.balancing,
            campaign=run._document(ground.campaign_text),
            campaign_file=campaign_file_digest,
            data=data_digest,
            layout=list(layout_of(model)),
            model=run._document(text_of(model_json)),
            name=campaign.campaign,
            priced_by=priced_by,
            room="" if room is None else text_of(room),
            rules=run._document(ground.rulebook.text if ground.rulebook else ""),
            run=run_id,
            seal=mark,
            seed=campaign.seed,
            version=version,
        )
        run._write(Kind.RUN_STARTED, [run_id.encode()], [encode(started)])
    except BaseException:
        try:
            store.rollback()
            if run is not None:
                run._forget_key()
        finally:
            store.release()
        raise
    return run


def record(explained: Explained, run: Run) -> Recorded:
    """Append a batch of decisions, refusals included, after asking the promises about each of them.

    They are durable when `finish` returns, together with the whole run.

    Raises:
        LedgerError: a decision breaks a promise; leave the run, and nothing of it is recorded.
        StoreError: the store cannot be written.
    """
    run._must_be_open()
    if explained.allocated.scored.minimised.model.digest != run.ground.model.digest:
        raise LedgerError(
            "ledger-other-model",
            f"The decisions were made with another model than run {run.run_id} declares.",
            rule="G-15h",
            remedy="Begin a run with the model that decides.",
        )
    first, before = run._writer.tail.entries + 1, run.totals
    written, run._written = run._written, None
    writer = run._writer
    if written is not None and isinstance(writer, Writer) and written.explained is explained and not before.decisions:
        with writer.beside():
            run._add(written.parts)
    else:
        people = run.store.people
        keys = keys_of_people(people, explained.allocated.scored.minimised.permitted.asked.subjects)
        run._add(parts_of(explained, run.ground, run.run_id, run._seal, people, keys, before, run._sealer))
    _add_batch(explained, run, before.decisions + 1)
    return Recorded(explained, run.run_id, first, run._writer.tail.entries, run._writer.tail.hash.hex())


def record_prices(explained: Explained, run: Run) -> None:
    """Keep the prices and limits of a batch, and none of its decisions: nobody was decided about. Later people can be.

    Raises:
        LedgerError: a limit breaks a promise, or decisions were recorded before.
    """
    run._must_be_open()
    if run.totals.decisions or explained.allocated.scored.minimised.model.digest != run.ground.model.digest:
        raise LedgerError(
            "ledger-other-model",
            f"Run {run.run_id} has decisions already, or its prices were found with another model.",
            rule="G-15h",
            remedy="Begin a run of its own, with the model that found the prices.",
        )
    refuse_violations(check_limits(explained.allocated.limits, run.ground), run.run_id)
    _add_batch(explained, run, 1)


def finish(run: Run, summary: Mapping[str, object], *, policy: str = "") -> str:
    """Make the whole run durable, and let others write.

    Args:
        run: the run.
        summary: the run's JSON summary, the report's JSON included; no personal data.
        policy: digest of the price policy that later people can be decided with; "" where there is none.

    Returns:
        The ledger's new head (hex). Whoever keeps it can tell later whether anything before it was altered.

    Raises:
        LedgerError: the run as a whole exceeds a declared limit; nothing is recorded.
        StoreError: the store cannot be written.
    """
    closed(run, summary, policy)
    assert isinstance(run._writer, Writer)  # a sitting commits its runs itself
    run._writer.commit([run.run_id])
    run._open = False
    run.store.release()
    return run._writer.tail.hash.hex()


def closed(run: Run, summary: Mapping[str, object], policy: str = "") -> None:
    """Append the end of a run, which is then still to be committed; see `finish`."""
    run._must_be_open()
    refuse_violations(check_totals(run.totals, run.ground), run.run_id)
    finished = RunFinished(
        allocations=text_of({"batches": run._batches}),
        contextual=run.totals.contextual,
        decisions=run.totals.decisions,
        further=run.totals.further,
        offers=list(run.totals.offers),
        personalised=run.totals.personalised,
        policy=policy,
        refused=run.totals.refused,
        run=run.run_id,
        summary=run._document(text_of(summary)),
    )
    run._write(Kind.RUN_FINISHED, [run.run_id.encode()], [encode(finished)])


def _add_batch(explained: Explained, run: Run, first: int) -> None:
    number = len(run._batches) + 1
    run._batches.append(batch_of(explained.allocated, run.ground, run._seal, number, (first, run.totals.decisions)))

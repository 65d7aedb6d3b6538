"""Many small runs by one process that keeps the ledger open: several of them become durable in one commit.

Each run is whole and stands by itself, as one that `begin` makes: `verify`, `replay` and a receipt see no difference.
What is saved is doing again what cannot have changed: as long as nobody else wrote, the end of the chain is where this
sitting left it, campaign and model stand in the ledger, and the campaign is not paused.

No intent is kept for these runs. One that a crash cuts short was not answered, and nothing of it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime

from evenhand.policy import Campaign
from evenhand.promises import Ground, check_run
from evenhand.rules import Law, Rulebook, shipped
from evenhand.terms import EvenhandError, Finding, LedgerError, Model

from ._body import AnsweredOnce, RunStarted, digest_of, encode, read_body, text_of
from ._checkpoint import Signer
from ._columns import layout_of
from ._recover import recover
from ._run import Run, closed, refuse_violations
from ._seal import RunKeys
from ._sealing import Sealer
from ._sheet import Sheet, run_taken, write
from ._stop import refuse_paused
from ._store import Head, Kind, LedgerStore, Tail
from ._writer import LateWriter, Writer

__all__ = ["Footing", "OnceAnswered", "Sitting", "answered", "footing_of"]


@dataclass(frozen=True, slots=True)
class Footing:
    """What many runs stand on, worked out once. Made by `footing_of`.

    Attributes:
        campaign: as declared.
        campaign_text, campaign_digest: the very text that is recorded of it, and its SHA-256 (hex).
        campaign_file_digest: SHA-256 (hex) of the campaign file as people read it.
        model: the glass box.
        model_text, model_digest: as recorded, and its SHA-256 (hex).
        priced_by: digest of the price policy of an earlier run that decides.
        version: of evenhand.
        rulebook: the rules that decide who may be addressed.
    """

    campaign: Campaign
    campaign_text: str = field(repr=False)
    campaign_digest: str
    campaign_file_digest: str
    model: Model = field(repr=False)
    model_text: str = field(repr=False)
    model_digest: str
    priced_by: str
    version: str
    rulebook: Rulebook = field(repr=False)


def footing_of(
    campaign: Campaign,
    model: Model,
    model_json: Mapping[str, object],
    *,
    campaign_file_digest: str,
    priced_by: str,
    version: str,
    rulebook: Rulebook | None = None,
) -> Footing:
    """What runs with the prices of an earlier run stand on; arguments as of `begin`. No rules: those of evenhand."""
    text, model_text = campaign.model_dump_json(), text_of(model_json)
    return Footing(
        campaign,
        text,
        digest_of(text),
        campaign_file_digest,
        model,
        model_text,
        digest_of(model_text),
        priced_by,
        version,
        rulebook or shipped(),
    )


@dataclass(frozen=True, slots=True)
class OnceAnswered:
    """The decisions that answer what was asked under a key.

    Attributes:
        run_id: their run.
        first, last: their numbers in it.
        asked: digest (hex) of what was asked.
    """

    run_id: str
    first: int
    last: int
    asked: str


def answered(store: LedgerStore, key: bytes) -> OnceAnswered | None:
    """What was answered under a key (its digest, 32 bytes) before; None if nothing was."""
    for seq, kind, _, _, body in store.about(key):
        said = read_body(body, seq) if kind == Kind.ANSWERED_ONCE else None
        if isinstance(said, AnsweredOnce):
            return OnceAnswered(said.run, said.first, said.last, said.asked)
    return None


class Sitting:
    """Records runs one after the other. Use it from one thread, but for `keep`.

    `hold`, then for each run `start`, `ledger.record` and `close`; then `cut` takes all of them together, and `keep`
    makes them durable. `keep` may be another thread's, while the next runs are started: one sheet at a time, in the
    order in which they were cut. `commit` is both. Whatever fails in between: `undo`, and nothing is there that was not
    kept. `let_go` lets others write. No sheet is being kept while `hold`, `undo` or `let_go` is called.

    Args:
        store: the ledger.
        hands: a thread or two of it write the head while the entries are written.
        keys: where keys of runs are kept, for what an interrupted run left behind.
        reads: the same ledger over a connection of its own, to be read while a sheet is kept; None = `store`, which
            is right where nothing is kept beside.
        sealer: encodes and encrypts decisions meanwhile; None = it is done before the next are decided.

    Attributes:
        reads: as given; whoever opens another connection puts it here.
    """

    def __init__(
        self,
        store: LedgerStore,
        hands: Executor,
        keys: RunKeys | None = None,
        reads: LedgerStore | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        self.reads = store if reads is None else reads
        self._store = store
        self._hands = hands
        self._keys = keys
        self._writer: Writer | None = None
        self._sealer = sealer
        self._gathered = LateWriter(0)
        self._runs: list[str] = []
        self._signer: Signer | None = None
        self._is_held = self._is_unconfirmed = False
        self._kept_to: Tail | None = None
        self._checked: set[tuple[str, str, date]] = set()
        self._may_go_on: set[tuple[str, str]] = set()
        self._known: set[str] = set()

    @property
    def is_held(self) -> bool:
        """Whether nobody else can write now."""
        return self._is_held

    def hold(self, at: datetime) -> tuple[Finding, ...]:
        """Become the only writer, if that is not so already; what was found and put right, for people.

        Raises:
            StoreError: somebody else is writing.
            LedgerError: the ledger was altered.
        """
        if self._is_held:
            return ()
        self._store.claim()
        self._is_held = True
        try:
            writer = self._writer
            if writer is not None and self._store.tail() == writer.tail and self._store.head() == Head(writer.tail):
                return ()
            found, tail = recover(self._store, at, self._keys)
            self._gathered, self._runs = LateWriter(tail.entries), []
            self._writer = Writer(self._store, tail)
            self._may_go_on, self._known = set(), set()
            self._signer = Signer(self._store.secret())
        except BaseException:
            self._writer = None
            self._is_held = False
            self._store.release()
            raise
        return found

    def start(
        self,
        footing: Footing,
        *,
        run_id: str,
        at: datetime,
        data_digest: str,
        room: Mapping[str, int] | None,
        law: Law | None = None,
    ) -> Run:
        """Start a run; its decisions follow with `ledger.record`. Arguments as of `begin`.

        Raises:
            PausedError: an alarm paused the campaign or had it fall back.
            LedgerError: the run id is taken, or campaign and model break a promise.
        """
        self._must_be_held()
        balancing = "" if law is None else law.balancing_told(footing.campaign)
        ground = Ground(
            footing.campaign,
            footing.campaign_text,
            footing.campaign_digest,
            footing.model,
            at,
            footing.priced_by,
            footing.rulebook,
            balancing,
        )
        if (today := (footing.campaign_digest, footing.model_digest, at.date())) not in self._checked:
            refuse_violations(check_run(ground), run_id)
            self._checked.add(today)
        if (going := (footing.campaign.campaign, footing.priced_by)) not in self._may_go_on:
            refuse_paused(self.reads, *going)
            self._may_go_on.add(going)
        if run_id in self._runs:
            raise run_taken(run_id)
        self._runs.append(run_id)
        late, sealer = self._gathered, self._sealer
        run = Run(self.reads, run_id, ground, (), late.tail, writer=late, known=self._known, sealer=sealer)
        for text in (footing.campaign_text, footing.model_text, footing.rulebook.text):
            run._document(text)
        started = RunStarted(
            at=at.isoformat(),
            balancing=balancing,
            campaign=footing.campaign_digest,
            campaign_file=footing.campaign_file_digest,
            data=data_digest,
            layout=list(layout_of(footing.model)),
            model=footing.model_digest,
            name=footing.campaign.campaign,
            priced_by=footing.priced_by,
            room="" if room is None else text_of(room),
            rules=footing.rulebook.digest,
            run=run_id,
            seed=footing.campaign.seed,
            version=footing.version,
        )
        run._write(Kind.RUN_STARTED, [run_id.encode()], [encode(started)])
        return run

    def answer_once(self, run: Run, key: bytes, asked: str, first: int, last: int) -> None:
        """Say that decisions `first` to `last` of a run answer what was asked under a key; before the run is closed.

        Args:
            run: the run, with these decisions recorded.
            key: digest (32 bytes) of the key; nothing was answered under it yet (`answered`).
            asked: digest (hex) of what was asked.
            first, last: numbers of the decisions.
        """
        body = encode(AnsweredOnce(asked, first, key.hex(), last, run.run_id))
        run._write(Kind.ANSWERED_ONCE, [key], [body])

    def close(self, run: Run, summary: Mapping[str, object]) -> None:
        """End a run, which `commit` then makes durable. Arguments and errors as of `finish`."""
        closed(run, summary)
        run._open = False

    def commit(self) -> None:
        """Make every run since the last cut durable, with a signed checkpoint and the head. Errors as of `keep`."""
        self.keep(self.cut())

    def cut(self) -> Sheet:
        """Every run that was closed since the last cut, to be kept."""
        self._must_be_held()
        sheet = Sheet(self._gathered.taken(), tuple(self._runs))
        self._runs = []
        return sheet

    def keep(self, sheet: Sheet) -> None:
        """Make a sheet durable, with a signed checkpoint and the head; from any thread, one after the other.

        Raises:
            LedgerError: a run has an id that the ledger knows; `undo` then.
            StoreError: something cannot be written; `undo` then.
        """
        writer = self._must_be_held()
        assert self._signer is not None
        self._is_unconfirmed = False  # until it came through, nobody knows where the ledger ends
        before = writer.tail.entries
        write(self._store, writer, sheet, self._hands, self._signer)
        sheet.first, sheet.last = before + 1, writer.tail.entries
        self._is_unconfirmed, self._kept_to = True, writer.tail

    def undo(self) -> None:
        """Take back what is not durable, and let others write; the next `hold` looks at the ledger anew. What was kept
        before, well, is noted as the end, so that nobody takes it for what a crash left."""
        self._writer = None
        if not self._is_held:
            return
        self._is_held = False
        try:
            with suppress(EvenhandError):
                self._confirm()
        finally:
            self._is_unconfirmed = False
            self._store.release()

    def let_go(self) -> None:
        """Note that the last commit came through, and let others write. Harmless if nothing is held."""
        if not self._is_held:
            return
        try:
            self._confirm()
        finally:
            self._is_held = False
            self._store.release()

    def _confirm(self) -> None:
        """Note that the last commit came through."""
        if self._is_unconfirmed and self._kept_to is not None:
            self._store.keep_head(Head(self._kept_to))
        self._is_unconfirmed = False

    def _must_be_held(self) -> Writer:
        if not self._is_held or self._writer is None:
            raise LedgerError(
                "ledger-not-held",
                "The ledger is not held by this sitting, so nothing can be added to it.",
                rule="G-5-2",
                remedy="Hold it first.",
            )
        return self._writer

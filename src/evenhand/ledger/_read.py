"""Looking things up in the ledger: runs, and decisions as facts or as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from evenhand.policy import Campaign
from evenhand.promises import RecordColumns
from evenhand.rules import Rulebook, shipped
from evenhand.terms import DataError, DecisionFacts, Explained, LedgerError, Reason, Standing, moment_at

from ._body import Document, RunAbandoned, RunFinished, RunStarted, read_body
from ._columns import columns_from_bodies, columns_from_explained
from ._personal import opened
from ._seal import RunKeys, Seal, SealError, withheld
from ._store import Kind, LedgerStore, Row

__all__ = [
    "RunRecord",
    "RunSummary",
    "beside",
    "columns",
    "decisions",
    "document_of",
    "facts",
    "facts_of",
    "find_start",
    "open_run",
    "runs",
    "summary_of",
]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in the list of runs.

    Attributes:
        run_id: the run.
        at: its start.
        campaign: id of its campaign; "" for an abandoned run.
        decisions: how many decisions it has, refusals included; one for each person, or for each of their offers.
        selected: how many people got an offer.
        finished: False for a run that was interrupted: nothing of it is recorded.
        head: the ledger's head (hex) after it.
        why: for an abandoned run, why; else "".
        priced_by: digest of the price policy of an earlier run that it decided with, or "".
        policy: digest of its own price policy, or "".
    """

    run_id: str
    at: datetime
    campaign: str
    decisions: int
    selected: int
    finished: bool
    head: str
    why: str = ""
    priced_by: str = ""
    policy: str = ""

    @property
    def is_refit(self) -> bool:
        """Whether it only fitted a model and found prices, and decided about nobody."""
        return self.finished and not self.decisions and bool(self.policy)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that a finished run stands on, as recorded.

    Attributes:
        summary: its line in the list of runs.
        campaign: the campaign.
        campaign_text: the very text that was recorded of it; `campaign_digest` is its SHA-256.
        campaign_file_digest: SHA-256 of the campaign file as people read it.
        model_json: the model, to be read by `scoring.model_from_json`.
        data_digest, seed, version: as given to `begin`.
        batches: of each recorded batch its limits, prices and certificate; of a run with an aware limit the prices
            have the groups' part (``group``) only where its key was at hand, else it stands there ``sealed``.
        report: the summary given to `finish`.
        layout: shape of the codes, see `layout_of`.
        start: sequence number of its first entry; decision number k is entry ``start + k``.
        seal: mark of the key that its decisions' sealed parts need; "" where nothing is sealed.
        rulebook: the rules that decided who may be addressed; of a run from before runs named them, those that come
            with evenhand now.
        rules: digest of those recorded, or "".
        balancing: what there was of a signed balancing record, or "".
        room: of a run that decided with the prices of an earlier one, what it could use of each limit; else {}.
    """

    summary: RunSummary
    campaign: Campaign
    campaign_text: str = field(repr=False)
    campaign_digest: str
    campaign_file_digest: str
    model_json: dict[str, Any] = field(repr=False)
    data_digest: str
    seed: int
    version: str
    batches: list[dict[str, Any]] = field(repr=False)
    report: dict[str, Any] = field(repr=False)
    layout: tuple[int, ...]
    start: int
    seal: str = ""
    room: dict[str, int] = field(default_factory=dict)
    rulebook: Rulebook = field(default_factory=shipped, repr=False)
    rules: str = ""
    balancing: str = ""


def runs(store: LedgerStore) -> tuple[RunSummary, ...]:
    """Every run in the ledger, in the order of recording; interrupted ones included."""
    started = {}
    out = []
    # Ends first: what is recorded meanwhile may add starts without an end, never an end without its start.
    rows = [row for kind in (Kind.RUN_FINISHED, Kind.RUN_ABANDONED, Kind.RUN_STARTED) for row in store.of_kind(kind)]
    for seq, _, _, hash_, body in sorted(rows):
        entry = read_body(body, seq)
        if isinstance(entry, RunStarted):
            started[entry.run] = entry
        elif isinstance(entry, RunFinished):
            first = started[entry.run]
            out.append(summary_of(first, entry, hash_))
        elif isinstance(entry, RunAbandoned):
            at = datetime.fromisoformat(entry.at)
            out.append(RunSummary(entry.run, at, "", 0, 0, False, hash_.hex(), entry.why))
    return tuple(out)


def runs_since(store: LedgerStore, after: int, *, whole: bool = False) -> Iterator[tuple[int, str, str]]:
    """Number of the first entry, id and campaign of every run that starts behind an entry, in the order of recording;
    with `whole` without those that decided with the prices of another. A run is recorded whole, so each has its end."""
    for seq, _, _, _, body in store.of_kind(Kind.RUN_STARTED, after):
        started = read_body(body, seq)
        if isinstance(started, RunStarted) and not (whole and started.priced_by):
            yield seq, started.run, started.name


def campaign_of_run(store: LedgerStore, run_id: str) -> str:
    """The campaign of a run.

    Raises:
        DataError: the ledger has no such run.
    """
    return find_start(store, run_id)[1].name


def last_run(store: LedgerStore) -> str | None:
    """The run that was recorded last; None where there is none."""
    row = store.last_of_kind(Kind.RUN_FINISHED, 2**62)
    entry = read_body(row[4], row[0]) if row else None
    return entry.run if isinstance(entry, RunFinished) else None


def run_of_policy(store: LedgerStore, digest: str) -> str | None:
    """The run that was finished with the price policy of this digest; None if there is none. A service makes runs
    without end, so they are looked through one by one, and none is kept."""
    said = digest.encode()
    for seq, _, _, _, body in store.of_kind(Kind.RUN_FINISHED):
        if said in body:
            entry = read_body(body, seq)
            if isinstance(entry, RunFinished) and entry.policy == digest:
                return entry.run
    return None


def open_run(store: LedgerStore, run_id: str, keys: RunKeys | None = None) -> RunRecord:
    """One finished run with everything that it stands on; what groups have to do with prices only with its key.

    Raises:
        DataError: the ledger has no such run.
        LedgerError: an entry cannot be read.
    """
    start, started = find_start(store, run_id)
    finished, head = None, b""
    for seq, kind, _, hash_, body in store.about(run_id.encode()):
        if kind == Kind.RUN_FINISHED:
            finished, head = read_body(body, seq), hash_
    if not isinstance(finished, RunFinished):
        raise _broken(f"Run {run_id} has no end in the ledger.")
    text = document_of(store, started.campaign)
    return RunRecord(
        summary=summary_of(started, finished, head),
        campaign=Campaign.model_validate_json(text),
        campaign_text=text,
        campaign_digest=started.campaign,
        campaign_file_digest=started.campaign_file,
        model_json=json.loads(document_of(store, started.model)),
        data_digest=started.data,
        seed=started.seed,
        version=started.version,
        batches=_batches(finished.allocations, Seal.opened(run_id, started.seal, keys)[0]),
        report=json.loads(document_of(store, finished.summary)),
        layout=tuple(started.layout),
        start=start,
        seal=started.seal,
        room=json.loads(started.room) if started.room else {},
        rulebook=Rulebook.from_text(document_of(store, started.rules)) if started.rules else shipped(),
        rules=started.rules,
        balancing=started.balancing,
    )


def columns(store: LedgerStore, run_id: str, keys: RunKeys | None = None) -> Iterator[RecordColumns]:
    """A run's decisions as columns, chunk by chunk; sealed parts are opened where the run's key is among `keys`. Those
    of people whose key is not there are left out.

    Raises:
        DataError: the ledger has no such run.
        LedgerError: an entry cannot be read.
    """
    start, started = find_start(store, run_id)
    seal, _ = Seal.opened(run_id, started.seal, keys)
    for rows in store.read(start + 1):
        mine = list(takewhile(lambda row: row[1] == Kind.DECISION, rows))
        bodies = [row[4] for row in _opened(store, mine) if row]
        if bodies:
            yield _columns(bodies, started.layout, seal)
        if len(mine) < len(rows):
            return


def decisions(store: LedgerStore, run_id: str, keys: RunKeys | None = None) -> Iterator[DecisionFacts]:
    """A run's decisions as facts, one by one, in order; see `columns`."""
    for chunk in columns(store, run_id, keys):
        yield from _facts(chunk, run_id)


def facts(store: LedgerStore, decision_id: str, keys: RunKeys | None = None) -> DecisionFacts:
    """One decision by its id (``RUN-ID.NUMBER``); its sealed part is opened where the run's key is among `keys`.

    Raises:
        DataError: the ledger has no such decision.
        LedgerError: its entry cannot be read.
    """
    run_id, _, text = decision_id.rpartition(".")
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number > 0 and run_id:
        start, started = find_start(store, run_id)
        seal, _ = Seal.opened(run_id, started.seal, keys)
        for rows in store.read(start + number, start + number):
            for row in _opened(store, [row for row in rows if row[1] == Kind.DECISION]):
                if row is None:
                    raise _closed(
                        f"Decision {decision_id} cannot be read: the key of its person is not there, "
                        "or its time is over."
                    )
                chunk = _columns([row[4]], started.layout, seal)
                if int(chunk.number[0]) == number:
                    return next(_facts(chunk, run_id))
    raise _unknown(f"The ledger has no decision {decision_id}.", "Take the id from a report, or ask by subject.")


def facts_of(explained: Explained, row: int, run_id: str, *, sealed: bool = False) -> DecisionFacts:
    """One decision of a batch as the ledger would keep it, numbered as the first batch of its run.

    Args:
        explained: the batch.
        row: the person's row, from 0.
        run_id: the run that the decision is, or would be, recorded in.
        sealed: as it stands there for whoever has no key.
    """
    columns = columns_from_explained(explained, row, row + 1, row + 1)
    return next(_facts(withheld(columns) if sealed else columns, run_id))


def beside(facts: DecisionFacts) -> tuple[str, ...]:
    """Ids of the decisions about the person's other offers in the same run, in the order of the list."""
    run_id, _, number = facts.decision_id.rpartition(".")
    first = int(number) - facts.place + 1
    return tuple(f"{run_id}.{first + at}" for at in range(len(facts.listed)) if at + 1 != facts.place)


def find_start(store: LedgerStore, run_id: str) -> tuple[int, RunStarted]:
    """Sequence number and body of a run's first entry.

    Raises:
        DataError: the ledger has no such run.
    """
    for seq, kind, _, _, body in store.about(run_id.encode()):
        entry = read_body(body, seq) if kind == Kind.RUN_STARTED else None
        if isinstance(entry, RunStarted):
            return seq, entry
    raise _unknown(f"The ledger has no run {run_id}.", "See the list of runs with `evenhand ledger runs`.")


def summary_of(started: RunStarted, finished: RunFinished, head: bytes) -> RunSummary:
    return RunSummary(
        run_id=started.run,
        at=datetime.fromisoformat(started.at),
        campaign=started.name,
        decisions=finished.decisions,
        selected=sum(finished.offers) - finished.further,
        finished=True,
        head=head.hex(),
        priced_by=started.priced_by,
        policy=finished.policy,
    )


def document_of(store: LedgerStore, digest: str) -> str:
    for seq, kind, _, _, body in store.about(bytes.fromhex(digest)):
        entry = read_body(body, seq) if kind == Kind.DOCUMENT else None
        if isinstance(entry, Document):
            return entry.text
    raise _broken("A text that a run refers to is missing.")


def _batches(text: str, seal: Seal | None) -> list[dict[str, Any]]:
    """The batches of a run, with what is sealed of their prices put back where the seal has its key."""
    batches: list[dict[str, Any]] = json.loads(text)["batches"]
    if seal is not None and seal.is_open:
        for number, batch in enumerate(batches, 1):
            try:
                hidden = json.loads(seal.open_text(number, batch["prices"].pop("sealed")))
            except SealError:
                raise _broken("The sealed part of a run's prices does not open.") from None
            apart = ("group", "group_contact", "response")
            batch["prices"] |= {name: hidden[name] for name in apart if name in hidden}
            for name in ("by_limit", "cell_tables"):
                batch["prices"][name] |= hidden[name]
    return batches


def _columns(bodies: Sequence[bytes], layout: Sequence[int], seal: Seal | None) -> RecordColumns:
    try:
        return columns_from_bodies(bodies, layout, seal)
    except SealError as error:
        raise _broken(f"A recorded decision {error}.") from None
    except ValueError:
        raise _broken("A recorded decision cannot be read.") from None


def _facts(columns: RecordColumns, run_id: str) -> Iterator[DecisionFacts]:
    for i in range(len(columns)):
        listed = int((columns.top_terms[i] >= 0).sum())
        yield DecisionFacts(
            decision_id=f"{run_id}.{columns.number[i]}",
            run_id=run_id,
            subject=columns.subject[i].decode(),
            at=moment_at(int(columns.at[i])),
            standing=Standing(int(columns.standing[i])),
            permission=Reason(int(columns.permission[i])),
            outcome=Reason(int(columns.outcome[i])),
            offer=int(columns.offer[i]),
            runner_up=int(columns.runner_up[i]),
            codes=tuple(code[..., i : i + 1].copy() for code in columns.codes),
            score=int(columns.score[i]),
            probability=int(columns.probability[i]),
            value=int(columns.value[i]),
            runner_up_value=int(columns.runner_up_value[i]),
            price=int(columns.price[i]),
            runner_up_price=int(columns.runner_up_price[i]),
            margin=int(columns.margin[i]),
            moved=bool(columns.moved[i]),
            top_terms=tuple(columns.top_terms[i, :listed].tolist()),
            top_contributions=tuple(columns.top_contributions[i, :listed].tolist()),
            flip_term=int(columns.flip_term[i]),
            flip_code=int(columns.flip_code[i]),
            sealed=bool(columns.sealed[i]),
            excluded=tuple(columns.excluded[i].nonzero()[0].tolist()),
            cost=int(columns.cost[i]),
            runner_up_cost=int(columns.runner_up_cost[i]),
            rule=int(columns.rule[i]),
            switched_off=tuple(columns.switched_off[i].nonzero()[0].tolist()),
            listed=tuple(offer for offer in columns.listed[i].tolist() if offer >= 0),
        )


def _opened(store: LedgerStore, rows: Sequence[Row]) -> list[Row | None]:
    """Decisions as far as the keys of people open them."""
    opening = opened(store, rows)
    if opening.broken:
        raise _broken(f"What entry {opening.broken[0]} commits to is not what is kept beside it.")
    return opening.rows


def _closed(what: str) -> DataError:
    return DataError(
        "ledger-closed",
        what,
        rule="G-17: a decision opens with the key of its person, which erasure destroys",
        remedy="Nothing, where the person was erased, or the time for which decisions are kept is over; else restore "
        "the keys of people from a copy.",
    )


def _unknown(what: str, remedy: str) -> DataError:
    return DataError("ledger-unknown", what, rule="Only what was recorded can be told.", remedy=remedy)


def _broken(what: str) -> LedgerError:
    remedy = "Run `evenhand ledger verify`, and restore the ledger from a copy that verifies."
    return LedgerError("ledger-broken", what, rule="G-5-2", remedy=remedy)

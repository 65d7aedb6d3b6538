"""What a start finds: runs that were interrupted, and a head that a crash left behind. It puts both right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evenhand.terms import Finding, LedgerError, Severity

from ._body import RunAbandoned, encode
from ._checkpoint import Signer
from ._proofs import edge_of
from ._seal import RunKeys
from ._store import GENESIS, Head, Kind, LedgerStore, Tail, link
from ._writer import Writer

__all__ = ["append_alone", "is_signed", "recover"]


def recover(store: LedgerStore, at: datetime, keys: RunKeys | None = None) -> tuple[tuple[Finding, ...], Tail]:
    """Bring head and entries together and settle intents that outlived their process. The caller holds the claim.

    Args:
        store: the ledger.
        at: now.
        keys: where keys of runs are kept; that of a run of which nothing was recorded is destroyed.

    Returns:
        What was found, for people; and where the ledger ends now.

    Raises:
        LedgerError: the entries are not what the kept head says, and no interrupted commit explains it.
    """
    found = []
    tail = store.tail()
    head = store.head()
    if head is None:
        if tail.entries:
            raise _altered("has entries but no kept head, so nobody can tell whether its end was cut off")
        store.keep_head(Head(tail))
    elif tail == head.tail:
        if head.pending is not None:
            store.keep_head(Head(tail))
    elif tail == head.pending:
        _continues(store, head.tail, tail)
        store.keep_head(Head(tail))
        found.append(
            _note(
                "EH-LEDGER-002",
                "The last run was recorded whole, but the process ended before it could note the new head. "
                f"The {tail.entries - head.tail.entries} entries after the old head continue it and were accepted.",
                "Nothing; the head is up to date again.",
            )
        )
    elif is_signed(store, head.pending or head.tail, tail):
        _continues(store, head.tail, tail)
        store.keep_head(Head(tail))
        found.append(
            _note(
                "EH-LEDGER-003",
                "The last decisions were recorded whole, but the process ended before it could note the new head. The "
                f"{tail.entries - head.tail.entries} entries after the old head continue it, stand under this ledger's "
                "own signed checkpoint, and were accepted.",
                "Nothing; the head is up to date again.",
            )
        )
    elif tail.entries < head.tail.entries:
        raise _altered(f"has {tail.entries} entries where the kept head says {head.tail.entries}: its end was cut off")
    else:
        raise _altered("does not end as its kept head says")
    return (*found, *_settle(store, at, tail, keys)), store.tail()


def is_signed(store: LedgerStore, before: Tail, tail: Tail) -> bool:
    """Whether exactly one commit came after `before`, and this ledger's own key signed what it came to."""
    last = store.last_checkpoint()
    if last is None or last[0] != tail.entries or tail.entries <= before.entries:
        return False
    signed = Signer(store.secret()).verifier.check(last[1])
    if signed is None or signed.size != tail.entries or signed.root != edge_of(store, tail.entries)[0].root():
        return False
    return store.checkpoint_before(tail.entries) <= before.entries


def _continues(store: LedgerStore, old: Tail, new: Tail) -> None:
    """Raise unless the entries after the old head continue from it up to the new one."""
    previous = old.hash
    if old.entries:
        kept = [row for rows in store.read(old.entries, old.entries) for row in rows]
        if not kept or kept[0][3] != old.hash:
            raise _altered(f"was altered at or before entry {old.entries}")
    elif old.hash != GENESIS:
        raise _altered("has a kept head of no entries")
    for rows in store.read(old.entries + 1):
        for seq, _, _, hash_, body in rows:
            previous = link(previous, body)
            if previous != hash_:
                raise _altered(f"was altered at entry {seq}")
    if previous != new.hash:
        raise _altered("does not end as its kept head says")


def _settle(store: LedgerStore, at: datetime, tail: Tail, keys: RunKeys | None) -> list[Finding]:
    """Turn every intent that outlived its process into an entry of the chain."""
    intents = store.intents()
    if not intents:
        return []
    if keys is not None:
        for intent in intents:
            keys.forget(intent.run_id)
    bodies = [
        (
            Kind.RUN_ABANDONED,
            intent.run_id.encode(),
            encode(RunAbandoned(intent.at, at.isoformat(), intent.run_id, intent.why or "process-ended")),
        )
        for intent in intents
    ]
    append_alone(store, tail, bodies, settled=[intent.run_id for intent in intents])
    return [
        _note(
            "EH-LEDGER-001",
            f"Run {intent.run_id}, started at {intent.at}, was interrupted "
            f"({intent.why or 'its process ended'}); nothing of it was recorded.",
            "Run it again if its decisions are still needed.",
        )
        for intent in intents
    ]


def append_alone(
    store: LedgerStore, tail: Tail, bodies: Sequence[tuple[Kind, bytes, bytes]], *, settled: Sequence[str] = ()
) -> Tail:
    """Append entries that are in no run (kind, about, body), all or none, durably. The caller holds the claim.

    Returns:
        Where the ledger ends now.
    """
    store.begin()
    try:
        writer = Writer(store, tail)
        for kind, about, body in bodies:
            writer.add(kind, [about], [body])
        writer.commit(settled)
    except BaseException:
        store.rollback()
        raise
    return writer.tail


def _note(id_: str, what: str, remedy: str) -> Finding:
    return Finding(id=id_, severity=Severity.NOTE, what=what, rule="G-5-2", remedy=remedy, subject_matter="ledger")


def _altered(how: str) -> LedgerError:
    return LedgerError(
        "ledger-altered",
        f"The ledger {how}. Nothing was added to it.",
        rule="G-5-2",
        remedy="Run `evenhand ledger verify` to see where, and restore the ledger from a copy that verifies.",
    )

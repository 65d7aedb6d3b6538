"""Receipts of decisions, and the signed checkpoints that they lead to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.adapters.stores.home import Home, find_home, write_atomically
from evenhand.explanation import LANGUAGES, text
from evenhand.ledger import Signer, latest_checkpoint, proven_closed, proven_decision
from evenhand.ledger import sign_checkpoint as sign_checkpoint_of
from evenhand.receipts import (
    WORDS,
    Result,
    check,
    checker,
    read_receipt,
    receipt_of,
    receipt_page,
    words_content,
)
from evenhand.terms import DataError

from ._kept import text_of_file
from ._ledger import ledger_of
from ._records import open_ledger
from ._why import why
from ._witnesses import witnessed_notes

if TYPE_CHECKING:
    from evenhand.explanation import Explanation

__all__ = [
    "GivenReceipt",
    "check_receipt",
    "closed_receipt",
    "give_receipt",
    "last_checkpoint",
    "ledger_key",
    "receipt_checker",
    "receipt_values",
    "sign_checkpoint",
]


@dataclass(frozen=True, slots=True)
class GivenReceipt:
    """A receipt that was written.

    Attributes:
        decision_id: of which decision.
        is_closed: whether nobody can read that decision any more: then the receipt is that of `closed_receipt`.
    """

    decision_id: str
    is_closed: bool


def give_receipt(
    who: str, out: str | Path, *, home: str | Path | None = None, lang: str = "en", brief: bool = False
) -> GivenReceipt:
    """Write the receipt of one decision: a page that checks itself, or plain JSON where the name ends in ``.json``.

    Of a decision that nobody can read any more, since its person was erased or its time is over, it proves that it was
    recorded, and holds nothing of the person.

    Args:
        who: a decision's id, or a subject's own id (its latest decision).
        out: the file to write.
        home: the home folder; see `find_home`.
        lang: language that the page opens in.
        brief: leave campaign and model out; then nobody can add the score up again.

    Raises:
        DataError: the ledger knows no such decision or subject.
        LedgerError: the ledger has no signed checkpoint yet.
        StoreError: the file cannot be written.
    """
    given, receipt = _given(find_home(home), who, brief=brief)
    path = Path(out)
    is_json = path.suffix == ".json"
    text = json.dumps(receipt, ensure_ascii=False, indent=1) + "\n" if is_json else receipt_page(receipt, lang=lang)
    write_atomically(path, text, private=True)
    return given


def receipt_values(place: Home, decision_id: str) -> dict[str, object]:
    """The receipt of one decision, as plain JSON values; of one that nobody can read any more as `give_receipt`.

    Raises:
        DataError: the ledger knows no such decision.
        LedgerError: the ledger has no signed checkpoint yet.
    """
    return _given(place, decision_id, brief=False)[1]


def closed_receipt(place: Home, decision_id: str) -> dict[str, object]:
    """A receipt that proves that a decision was recorded, and holds nothing of the person: neither what was decided nor
    why. It can be given after an erasure, and to whoever wants to show only that the ledger was not rewritten.

    Raises:
        DataError: the ledger knows no such decision.
        LedgerError: the ledger has no signed checkpoint yet.
    """
    words: dict[str, list[str]] = {
        one: [text(f"receipt.closed.{part}", one) for part in ("title", "say")] for one in LANGUAGES
    }
    with open_ledger(place) as store:
        size, note = latest_checkpoint(store)
        entries, signer = proven_closed(store, decision_id, size), Signer(store.secret())
        signed = signer.sign_content(WORDS, words_content(decision_id, words))
        return receipt_of(entries, note, signer.verifier, words, (), signed)


def _given(place: Home, who: str, *, brief: bool) -> tuple[GivenReceipt, dict[str, object]]:
    try:
        explained = _explained(place, who)
    except DataError as error:
        if error.code != "ledger-closed":
            raise
        return GivenReceipt(who, True), closed_receipt(place, who)
    return GivenReceipt(explained["en"].facts.decision_id, False), _values(place, explained, brief=brief)


def _explained(place: Home, who: str) -> dict[str, Explanation]:
    return {one: why(who, home=place.folder, lang=one) for one in ("nl", "en")}


def _values(place: Home, explained: Mapping[str, Explanation], *, brief: bool) -> dict[str, object]:
    words = {
        one: [
            told.headline,
            *(line.text for line in told.lines if line.layer == 1 and line.key != "reviewed"),  # of the record alone
            *(line.text for line in told.lines if line.key == "rule"),
        ]
        for one, told in explained.items()
    }
    with open_ledger(place) as store:
        size, note = latest_checkpoint(store)
        decision = explained["en"].facts.decision_id
        entries = proven_decision(store, decision, size, brief=brief)
        last = max(one.number for one in entries.values())
        signer = Signer(store.secret())
        key, signed = signer.verifier, signer.sign_content(WORDS, words_content(decision, words))
        notes = [one for one in witnessed_notes(place) if one.is_enough and last <= one.size <= size]
        seen = next((one for one in notes if key.check(one.note)), None)
        if seen is None:
            return receipt_of(entries, note, key, words, (), signed)
        entries = proven_decision(store, decision, seen.size, brief=brief)
        by = [str(one.witness) for one in seen.by]
        return receipt_of(entries, seen.note, key, words, by, signed)


def check_receipt(
    receipt: str | Path, *, key: str | None = None, witnesses: Sequence[str] = (), quorum: int | None = None
) -> Result:
    """Check a receipt, without any ledger.

    Args:
        receipt: its page or its JSON file.
        key: the ledger's public key, as the organisation publishes it; None = the one that the receipt names.
        witnesses: public keys of witnesses, as they publish them.
        quorum: how many of them must have cosigned; None = all.

    Raises:
        DataError: there is no receipt in the file.
        StoreError: the file cannot be read.
    """
    try:
        return check(read_receipt(text_of_file(receipt)), key, list(witnesses), quorum)
    except ValueError:
        raise DataError(
            "receipt-unreadable",
            "There is no receipt in this file.",
            rule="a receipt is the page or the JSON file that evenhand receipt give writes",
            remedy="name the file as it was given to you, unchanged",
        ) from None


def receipt_checker() -> str:
    """The program that checks receipts and needs nothing but Python; see `receipts.checker`."""
    return checker()


def ledger_key(*, home: str | Path | None = None) -> str:
    """The ledger's public key, to be published: whoever has it can check receipts and checkpoints."""
    with open_ledger(find_home(home)) as store:
        return str(Signer(store.secret()).verifier)


def last_checkpoint(*, home: str | Path | None = None) -> str:
    """The last signed checkpoint. Raises LedgerError where there is none yet."""
    with open_ledger(find_home(home)) as store:
        return latest_checkpoint(store)[1]


def sign_checkpoint(*, home: str | Path | None = None, at: datetime) -> str:
    """Sign a checkpoint over the ledger as it is, where the last one is older; see `ledger.sign_checkpoint`."""
    place = find_home(home)
    with open_ledger(place):
        pass  # nobody makes a ledger by signing
    with ledger_of(place) as store:
        return sign_checkpoint_of(store, at=at)

"""What was recorded, verified: the ledger, and the end of the vault's log, which stands in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from evenhand.adapters.stores.home import find_home
from evenhand.ledger import Verification
from evenhand.ledger import verify as verify_chain
from evenhand.scoring import model_from_json
from evenhand.terms import UsageError

from ._kept import kept_checkpoints
from ._ledger import run_keys_of
from ._records import open_ledger
from ._vault_anchor import vault_problems
from ._witnesses import witness_problems, witnessed_notes

__all__ = ["verify_ledger"]

Step = Callable[[str], None]


def _silent(_: str) -> None:
    """No progress."""


def verify_ledger(
    *,
    home: str | Path | None = None,
    known: Sequence[str] = (),
    checkpoints: Sequence[str | Path] = (),
    step: Step = _silent,
) -> Verification:
    """Prove that nothing in a ledger was altered and that every promise was kept; see `ledger.verify`.

    Args:
        home: the home folder; see `find_home`.
        known: heads (64 hex digits) that were kept elsewhere; each must still stand in the chain.
        checkpoints: files with checkpoints or receipts that were kept elsewhere; each must still hold.
        step: told what is being done.

    Raises:
        UsageError: a kept head is not 64 hex digits, or a file holds no checkpoint.
        StoreError: there is no ledger, or it cannot be read.
    """
    if any(len(head) != 64 or set(head) - set("0123456789abcdef") for head in known):
        raise UsageError(
            "head-not-a-head",
            "A kept head is not 64 hex digits.",
            rule="a head is a SHA-256 in hex, as `evenhand run` prints it and the report shows it",
            remedy="copy the whole head",
        )
    place = find_home(home)
    with open_ledger(place) as store:
        step("verifying")
        notes = witnessed_notes(place)
        kept, keys = (*kept_checkpoints(checkpoints), *(one.note for one in notes)), run_keys_of(place)
        found = verify_chain(store, model_from_json, known=known, checkpoints=kept, keys=keys)
    step("verifying the vault's log")
    anchored = vault_problems(place) if found.ok and found.runs else ()  # what an altered ledger notes proves nothing
    beside = (*anchored, *witness_problems(place, notes))
    seen = max((one.size for one in notes if one.is_enough), default=0)
    return replace(found, ok=found.ok and not beside, problems=(*found.problems, *beside), witnessed=seen)

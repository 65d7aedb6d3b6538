"""The rules for people who look at them: those of evenhand, with own packs, or as a run recorded them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from evenhand.adapters.declared.balancing_record import new_record, signing_key, write_record
from evenhand.adapters.declared.rule_packs import read_pack_file
from evenhand.adapters.stores.home import find_home
from evenhand.ledger import open_run
from evenhand.rules import Rulebook, shipped
from evenhand.terms import UsageError

from ._records import open_ledger, resolve_run

__all__ = ["rules_of_run", "rules_with", "sign_balancing"]


def rules_with(packs: Iterable[str | Path]) -> Rulebook:
    """The rules that come with evenhand, and those of these files.

    Raises:
        PolicyError: a file is no rule pack, or loosens something.
    """
    return shipped().with_own([read_pack_file(pack) for pack in packs])


def rules_of_run(run_id: str = "last", *, home: str | Path | None = None) -> tuple[Rulebook, datetime]:
    """The rules that a run recorded, and its moment.

    Raises:
        DataError: the run is unknown.
    """
    with open_ledger(find_home(home)) as store:
        recorded = open_run(store, resolve_run(store, run_id))
    return recorded.rulebook, recorded.summary.at


def sign_balancing(
    text: Path, *, id: str, signed_by: str, expires: str, key: Path | None, at: datetime, out: Path | None
) -> Path:
    """Write the record of a balancing test beside its text, signed on the day of `at`.

    Raises:
        UsageError: the day or the key is none, or a file would be written over.
        DataError: see `adapters.declared.balancing_record.new_record`.
    """
    path = text.with_suffix(".yaml") if out is None else out
    if path.exists() or path.resolve().parent != text.resolve().parent:
        raise UsageError(
            "balancing-out",
            "The record would be written over a file, or away from its text.",
            rule="a record stands beside the text that it is about, and is not written over",
            remedy="name a new file in the folder of the text with --out",
        )
    try:
        until = date.fromisoformat(expires)
    except ValueError:
        raise UsageError(
            "balancing-expires",
            "--expires is not a day.",
            rule="ISO 8601",
            remedy="write it as 2027-06-30",
        ) from None
    record = new_record(
        id=id, text=text, signed_by=signed_by, signed_on=at.date(), expires=until, key=signing_key(key) if key else None
    )
    write_record(record, path)
    return path

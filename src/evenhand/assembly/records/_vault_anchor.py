"""The end of the vault's log, noted in the ledger by each run that read the vault, live or not, and by whatever else
changed the log: a cut is found."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.adapters.stores.home import Home
from evenhand.ledger import Problem, vault_notes
from evenhand.policy import Campaign
from evenhand.terms import EvenhandError

from ..people._declared import campaigns_of
from ._ledger import ledger_of
from ._vault_store import in_vault, vault_of

__all__ = ["vault_noted", "vault_problems"]

_RULE = "A-4a: every question to the vault stays on record"
_REMEDY = "Keep the vault as evidence, and restore it from a copy whose log goes on to that line."


def vault_noted(place: Home, campaign: Campaign) -> dict[str, list[object]]:
    """What a run records of the vault's log where its campaign reads the vault: number and seal of the last line."""
    end = vault_of(place).end() if in_vault(campaign) else None
    return {} if end is None else {"vault": [end.number, end.seal.hex()]}


def vault_problems(place: Home) -> Iterator[Problem]:
    """What is wrong with the vault's log: by its own seals, where the key is here, and by what the ledger notes of it.

    Each line is sealed with all before it. So of each campaign the last run that noted one vouches for all of them.
    Entries that note it are looked at one by one: a log that was cut off may have grown past an earlier one.
    """
    vault = vault_of(place)
    if vault.is_there and vault.has_key:
        try:
            vault.log()
        except EvenhandError as error:
            yield Problem(0, error.what, error.rule, error.remedy)
            return
    with ledger_of(place, read_only=True) as store:
        noted = [(line, seal, f"entry {seq} of the ledger notes") for seq, line, seal in vault_notes(store)]
    for declared in campaigns_of(place):
        number, seal = declared.last.report.get("vault", (0, ""))
        noted += [(int(number), seal, f"the run {declared.last.summary.run_id} noted in the ledger")] if number else []
    for number, seal, said in noted:
        found = vault.line(number)
        if found is None or found.hex() != seal:
            what = f"cut off before line {number}" if found is None else f"rewritten at line {number} or before"
            yield Problem(0, f"The vault's log was {what}, which {said}.", _RULE, _REMEDY)

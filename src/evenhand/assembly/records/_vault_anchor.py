"""The end of the vault's log, noted in the ledger by each run that read the vault, live or not: a cut is found."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.adapters.stores.home import Home
from evenhand.ledger import Problem
from evenhand.policy import Campaign
from evenhand.terms import EvenhandError

from ..people._declared import campaigns_of
from ._vault_store import in_vault, vault_of

__all__ = ["vault_noted", "vault_problems"]

_RULE = "A-4a: every question to the vault stays on record"
_REMEDY = "Keep the vault as evidence, and restore it from a copy whose log goes on to that line."


def vault_noted(place: Home, campaign: Campaign) -> dict[str, list[object]]:
    """What a run records of the vault's log where its campaign reads the vault: number and seal of the last line."""
    end = vault_of(place).end() if in_vault(campaign) else None
    return {} if end is None else {"vault": [end.number, end.seal.hex()]}


def vault_problems(place: Home) -> Iterator[Problem]:
    """What is wrong with the vault's log: by its own seals, where the key is here, and by what runs noted of it.

    Each line is sealed with all before it. So of each campaign the last run that noted one vouches for all of them.
    """
    vault = vault_of(place)
    if vault.is_there and vault.has_key:
        try:
            vault.log()
        except EvenhandError as error:
            yield Problem(0, error.what, error.rule, error.remedy)
            return
    for declared in campaigns_of(place):
        number, seal = declared.last.report.get("vault", (0, ""))
        found = vault.line(int(number)) if number else None
        if number and (found is None or found.hex() != seal):
            what = f"cut off before line {number}" if found is None else f"rewritten at line {number} or before"
            told = f"The vault's log was {what}, which the run {declared.last.summary.run_id} noted in the ledger."
            yield Problem(0, told, _RULE, _REMEDY)

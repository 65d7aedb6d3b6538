"""The record of processing of a home, from the campaigns that ran in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.stores.home import find_home
from evenhand.explanation import catalogue, text
from evenhand.policy import Campaign
from evenhand.rights import ROPA_FIELDS, ProcessingRecord, period_in_words
from evenhand.terms import DataError, Role

from ._declared import DeclaredCampaign, campaigns_of

__all__ = ["record_of_processing"]

_CODED = {"purpose": "purpose", "basis": "rights.ropa.basis"}
_OPTIONAL = ("officer", "joint", "representative", "recipients", "transfers")
"""Fields that may truly be none, once `processing` is declared."""


def record_of_processing(*, home: str | Path | None = None, lang: str = "en", at: datetime) -> ProcessingRecord:
    """One row per campaign that ran, as it ran last (GDPR 30(1)). What nobody declared says so, and is listed.

    Args:
        home: the home folder; see `find_home`.
        lang: ``nl`` or ``en``, for what is told in words.
        at: now.

    Raises:
        DataError: no campaign ran in this home.
    """
    place = find_home(home)
    campaigns = campaigns_of(place)
    if not campaigns:
        raise DataError(
            "ropa-no-run",
            "No campaign ran in this home.",
            rule="GDPR 30(1): the record is of processing that takes place",
            remedy="run a campaign first, or name another --home",
        )
    missing = text("rights.ropa.not-declared", lang)
    rows, gaps = [], []
    for declared in campaigns:
        row = _row(declared, lang)
        for name in ROPA_FIELDS:
            if not row[name]:
                row[name] = missing
                gaps.append((declared.campaign.campaign, name))
        rows.append(row)
    headings = {} if lang == "en" else {name: text(f"rights.ropa.field.{name}", lang) for name in ROPA_FIELDS}
    return ProcessingRecord(at.isoformat(), tuple(rows), tuple(gaps), missing, headings, _words(rows, lang))


def _words(rows: Sequence[Mapping[str, Any]], lang: str) -> dict[str, str]:
    """The purposes and legal bases of the rows in words, by their codes."""
    known = catalogue(lang)
    codes = [(prefix, str(row[name])) for row in rows for name, prefix in _CODED.items()]
    return {code: known.get(f"{prefix}.{code}", code) for prefix, code in codes}


def _row(declared: DeclaredCampaign, lang: str) -> dict[str, Any]:
    campaign = declared.campaign
    clause, controller = campaign.processing, campaign.controller
    row: dict[str, Any] = dict.fromkeys(ROPA_FIELDS, "")
    row |= {
        "campaign": campaign.campaign,
        "controller": ", ".join(part for part in (controller.name, clause.address if clause else None) if part),
        "contact": controller.contact,
        "purpose": campaign.purpose,
        "basis": campaign.legal_basis.value,
        "data": list(clause.data) if clause and clause.data else _data(campaign, lang),
        "erasure": _erasure(campaign, lang),
        "runs": str(declared.runs),
        "last_run": declared.last.summary.at.isoformat(),
    }
    if clause is not None:
        abroad = [one for one in clause.recipients if one.safeguard]
        row |= {
            "officer": clause.officer or "",
            "joint": clause.joint or "",
            "representative": clause.representative or "",
            "people": getattr(clause.people, lang),
            "recipients": [
                f"{one.name} ({text(f'rights.ropa.role.{one.role}', lang)}, {one.country})" for one in clause.recipients
            ],
            "transfers": [f"{one.name}: {one.country}, {one.safeguard}" for one in abroad],
            "security": getattr(clause.security, lang),
            "stored_in": clause.stored_in,
        }
        row |= {name: "-" for name in _OPTIONAL if not row[name]}
    return row


def _data(campaign: Campaign, lang: str) -> list[str]:
    """Categories of data: what the declared columns mean, of sensitive ones their names."""
    out: dict[str, None] = {}
    for name, column in campaign.columns.items():
        if column.role is not Role.FORBIDDEN:
            out[str(getattr(column.meaning, lang)) if column.meaning else name] = None
    return list(out)


def _erasure(campaign: Campaign, lang: str) -> list[str]:
    kept = campaign.retention
    out = []
    for name in ("decisions", "features", "consents", "requests"):
        duration = getattr(kept, name)
        if duration:
            out.append(f"{text(f'rights.ropa.{name}', lang)}: {period_in_words(duration, lang)}")
    return out

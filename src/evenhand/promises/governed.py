"""Governed: people declared it, before it ran, and what ran is what they declared (docs/promises/governed.md)."""

from __future__ import annotations

import hashlib

import numpy as np

from evenhand.policy import Campaign, is_marketing
from evenhand.terms import LegalBasis, microseconds_of

from ._columns import Ground, RecordColumns, Violation

__all__ = ["check_decisions", "check_run"]


def check_run(ground: Ground) -> tuple[Violation, ...]:
    """The campaign recorded is the campaign declared, and it declares what it must."""
    campaign = ground.campaign
    digest = hashlib.sha256(ground.campaign_text.encode()).hexdigest()
    same = digest == ground.campaign_digest and campaign == Campaign.model_validate_json(ground.campaign_text)
    expired = campaign.balancing is not None and campaign.balancing.expires < ground.at.date().isoformat()
    checks = (
        (not same, "campaign-changed", "The campaign is not the one whose digest was recorded.", "G-5-2"),
        (not is_marketing(campaign.purpose), "purpose-unknown", "The purpose is no DPV term below Marketing.", "G-5b"),
        (
            campaign.legal_basis is LegalBasis.CONSENT and campaign.consents is None,
            "consent-source-missing",
            "The campaign rests on consent and names no source of consent records.",
            "G-7",
        ),
        (
            campaign.legal_basis is LegalBasis.LEGITIMATE_INTEREST and (campaign.balancing is None or expired),
            "balancing-missing",
            "The campaign rests on legitimate interest without a balancing test that is still valid.",
            "G-6f",
        ),
        (
            any(limit.mode == "aware" and not limit.necessity for limit in campaign.limits.disparity),
            "necessity-missing",
            "A limit uses group membership and does not say why that is strictly necessary.",
            "A-4a",
        ),
    )
    remedy = "Let the people in charge declare it in the campaign file, and run again."
    return tuple(Violation("governed", code, what, rule, remedy) for bad, code, what, rule in checks if bad)


def check_decisions(columns: RecordColumns, ground: Ground) -> tuple[Violation, ...]:
    """No decision is older than its run."""
    early = columns.at < microseconds_of(ground.at)
    if not early.any():
        return ()
    rows = tuple(np.flatnonzero(early).tolist())
    what = "A decision is dated before its run started."
    return (Violation("governed", "decided-early", what, "G-5-2", "Check the clock, and run again.", rows),)

"""Parts of what is told of a campaign: who paused it and who may end that, and an error as a block."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.declared.balancing_record import balancing_state
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.campaign_tables import ChangedMeanwhileError
from evenhand.ledger import OFFICER, CampaignState, ReviewState
from evenhand.policy import Campaign, transparency_of
from evenhand.terms import DataError, EvenhandError, LegalBasis, Role, UsageError

__all__ = [
    "assessment_told",
    "campaign_declared",
    "campaign_unknown",
    "changed_meanwhile",
    "error_block",
    "meanings_told",
    "named_in",
    "pause_told",
    "reviews_in",
    "transparency_told",
]


def pause_told(state: CampaignState) -> dict[str, Any] | None:
    """Who stopped a campaign, when, why and in which role, and which roles may let it go on; None where it runs.

    `role` is "" for an alarm, and for a pause of before roles were kept; then every role that starts may.
    """
    stop = state.stop
    if stop is None:
        return None
    role = str(stop.told.get("role", ""))
    return {
        "entry": stop.seq,
        "at": stop.at,
        "by": str(stop.told.get("by", "")),
        "role": role,
        "reason": str(stop.told.get("reason", "")),
        "resumed_by": sorted({role, OFFICER}) if role else [],
    }


def error_block(error: EvenhandError) -> dict[str, Any]:
    """An error that is no finding, told as one."""
    owner = "operator" if error.exit_code == 4 else "data_scientist"
    told = {"code": error.code, "what": error.what, "rule": error.rule, "remedy": error.remedy}
    return {"pointer": "", "severity": "error", "owner": owner, "line": 0, "blocks": True, **told}


def named_in(told: Any) -> dict[str, str | None]:
    """Who and why of an entry."""
    role = str(told.get("role", ""))
    return {"by": str(told.get("by", "")), "reason": str(told.get("reason", "")), "role": role, "version": None}


def reviews_in(review: ReviewState) -> list[dict[str, Any]]:
    """What happened in the review of a file, as parts of the history of its campaign."""
    told, out = review.told, []
    if told:
        note = "; ".join(part for part in (", ".join(told["sent_reviewers"]), told["sent_note"]) if part)
        own = {"by": told["sent_by"], "reason": note, "role": "", "version": None}
        out.append({"at": told["sent_at"], "what": "sent-for-review", **own})
    if "by" in told:
        own = {"by": told["by"], "reason": told["reason"], "role": told["role"], "version": None}
        out.append({"at": told["verdict_at"], "what": f"review-{review.state}", **own})
    return out


def transparency_told(campaign: Campaign) -> dict[str, Any]:
    """How far decisions can be told: the level, and what lowers it."""
    found = transparency_of(campaign)
    return {"level": found.level, "because": list(found.because)}


def meanings_told(campaign: Campaign) -> dict[str, dict[str, str]]:
    """What the columns of groups mean, by language, where the campaign says so; for words beside a comparison."""
    sensitive = {name: one.meaning for name, one in campaign.columns.items() if one.role is Role.SENSITIVE}
    return {name: {"nl": one.nl, "en": one.en} for name, one in sensitive.items() if one is not None}


def assessment_told(loaded: LoadedCampaign, at: datetime) -> dict[str, Any]:
    """What is known of assessments: the balancing test that the campaign names, and nothing else is kept here.

    `impact` is always None: evenhand keeps no impact assessment (GDPR 35) yet, and so knows of none. `state` of the
    balancing test is as of `balancing_state`: none, declared, signed, unsigned, altered or expired. Only a legitimate
    interest needs one.
    """
    declared = loaded.campaign.balancing
    folder = Path() if loaded.path is None else loaded.path.parent
    state = loaded.balancing or balancing_state(declared, folder, at)
    test = None if declared is None else {"record": declared.record, "until": declared.expires, "state": state}
    is_needed = loaded.campaign.legal_basis is LegalBasis.LEGITIMATE_INTEREST
    return {"impact": None, "balancing": test, "needs_balancing": is_needed}


def changed_meanwhile(name: str) -> ChangedMeanwhileError:
    """Somebody changed a campaign that another one is about to change, or to judge."""
    return ChangedMeanwhileError(
        "campaign-changed",
        f"The campaign {name} was changed meanwhile; nothing was changed now.",
        rule="whoever changes a campaign has seen what they change",
        remedy="read it again, and change that",
    )


def campaign_unknown() -> DataError:
    """What is said of a campaign that there is not."""
    return DataError(
        "campaign-unknown",
        "There is no such campaign.",
        rule="a campaign has the id that stands in its file",
        remedy="list them",
    )


def campaign_declared(name: str) -> UsageError:
    """What is said to whoever changes a campaign of a file over the network."""
    return UsageError(
        "campaign-declared",
        f"The campaign {name} stands in a file of the operator; nothing was changed.",
        rule="what was declared in a file is changed there",
        remedy="change the file, run it, and start the service again",
    )

"""Parts of what is told of a campaign: who paused it and who may end that, and an error as a block."""

from __future__ import annotations

from typing import Any

from evenhand.ledger import OFFICER, CampaignState
from evenhand.terms import EvenhandError

__all__ = ["error_block", "named_in", "pause_told"]


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

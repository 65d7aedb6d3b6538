"""What was recorded, for the web: explanations for three kinds of readers, and receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from evenhand.adapters.stores.home import Home
from evenhand.adapters.web import Register
from evenhand.ledger import open_run
from evenhand.staff import ReadKind

from ..people._looks import note_look
from ..records._receipts import receipt_values
from ..records._records import open_ledger
from ..records._why import why

if TYPE_CHECKING:
    from evenhand.explanation import Explanation

__all__ = ["LiveRecords"]


class LiveRecords:
    """The records of a home. Implements `adapters.web.Records`.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place

    def explanation(self, decision_id: str, register: Register, lang: str, by: str) -> dict[str, Any]:
        """Why one decision was made; see `adapters.web.Records.explanation`."""
        told = why(decision_id, home=self._place.folder, lang=lang)
        self._note(ReadKind.DECISION, decision_id, by)
        if register == "person":
            return {"register": register, **_for_the_person(told)}
        if register == "employee":
            return {"register": register, **_for_an_employee(told)}
        with open_ledger(self._place) as store:
            run = open_run(store, told.facts.run_id)
        return {
            "register": register,
            **told.to_dict(),
            "rules": sorted({told.facts.permission.rule, told.facts.outcome.rule}),
            "run": {
                "run_id": run.summary.run_id,
                "at": run.summary.at.isoformat(),
                "priced_by": run.summary.priced_by,
                "campaign": run.summary.campaign,
                "campaign_digest": run.campaign_digest,
                "model_digest": str(run.model_json["digest"]),
                "data_digest": run.data_digest,
                "purpose": run.campaign.purpose,
                "legal_basis": run.campaign.legal_basis.value,
                "version": run.version,
                "ledger_head": run.summary.head,
            },
        }

    def receipt(self, decision_id: str, lang: str, by: str) -> dict[str, Any]:
        """The receipt of one decision; see `adapters.web.Records.receipt`."""
        del lang  # a receipt tells in both languages
        found = receipt_values(self._place, decision_id)
        self._note(ReadKind.RECEIPT, decision_id, by)
        return found

    def _note(self, kind: ReadKind, decision_id: str, by: str) -> None:
        """Before anything is handed over, who gets it; where that cannot be noted, nobody does."""
        note_look(kind, by=by, at=datetime.now(UTC), home=self._place.folder, about=decision_id)


def _for_the_person(told: Explanation) -> dict[str, Any]:
    """Plain sentences in three layers, and the factors by what they mean."""
    return {
        "decision_id": told.facts.decision_id,
        "at": told.facts.at.isoformat(),
        "lang": told.lang,
        "headline": told.headline,
        "lines": [{"layer": line.layer, "text": line.text} for line in told.lines],
        "factors": [
            {"meaning": one.meaning, "value": one.value, "direction": one.direction}
            | ({"about": "offer"} if one.about_offer else {})
            for one in told.factors
        ],
        "not_used": [{"name": name, "why": reason} for name, reason in told.not_used],
        "offer": told.offer,
    }


def _for_an_employee(told: Explanation) -> dict[str, Any]:
    """What somebody who is asked about a decision needs; it leaves out the person's values and pseudonym."""
    whole = told.to_dict()
    names = ("decision_id", "at", "lang", "standing", "permission", "outcome", "headline", "offer", "runner_up", "sum")
    return {
        **{name: whole[name] for name in names},
        "factors": [
            {"name": one["name"], "meaning": one["meaning"], "direction": one["direction"]} for one in whole["factors"]
        ],
        "not_used": whole["not_used"],
    }

"""What plans of a campaign told of groups, kept in its home: who has two plans can subtract them, as with reports.

Only what was told is kept, numbers of groups that a plan showed; nobody was decided about. A home that is not there is
not made for it: whoever plans without one holds the tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.adapters.stores.file_lock import alone_in_making
from evenhand.adapters.stores.home import Home, json_bytes, write_atomically
from evenhand.terms import StoreError

__all__ = ["PlansTold", "sides_of"]

_MOST = 100
"""So many plans that told something anew are remembered of a campaign; whoever makes more forgets the oldest."""


class PlansTold:
    """The plans of one campaign that told groups anew.

    Args:
        place: the home.
        campaign: id of the campaign.
    """

    def __init__(self, place: Home, campaign: str) -> None:
        self._place, self._file = place, place.plans_told(campaign)

    def read(self) -> list[dict[str, Any]]:
        """Of each plan, the last one first: ``at``, its ``sides`` (columns and rates), and its ``audit``.

        Raises:
            StoreError: the file cannot be read.
        """
        kept = self._kept()
        return [{**one, "audit": kept["audits"][one["audit"]]} for one in reversed(kept["plans"])]

    def keep(self, report: Mapping[str, Any]) -> None:
        """Remember what a plan is about to tell, unless it was told before.

        Raises:
            StoreError: the home cannot be written; then nothing is to be told.
        """
        if not (self._place.has_key and self._place.folder.is_dir()) or "beside" in report:
            return
        audit = json.loads(json_bytes(report["audit"]))
        digest = hashlib.sha256(json_bytes(audit)).hexdigest()
        sides = json.loads(json_bytes(sides_of(report)))
        self._file.parent.mkdir(mode=0o700, exist_ok=True)
        with alone_in_making(self._file):
            kept = self._kept()
            if any(one["sides"] == sides and one["audit"] == digest for one in kept["plans"]):
                return
            plans = [*kept["plans"], {"at": report["run"]["at"], "sides": sides, "audit": digest}][-_MOST:]
            audits = {**kept["audits"], digest: audit}
            still = {one["audit"]: audits[one["audit"]] for one in plans}
            write_atomically(self._file, json_bytes({"plans": plans, "audits": still}), private=True)

    def _kept(self) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {"plans": [], "audits": {}}
        except (OSError, ValueError) as error:
            raise StoreError(
                "plans-told-unreadable",
                f"{self._file} cannot be read ({type(error).__name__}).",
                rule="what plans told of groups is laid beside what the next one tells, so that nobody's group follows",
                remedy="restore it from your backup; where nobody has an earlier plan of this campaign, remove it",
            ) from error
        return kept


def sides_of(report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Every table of groups in a report: its columns and rates."""
    chapters = report.get("groups", ())
    sides = [chapter[side] for chapter in chapters for side in ("before", "after")]
    sides += [one["met"] for one in report.get("conditions", ())]
    return [{"features": side["features"], "rates": side["rates"]} for side in sides]

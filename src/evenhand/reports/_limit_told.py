"""What a report tells of a limit's outcome: the figure that was reached, or where that would tell too much what may be
told in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import LimitOutcome, figure_between, shown

from ._group_chapters import GroupChapter, groups_told, is_hidden

__all__ = ["limit_values"]


def limit_values(
    limit: LimitOutcome,
    campaign: Campaign,
    groups: Sequence[GroupChapter],
    steps: Sequence[Mapping[str, Any]],
    given: Sequence[Mapping[str, Any]],
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A limit's outcome as plain values; a number that is told nowhere else is null, and so is one from which such
    could be worked out: the measure of a hidden group, and money where it is not told who got what.

    In place of the measure stands between which figures it lies (`used_between`) by the numbers of groups that the same
    report tells; and of modelled responses, of which these say nothing, the figure of the report that groups are told
    beside (`used_then`), where the limit was the same. Neither says anything that is not told already.

    Args:
        limit: as decided.
        campaign: as declared.
        groups: the groups, before and after limits.
        steps, given: people at each step, and per offer, as they are told.
        earlier: the report that groups are told beside; None where they are told anew.
    """
    plain: dict[str, Any] = {**limit.to_dict(), "features": list(limit.features)}
    taken = {offer["id"]: offer["selected"] for offer in given}
    declared = next((one for one in campaign.limits.disparity if one.id == limit.id), None)
    if declared is not None:
        plain |= _figure(limit, declared, [one for one in groups if one.limit == limit.id], earlier or {})
    if limit.kind == "contacts":
        plain["used"] = steps[-1]["people"]
    if limit.kind in ("capacity", "minimum"):
        plain["used"] = taken[limit.id.partition(":")[2]]
    unknown = [offer for offer in given if offer["selected"] is None]
    if limit.kind == "budget" and unknown and not any("own_cost_micro" in offer for offer in unknown):
        plain["used"] = None
    if limit.people is not None:
        plain["people"] = shown(limit.people)
    return plain


def _figure(
    limit: LimitOutcome, declared: DisparityLimit, chapters: Sequence[GroupChapter], earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """What replaces the measure of a limit between groups, where a number of its groups is hidden."""
    if not any(is_hidden(one, declared) for one in chapters):
        return {}
    bounds = {"kept": limit.declared} if limit.held else {"broken": limit.declared}
    between = figure_between(declared.measure, [groups_told(one, declared) for one in chapters], **bounds)
    if between is not None:
        return {"used": None, "used_between": list(between)}
    then = _then(declared, earlier)
    return {"used": None, **({} if then is None else {"used_then": then})}


def _then(declared: DisparityLimit, earlier: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figure that the same limit had in an earlier report, and of when; None where it was not the same."""
    of_then = earlier.get("campaign", {}).get("disparity_limits", ())
    used = next((one["used"] for one in earlier.get("limits", ()) if one["id"] == declared.id), None)
    if used is None or declared.model_dump(mode="json") not in of_then:
        return None
    return {"used": used, "run": earlier["run"]["run_id"], "at": earlier["run"]["at"]}

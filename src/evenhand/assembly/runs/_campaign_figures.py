"""What a plan or a run of a campaign came to, for people who plan campaigns: no cell of fewer than ten people.

Reach per group is told in whole percents and in tens of people, so that two plans that differ by one person do not tell
that person's group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.policy import MICRO
from evenhand.reports import SMALLEST_SHOWN

__all__ = ["badge_of", "figures_of", "funnel_of"]

_MONEY = frozenset({"budget"})


def figures_of(report: Mapping[str, Any], *, delivered: int | None = None) -> dict[str, Any]:
    """Funnel, drops, offers, limits with their prices, and reach per group, out of a report.

    Args:
        report: as of `reports.build`; it may have been through JSON.
        delivered: how many decisions were told to be shown; None where that is not known.
    """
    return {
        "at": report["run"]["at"],
        "run": report["run"]["run_id"],
        "currency": report["campaign"]["currency"],
        "value": report["certificate"]["value"] / MICRO,
        "funnel": funnel_of(report["funnel"], delivered),
        "drops": [dict(one) for one in report["drops"]],
        "offers": [{"id": one["id"], "text": one["text"], "people": one["selected"]} for one in report["offers"]],
        "limits": [_limit(one) for one in report["limits"]],
        "reach": [_reach(one) for one in report["groups"]],
    }


def funnel_of(steps: Sequence[Mapping[str, Any]], delivered: int | None) -> list[dict[str, Any]]:
    """People at each step; a step that differs from the one before by fewer than ten people is not told.

    Example:
        >>> [one["people"] for one in funnel_of([{"key": "a", "people": n} for n in (400, 396, 50)], 45)]
        [400, None, 50, None]
    """
    out: list[dict[str, Any]] = []
    before: int | None = None
    last = [] if delivered is None else [{"key": "delivered", "people": delivered}]
    for step in (*steps, *last):
        people: int | None = step["people"]
        few = people is not None and 0 < people < SMALLEST_SHOWN
        close = people is not None and before is not None and 0 < abs(before - people) < SMALLEST_SHOWN
        told = None if few or close else people
        out.append({"key": step["key"], "people": told})
        before = before if told is None else told
    return out


def badge_of(figures: Mapping[str, Any]) -> dict[str, Any] | None:
    """The comparison of groups that a limit is about and that is furthest off, with its interval; None without any.

    Its state is ``held`` where the whole interval is above what it is compared with, ``not-held`` where the ratio
    itself is below, and ``no-evidence`` in between. It is ``not-told``, without numbers, where a group that is compared
    is not told, since that may be the one that is furthest off; what is told to be below is told all the same.
    """
    held_to = [one for one in figures["reach"] if one["limit"]] or figures["reach"]
    told = sorted((one for one in held_to if one["worst"] is not None), key=lambda one: float(one["worst"]["ratio"]))
    below = [one for one in told if one["worst"]["below"]]
    hidden = [one for one in held_to if not one["is_whole"]]
    if not told and not hidden:
        return None
    one = (below or hidden or told)[0]
    worst, bound = one["worst"], one["compared_with"]
    if not below and hidden:
        state, worst = "not-told", dict.fromkeys(("ratio", "lower", "upper", "below")) | {"group": []}
    elif worst["below"] is None or worst["lower"] is None:
        state = "no-evidence"
    elif worst["below"]:
        state = "not-held"
    else:
        state = "held" if worst["lower"] >= bound else "no-evidence"
    return {"limit": one["limit"], "features": one["features"], "compared_with": bound, "state": state, **worst}


def _limit(one: Mapping[str, Any]) -> dict[str, Any]:
    unit = MICRO if one["kind"] in _MONEY else 1
    used = one["used"]
    return {
        "id": one["id"],
        "kind": one["kind"],
        "measure": one["measure"],
        "declared": one["declared"] / unit,
        "used": None if used is None else round(used / unit, 2 if one["kind"] == "disparity" else 6),
        "used_between": one.get("used_between"),
        "used_then": one.get("used_then"),
        "held": one["held"],
        "binding": one["binding"],
        "price": None if one["money"] is None else one["money"] / MICRO,
        "decisions_changed": one["people"],
        "note": one["note"],
    }


def _reach(chapter: Mapping[str, Any]) -> dict[str, Any]:
    after, before = chapter["after"], chapter["before"]
    without = {tuple(rate["group"]): rate for rate in before["rates"]}
    compared = [gap for gap in after["gaps"] if gap["group"] != after["best"]]
    gaps = [gap for gap in compared if gap["ratio"] is not None]
    worst = min(gaps, key=lambda gap: gap["ratio"], default=None)
    return {
        "limit": chapter["limit"],
        "measure": chapter["measure"],
        "bound": chapter["bound"],
        "compared_with": after["bound"],
        "features": list(chapter["features"]),
        "groups": [
            {
                "group": list(rate["group"]),
                "people": _tens(_about(rate, "rows")),
                "offered": _tens(_about(rate, "hits")),
                **_share(rate),
                "is_unknown": rate["note"] == "unknown",
                "rate_without_limits": _rate_of(without.get(tuple(rate["group"]))),
            }
            for rate in after["rates"]
        ],
        "is_whole": len(gaps) == len(compared),
        "worst": None
        if worst is None
        else {
            "group": list(worst["group"]),
            "ratio": _percent(worst["ratio"]),
            "lower": _percent(worst["ratio_lower"]),
            "upper": _percent(worst["ratio_upper"]),
            "below": worst["below"],
        },
    }


def _share(rate: Mapping[str, Any]) -> dict[str, Any]:
    """The share of a group that gets an offer, with its interval. Where a small number of another group would follow
    from it, it is told between what it lies; and not at all where that would be anything."""
    if _tens(_about(rate, "hits")) is not None:
        told = {name: _percent(rate[name]) for name in ("lower", "upper")}
        return {"rate": _rate_of(rate), **told, "is_range": False}
    least, _ = rate.get("hits_between") or (0, 0)
    says_something = rate["hits"] is None and rate["rows"] is not None and least > 0
    lower, upper = (_percent(rate[name]) if says_something else None for name in ("lower", "upper"))
    return {"rate": None, "lower": lower, "upper": upper, "is_range": says_something}


def _rate_of(rate: Mapping[str, Any] | None) -> float | None:
    if rate is None:
        return None
    people, hits = _about(rate, "rows"), _about(rate, "hits")
    return None if _tens(hits) is None or not people else _percent((hits or 0) / people)


def _about(rate: Mapping[str, Any], name: str) -> int | None:
    """A number, or the middle of a range of a few people either way, as is told beside an earlier report."""
    if rate[name] is not None:
        return int(rate[name])
    least, most = rate.get(f"{name}_between", (0, 0))
    return (least + most) // 2 if least > 0 and most - least < 2 * SMALLEST_SHOWN else None


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share, 2)


def _tens(people: int | None) -> int | None:
    """Tens of people; None where there are fewer than ten, or it is not told."""
    return None if people is None or 0 < people < SMALLEST_SHOWN else round(people, -1)

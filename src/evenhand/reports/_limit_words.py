"""What the page says of each limit, in one language: what was declared, what was reached, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._groups import FLOORS, LEAST
from ._words import Words

__all__ = ["limits_view"]

Report = Mapping[str, Any]
View = dict[str, Any]


def limits_view(report: Report, words: Words) -> list[View]:
    """One entry per limit: what was declared, reached, and what it costs."""
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    return [_limit(limit, texts, words) for limit in report["limits"]]


def _state(limit: Mapping[str, Any]) -> str:
    if not limit["held"]:
        return "given-up" if limit.get("soft") else "not-kept"
    return "binds" if limit["binding"] else "room"


def _soft(soft: Mapping[str, Any], declared: float, say: Callable[[float | None], str], words: Words) -> str:
    """Of a soft limit: kept, or given up at its ceiling, with what the rest would have cost."""

    def share(money: int) -> str:
        return words.percent(money / soft["without"], 2) if soft["without"] > 0 else "–"

    ceiling = words.percent(soft["ceiling"], 2)
    cost = {"money": words.money(soft["cost"]), "share": share(soft["cost"]), "ceiling": ceiling}
    if soft["bound"] == declared:
        return words.t("limits.soft-kept", **cost)
    if soft["needed"] is None:
        return words.t("limits.soft-beyond", **cost, bound=say(soft["bound"]))
    needed = {"needed": words.money(soft["needed"]), "needed_share": share(soft["needed"])}
    return words.t("limits.soft-given-up", **cost, **needed, bound=say(soft["bound"]))


def _limit(limit: Mapping[str, Any], texts: Mapping[str, str], words: Words) -> View:
    kind = limit["kind"]
    full, least = limit["declared"], limit["measure"] in LEAST or kind == "minimum"
    reached = limit["used"]
    if reached is None:  # hidden: a measure is drawn as what was declared, of a number no bar is drawn
        reached = limit["declared"] if kind == "disparity" else 0
    if kind == "disparity":
        full = 1.0 if least else max(limit["declared"], reached, 0.01)
    elif kind == "minimum":
        full = max(limit["declared"], reached)

    def say(amount: float | None) -> str:
        if kind == "budget":
            return words.money(None if amount is None else round(amount))
        if kind == "disparity":
            return words.number(amount, 3) if least else words.percent(amount, 2)  # None: not shown
        return words.people(None if amount is None else round(amount))

    offer = texts.get(limit["id"].partition(":")[2], "")
    name = words.t(
        f"limits.kind.{'floor' if limit['measure'] in FLOORS else kind}",
        **({"offer": offer} if kind in ("capacity", "minimum") else {}),
        **({"feature": words.columns(limit["features"]), "id": limit["id"]} if kind == "disparity" else {}),
    )
    if limit.get("soft"):
        cost = _soft(limit["soft"], limit["declared"], say, words)
    elif not limit["binding"]:
        cost = words.t("limits.free")
    elif limit["money"] is None:
        cost = words.t("limits.uncosted")
    else:
        cost = words.t("limits.cost", money=words.money(limit["money"]), people=words.some(limit["people"]))
    used = say(limit["used"])
    if limit.get("used_between"):
        lower, upper = map(say, limit["used_between"])
        used = words.t("between", lower=lower, upper=upper)
    elif then := limit.get("used_then"):
        used = words.t("limits.then", used=say(then["used"]), run=then["run"], at=words.moment(then["at"]))
    return {
        "name": name,
        "declared": words.t("limits.at-least" if least else "limits.at-most", bound=say(limit["declared"])),
        "used": used,
        "state": _state(limit),
        "width": round(100 * min(reached / full, 1.0), 2) if full else 0.0,
        "mark": round(100 * min(limit["declared"] / full, 1.0), 2) if full else 0.0,
        "cost": cost,
        "money": words.money(limit["money"]) if limit["binding"] and limit["money"] is not None else "–",
        "people": words.people(limit["people"]) if limit["binding"] and limit["money"] is not None else "–",
        "note": words.maybe(f"limits.note.{limit['note']}") if limit["note"] else "",
        "desc": words.t("limits.desc", name=name, used=used, declared=say(limit["declared"])),
        "held": words.t("yes" if limit["held"] else "no"),
    }

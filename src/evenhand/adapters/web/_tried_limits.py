"""The limits that the address of a campaign's page asks to try, and which of them cannot be tried."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from evenhand.adapters.campaigning import Simulated

__all__ = ["asked_in", "changed_by", "query_of"]

_BOUND = "bound."
_MOST = {"budget": 10**9, "contacts": 2 * 10**9}
_MOST_NAME, _MOST_NAMES = 80, 20


def asked_in(query: Mapping[str, str]) -> dict[str, Any]:
    """What is asked: ``budget``, ``contacts``, ``bounds`` by the id of the limit, and ``wrong``.

    ``wrong`` holds what cannot be tried, each with the name in the address and why, one of ``number``, ``whole``,
    ``share``, ``digits`` and ``many``: it is no number from 0 on, no whole one, no share from 0 to 1, has more than six
    digits after the point, or is too large. What was sent stays out of it.
    """
    bounds: dict[str, float] = {}
    asked: dict[str, Any] = {"budget": None, "contacts": None}
    wrong: list[tuple[str, str]] = []
    for name, value in query.items():
        number, most = _decimal(value), 1 if name.startswith(_BOUND) else _MOST.get(name)
        if most is None or not value:
            continue
        if number is None or number < 0:
            wrong.append((name, "share" if most == 1 else "number"))
        elif number > most:
            wrong.append((name, "share" if most == 1 else "many"))
        elif name == "contacts" and number % 1:
            wrong.append((name, "whole"))
        elif name == "budget" and number != round(number, 6):
            wrong.append((name, "digits"))
        elif most == 1:
            bounds[name.removeprefix(_BOUND)] = float(number)
        else:
            asked[name] = int(number) if name == "contacts" else number
    return {**asked, "bounds": bounds, "wrong": _shown(wrong)}


def changed_by(asked: Mapping[str, Any], figures: Mapping[str, Any]) -> tuple[Simulated, list[tuple[str, str]]]:
    """Limits that are other than what was declared, and those asked for that the campaign does not have (``none``)."""
    declared = {one["id"] if one["kind"] == "disparity" else one["kind"]: one["declared"] for one in figures["limits"]}

    def other(name: str) -> Any:
        value = asked[name]
        return value if value is not None and name in declared and float(value) != declared[name] else None

    bounds = {id: bound for id, bound in asked["bounds"].items() if id in declared and bound != declared[id]}
    unknown = [(name, "none") for name in ("budget", "contacts") if asked[name] is not None and name not in declared]
    unknown += [(_BOUND + id, "none") for id in asked["bounds"] if id not in declared]
    return Simulated(other("budget"), other("contacts"), bounds), _shown(unknown)


def query_of(query: Mapping[str, str]) -> str:
    """The part of an address that asks for a plan, for a link to the same page; "" where none was asked for."""
    if not query.get("plan"):
        return ""
    names = [name for name in query if name in _MOST or name.startswith(_BOUND)]
    return urlencode([("plan", "1"), *((name, query[name]) for name in names)])


def _shown(wrong: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """So few and so short that a page stays a page."""
    return [(name[:_MOST_NAME], why) for name, why in wrong[:_MOST_NAMES]]


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

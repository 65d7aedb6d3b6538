"""A form becomes a campaign file: what it may ask under a category, and what it writes.

A new campaign is made after one that is there already: whose people, which columns and which consents were settled by
whoever knows the data, and the form asks what a marketer decides. What the category forbids is found by the very checks
that judge the file, so the form never offers what they refuse, nor hides what they allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from evenhand.explanation import LANGUAGES, purpose_words
from evenhand.policy import PolicyFinding, owner_of, read_campaign
from evenhand.terms import Severity

__all__ = ["Gone", "Options", "draft_of", "offers_used", "options_for"]

Form = Mapping[str, Sequence[str]]
_PURPOSES = ("PersonalisedAdvertising", "DirectMarketing", "RecruitmentTargetedAdvertising")
"""What a form offers besides the purpose of the campaign that it is made after."""
_STRICTER = {"employment": "hec", "housing": "hec", "credit": "hec", "insurance": "unisex"}
"""Categories in which people may not be chosen by some of what they are (RULES F-HEC; unisex insurance)."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that a category takes away.

    Attributes:
        name: of the column, limit or purpose; "" = the category itself cannot be.
        meaning: what it means, by language; {} where nothing says so.
        code, what, rule, remedy: of the finding.
        owner: who can mend it.
    """

    name: str
    meaning: Mapping[str, str]
    code: str
    what: str
    rule: str
    remedy: str
    owner: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a form may ask.

    Attributes:
        category: of the campaign.
        base: the campaign that it is made after, as plain data, with that category and a purpose that it allows.
        purposes: that it allows, first that of `base`.
        features: columns that may count, by name, with their meaning by language.
        limits: of groups, as plain data.
        gone: what the category takes away.
        compared: columns that groups are compared by and nobody is chosen by, by name, with their meaning by language.
        is_possible: whether a campaign of this category can be at all.
    """

    category: str
    base: Mapping[str, Any]
    purposes: Sequence[str]
    features: Mapping[str, Mapping[str, str]]
    limits: Sequence[Mapping[str, Any]]
    gone: tuple[Gone, ...]
    compared: Mapping[str, Mapping[str, str]]

    @property
    def stricter(self) -> str:
        """Which stricter rule on choosing people holds for the category, one word; "" where none does."""
        return _STRICTER.get(self.category, "")

    @property
    def is_possible(self) -> bool:
        """Whether there can be a campaign of this category."""
        return all(one.name for one in self.gone)


def options_for(base: Mapping[str, Any], category: str, *, at: datetime) -> Options:
    """What a form may ask for a campaign of a category.

    Args:
        base: a campaign that can run, as plain data.
        category: one of `terms.Category`.
        at: now, as the checks take it.
    """
    data = {**deepcopy(dict(base)), "category": str(category)}
    asked = list(dict.fromkeys((str(data.get("purpose")), *_PURPOSES)))
    refused = {one: against for one in asked if (against := _against(data, one, at))}
    purposes = [one for one in asked if one not in refused]
    if purposes:
        data["purpose"] = purposes[0]
    _, found = read_campaign(data, at=at)
    gone = (*_gone(data, found), *(refused.values() if purposes else ()))
    names = {one.name for one in gone}
    columns: Mapping[str, Any] = data.get("columns", {})

    def of_role(role: str) -> dict[str, dict[str, str]]:
        return {
            name: dict(column.get("meaning") or {"nl": name, "en": name})
            for name, column in columns.items()
            if column.get("role") == role and name not in names
        }

    limits = [one for one in (data.get("limits") or {}).get("disparity", []) if one.get("id") not in names]
    return Options(category, data, purposes, of_role("feature"), limits, gone, of_role("sensitive"))


def draft_of(options: Options, form: Form) -> dict[str, Any]:
    """The campaign that a form asks for, as plain data in the order of a campaign file. It judges nothing.

    A number that is none stays as it was typed, so that the check points at it.
    """
    data: dict[str, Any] = deepcopy(dict(options.base))
    data["campaign"] = _one(form, "id")
    for name in ("purpose", "channel"):
        data[name] = _one(form, name) or data.get(name)
    chosen = set(form.get("feature", ())) & set(options.features)
    for name, column in data["columns"].items():
        if column.get("role") == "feature" and name not in chosen:
            data["columns"][name] = {**column, "role": "forbidden"}
    data["offers"] = [_offer(data["offers"][place], form, place) for place in offers_used(options, form)]
    limits = {name: value for name, value in (data.get("limits") or {}).items() if name not in ("budget", "disparity")}
    if budget := _one(form, "budget"):
        limits = {"budget": _number(budget), **limits}
    contacts = {name: value for name, value in limits.get("contacts", {}).items() if name != "total"}
    if total := _one(form, "contacts"):
        contacts["total"] = _number(total)
    limits.pop("contacts", None)
    if contacts:
        limits["contacts"] = contacts
    bounds = [
        {**one, "bound": _number(_one(form, f"bound.{one['id']}") or str(one["bound"]))} for one in options.limits
    ]
    if bounds:
        limits["disparity"] = bounds
    data["limits"] = limits
    return data


def offers_used(options: Options, form: Form) -> list[int]:
    """The places, in the campaign that the form is made after, of the offers that it uses."""
    return [place for place, _ in enumerate(options.base["offers"]) if _one(form, f"offer.{place}.use")]


def _against(data: Mapping[str, Any], purpose: str, at: datetime) -> Gone | None:
    """Why a category does not allow a purpose; None where it does."""
    _, found = read_campaign({**data, "purpose": purpose}, at=at)
    meaning = {str(lang): purpose_words(purpose, lang) for lang in LANGUAGES}
    return next((replace(one, name=purpose, meaning=meaning) for one in _gone(data, found) if not one.name), None)


def _gone(data: Mapping[str, Any], found: Sequence[PolicyFinding]) -> Iterator[Gone]:
    """What an error of the category's own rules is about."""
    disparity = (data.get("limits") or {}).get("disparity", [])
    for one in found:
        finding, path = one.finding, one.path
        if finding.severity is not Severity.ERROR:
            continue
        told = (finding.id, finding.what, finding.rule, finding.remedy, owner_of(finding.id).value)
        if path[:1] == ("category",):
            yield Gone("", {}, *told)
        elif path[:1] == ("columns",) and len(path) > 1:
            name = str(path[1])
            meaning = (data.get("columns", {}).get(name) or {}).get("meaning") or {}
            yield Gone(name, meaning, *told)
        elif path[:2] == ("limits", "disparity") and len(path) > 2:
            limit = disparity[int(path[2])]
            yield Gone(str(limit.get("id", "")), {}, *told)


def _offer(offer: Mapping[str, Any], form: Form, place: int) -> dict[str, Any]:
    def asked(name: str) -> str:
        return _one(form, f"offer.{place}.{name}")

    out = {**offer, "text": {"nl": asked("nl"), "en": asked("en")}}
    for name in ("value", "cost", "capacity"):
        if asked(name):
            out[name] = _number(asked(name))
        else:
            out.pop(name, None)
    out["made_by_ai"] = asked("ai") == "yes"
    return out


def _one(form: Form, name: str) -> str:
    values = form.get(name, ())
    return " ".join(values[-1].split()) if values else ""


def _number(text: str) -> Decimal | int | str:
    """A number as it was typed, with a comma or a point; the text where it is none."""
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    return int(number) if f"{number}".lstrip("-").isdigit() else number

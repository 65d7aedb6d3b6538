"""Rules about columns: who may be told apart by what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite

from evenhand.terms import Category, Role, Severity, Surface

from ._campaign import Campaign, Column
from ._finding import PolicyFinding, found
from ._proxies import Attribute, attribute_named

__all__ = ["HIGH_RISK", "TARGETING_FORBIDDEN", "review_columns"]

TARGETING_FORBIDDEN = frozenset({Category.EMPLOYMENT, Category.HOUSING, Category.CREDIT})
"""Categories in which nobody may be told apart by age, gender, origin or place (RULES F-HEC)."""
_DECIDES = {Role.FEATURE: "feature", Role.ELIGIBILITY: "condition", Role.COST: "cost"}
"""Roles of columns that a decision goes by, and what such a column is called."""
HIGH_RISK = TARGETING_FORBIDDEN | {Category.INSURANCE}
"""Categories near Annex III of the AI Act (RULES A-6)."""

_MOST_EDGES = 19


def review_columns(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong or doubtful about the columns."""
    yield from _only_one(campaign, Role.IDENTIFIER, "EH-POL-030", "tells subjects apart")
    yield from _only_one(campaign, Role.OUTCOME, "EH-POL-031", "says how people responded")
    if not campaign.names(Role.FEATURE):
        yield found(
            "EH-POL-032",
            ("columns",),
            "No confirmed column is a feature, so there is nothing to decide by.",
            "Give at least one column role: feature with its meaning, and confirmed: true.",
        )
    for name, column in campaign.columns.items():
        yield from _one(campaign, name, column)
    if campaign.category in HIGH_RISK and not campaign.names(Role.SENSITIVE):
        yield found(
            "EH-POL-055",
            ("columns",),
            f"A campaign about {campaign.category} has no sensitive column: no difference between groups can be seen.",
            "Add columns such as sex or age band with role: sensitive; only counts of them are ever used.",
        )


def _only_one(campaign: Campaign, role: Role, id: str, what_for: str) -> Iterator[PolicyFinding]:
    names = campaign.names(role)
    if not names:
        yield found(
            id, ("columns",), f"No confirmed column has role: {role}.", f"Give the column that {what_for} role: {role}."
        )
    for name in names[1:]:
        yield found(
            id, ("columns", name, "role"), f"A second column has role: {role}.", f"Keep it for the one that {what_for}."
        )


def _one(campaign: Campaign, name: str, column: Column) -> Iterator[PolicyFinding]:
    path = ("columns", name)
    feature = column.role is Role.FEATURE
    decides = column.role in _DECIDES
    called = _DECIDES.get(column.role, "")
    if not column.confirmed:
        yield found(
            "EH-POL-035",
            (*path, "confirmed"),
            f"The column {name} was drafted and no person has confirmed it; it is not used.",
            "Check its role, then set confirmed: true.",
        )
    if decides and column.meaning is None:
        yield found(
            "EH-POL-033",
            path,
            f"The {called} {name} does not say what it means.",
            "Add meaning: with nl and en, in words that the person understands.",
        )
    if decides and column.special_category:
        yield found(
            "EH-POL-034",
            (*path, "role"),
            f"The {called} {name} is of a special category.",
            "Set role: sensitive to compare groups by it, or role: forbidden.",
        )
    if (column.per_offer and not feature) or "@" in name:
        yield found(
            "EH-POL-039",
            path,
            f"The column {name} is per offer without being a feature, or has @ in its name.",
            "Name it without @ (COLUMN@OFFER is understood), and use per_offer on features only.",
        )
    yield from _change(name, column)
    yield from _cut(name, column)
    if column.kept_in == "vault" and column.role is not Role.SENSITIVE:
        yield found(
            "EH-POL-161",
            ("columns", name, "kept_in"),
            f"The column {name} is read from the vault, and is not sensitive.",
            "Give it role: sensitive, or take kept_in out; nothing but counts of groups comes from the vault.",
        )
    if decides and not column.special_category:
        yield from _name(campaign.category, name)
    if column.role is Role.SENSITIVE and column.special_category and campaign.surface is Surface.ONLINE_PLATFORM:
        yield found(
            "EH-POL-038",
            path,
            f"The column {name} is of a special category, and the campaign stands on an online platform.",
            "Nothing to do: it is compared behind the wall and never used to choose an advert.",
        )


def _change(name: str, column: Column) -> Iterator[PolicyFinding]:
    """What is declared about changes of a column can be so."""
    within = column.change_within
    declared = "change_only" if column.change_only else "change_within"
    if not column.change_only and within is None:
        return
    if column.role is not Role.FEATURE or column.kind == "category" or not column.actionable:
        yield found(
            "EH-POL-043",
            ("columns", name, declared),
            f"The column {name} says which way or how far it could change, and is no number that people can change.",
            "Take it out, or declare the column as role: feature, kind: number and actionable: true.",
        )
    if within is None:
        return
    low, high = within.at_least, within.at_most
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        yield found(
            "EH-POL-044",
            ("columns", name, "change_within"),
            f"The range within which {name} could change holds no value, or says nothing.",
            "Give at_least, at_most or both, the first not above the second.",
        )


def _cut(name: str, column: Column) -> Iterator[PolicyFinding]:
    """What is cut into groups is a sensitive number, at values that rise."""
    if column.cut is None:
        return
    if column.role is not Role.SENSITIVE or column.kind == "category":
        yield found(
            "EH-POL-090",
            ("columns", name, "cut"),
            f"The column {name} says how it is cut into groups, and is no sensitive number.",
            "Take cut out, or declare the column as role: sensitive.",
        )
    if not isinstance(column.cut, tuple):
        return
    at = column.cut
    rises = all(low < high for low, high in pairwise(at)) and all(isfinite(value) for value in at)
    if not 1 <= len(at) <= _MOST_EDGES or not rises:
        yield found(
            "EH-POL-091",
            ("columns", name, "cut"),
            f"The values at which {name} is cut do not rise, or are none, or more than {_MOST_EDGES}.",
            "List each value once, the lowest first; or write quintiles.",
        )


def _name(category: Category, name: str) -> Iterator[PolicyFinding]:
    """What a feature's name gives away: an error where targeting by it is forbidden, else something to look at."""
    attribute = attribute_named(name)
    if attribute is None:
        return
    unisex = category is Category.INSURANCE and attribute is Attribute.GENDER
    if category in TARGETING_FORBIDDEN or unisex:
        yield found(
            "EH-POL-037",
            ("columns", name, "role"),
            f"The name of the column {name} points to {attribute}; nobody may be chosen by that in {category}.",
            "Set role: sensitive to compare groups by it, or role: forbidden; if the name misleads, rename the column.",
        )
        return
    yield found(
        "EH-POL-036",
        ("columns", name, "role"),
        f"The name of the column {name} points to {attribute}, or to a stand-in for it.",
        "Set role: sensitive if groups should be compared by it; decide by it only if a person has judged it.",
        severity=Severity.NOTE if attribute is Attribute.PLACE else Severity.WARNING,
    )

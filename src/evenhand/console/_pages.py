"""The pages: plain values into templates, in the frame that all pages for staff have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from evenhand.explanation import Lang, catalogue, money, number, percent, purpose_words, text
from evenhand.policy import MICRO
from evenhand.staff import Frame, StaffRole, page_filler
from evenhand.terms import Category, Channel

from ._blocks import done_about, rule_of, said_of
from ._draft import Options
from ._faults import Fault

__all__ = [
    "CHANGES",
    "campaign_page",
    "file_page",
    "list_page",
    "monitor_page",
    "new_page",
    "script",
    "style",
    "trouble_page",
]

CHANGES = frozenset({StaffRole.MARKETER, StaffRole.DATA_SCIENTIST})
"""Roles that make, change and start campaigns; nobody else is shown the way to that."""
Values = Mapping[str, Any]
_NUMBERS = (int, float, Decimal)


def list_page(campaigns: Sequence[Values], frame: Frame, lang: Lang) -> str:
    """Every campaign: its state, its funnel, and how evenly it reached groups."""
    return _filled("console_list.html", frame, lang, campaigns=campaigns)


def campaign_page(
    told: Values,
    figures: Values | None,
    tried: Values | None,
    frame: Frame,
    lang: Lang,
    *,
    asked: Values,
    may: Values,
    done: str = "",
    wrong: Values | None = None,
    typed: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """One campaign.

    Args:
        told: how it stands; see `adapters.campaigning.Campaigns.read`.
        figures: of its last run or of a plan; None where neither was asked for.
        tried: of a plan with other limits; None where none was asked for.
        frame: around it.
        lang: ``nl`` or ``en``.
        asked: the limits that were tried: ``budget``, ``contacts``, ``bounds`` by the id of the limit, and ``wrong``:
            names that cannot be tried, each with why.
        may: what whoever looks may do: ``change``, ``pause``, ``resume``, and ``over``: pause over another's pause.
        done: what was done just now; "" = nothing.
        wrong: what went wrong, as a block; None = nothing.
        typed: a form of this page that was sent and is shown again, with what was typed; None = none.
    """
    acts = _acts(told, may)

    def form_of(act: str) -> str:
        return f"act-{acts.index(act) + 1}"

    def typed_in(act: str, name: str) -> str:
        fields = typed or {}
        return (fields.get(name) or [""])[-1] if act in fields.get("act", ()) else ""

    return _filled(
        "console_campaign.html",
        replace(frame, forms=tuple(map(form_of, acts))),
        lang,
        acts=acts,
        form_of=form_of,
        typed_in=typed_in,
        one=told,
        figures=figures,
        tried=tried,
        asked=asked,
        may=may,
        done=f"console.done.{done}" if f"console.done.{done}" in catalogue(lang) else "",
        wrong=wrong,
        sliders=_sliders(figures, asked),
    )


def new_page(
    bases: Sequence[str],
    options: Options | None,
    frame: Frame,
    lang: Lang,
    *,
    base: str = "",
    wrong: Values | None = None,
    typed: Mapping[str, Sequence[str]] | None = None,
    faults: Sequence[Fault] = (),
    is_unknown: bool = False,
) -> str:
    """A new campaign by form: the category first, then what it allows.

    Args:
        bases: campaigns that it can be made after.
        options: what the form may ask; None = the category is asked first.
        frame: around it.
        lang: ``nl`` or ``en``.
        base: the campaign that it is made after.
        wrong: as of `campaign_page`.
        typed: what was filled in already; None = nothing.
        faults: fields that cannot be right as they were filled in.
        is_unknown: whether the address names a category or a campaign that there is not.
    """

    def value(name: str, declared: object) -> str:
        if typed is not None:
            return (typed.get(name) or [""])[-1]
        return str(declared).replace(".", ",") if lang == "nl" and isinstance(declared, _NUMBERS) else str(declared)

    return _filled(
        "console_new.html",
        frame,
        lang,
        value=value,
        has=lambda name, one: typed is None or one in typed.get(name, ()),
        bases=bases,
        base=base,
        options=options,
        wrong=wrong,
        faults=faults,
        meanings={} if options is None else {name: one.get("meaning") for name, one in options.base["columns"].items()},
        fault_of={fault.field: fault for fault in faults},
        is_unknown=is_unknown,
        categories=[one.value for one in Category],
        channels=[one.value for one in Channel],
        currency="EUR" if options is None else options.base.get("currency", "EUR"),
        purposes=() if options is None else options.purposes,
    )


def file_page(
    document: str,
    blocks: Sequence[Values],
    frame: Frame,
    lang: Lang,
    *,
    replaces: str = "",
    seen: str = "",
    done: str = "",
    reason: str = "",
    wrong: Values | None = None,
    is_read: bool = False,
) -> str:
    """A campaign file, as it would be kept: to read, to correct, to download, to keep.

    Args:
        document: the file.
        blocks: what its check found.
        frame: around it.
        lang: ``nl`` or ``en``.
        replaces: the campaign that it is another version of; "" = a new one.
        seen: the ETag of that campaign as it was seen.
        done: as of `campaign_page`.
        reason: that was typed already.
        wrong: why it was not kept, where something other than the file stands against it.
        is_read: only to read; whoever looks cannot change it here.
    """
    told = f"console.done.{done}" if f"console.done.{done}" in catalogue(lang) else ""
    lines = min(60, document.count("\n") + 3)
    return _filled(
        "console_file.html",
        frame,
        lang,
        document=document,
        found=blocks,
        wrong=wrong,
        replaces=replaces,
        seen=seen,
        lines=lines,
        reason=reason,
        done=told,
        is_read=is_read,
    )


def monitor_page(watched: Sequence[Values], frame: Frame, lang: Lang, *, may_look: bool, done: str = "") -> str:
    """What the monitors found when they last looked, with the bands that hold at every moment.

    Args:
        watched: of each campaign its name, state, when its monitors looked, and the streams as words and drawings.
        frame: around it.
        lang: ``nl`` or ``en``.
        may_look: whether whoever reads may have them look now.
        done: as of `campaign_page`.
    """
    told = f"console.done.{done}" if f"console.done.{done}" in catalogue(lang) else ""
    return _filled("console_monitor.html", frame, lang, watched=watched, may_look=may_look, done=told)


def trouble_page(wrong: Values, frame: Frame, lang: Lang, *, back: str) -> str:
    """What went wrong, by which rule, and what to do."""
    return _filled("console_trouble.html", frame, lang, wrong=wrong, back=back)


def style() -> str:
    """The style sheet of these pages, beside that of all pages for staff."""
    return (files(__package__) / "page" / "console.css").read_text("utf-8")


def script() -> str:
    """The script of the page of a campaign: it shows the number of a slider while it is moved."""
    return (files(__package__) / "page" / "console.js").read_text("utf-8")


def _sliders(figures: Values | None, asked: Values) -> list[dict[str, Any]]:
    """One for the budget, one for people, one for each limit of groups: from nothing to twice what was declared."""
    out = []
    for one in (figures or {}).get("limits", ()):
        if one["kind"] in ("budget", "contacts"):
            most = max(2 * one["declared"], 1)
            step = max(1, round(most / 100)) if most >= 20 or one["kind"] == "contacts" else 0.1
            value = one["declared"] if asked[one["kind"]] is None else float(asked[one["kind"]])
            out.append({**one, "name": one["kind"], "most": max(most, value), "step": step, "value": value})
        elif one["kind"] == "disparity":
            value = asked["bounds"].get(one["id"], one["declared"])
            out.append({**one, "name": f"bound.{one['id']}", "most": 1, "step": 0.05, "value": value})
    return out


def _acts(told: Values, may: Values) -> list[str]:
    """What whoever looks can do with a campaign now, in the order of its forms on the page."""
    review, state = told["review"] or {"block": None}, told["state"]
    is_newer = told["origin"] == "network" and told["started_version"] != told["version"]
    can = {
        "verdict": may["review"],
        "send": may["send"],
        "start": may["change"] and not review["block"] and is_newer and state in ("draft", "active"),
        "pause": (may["pause"] and state == "active") or may["over"],
        "resume": may["resume"] and state in ("paused", "fell-back"),
    }
    return [name for name, is_possible in can.items() if is_possible]


def _words(lang: Lang) -> dict[str, Callable[..., str]]:
    """What templates say with: amounts, shares, moments and the words of other parts."""

    def known(key: str, other: str) -> str:
        return text(key, lang) if key in catalogue(lang) else other

    def at(moment: str) -> str:
        return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M UTC")

    def role(name: str) -> str:
        return known(f"staff.role.{name}", known(f"console.role.{name}", name))

    def columns(one: Values, names: Sequence[str]) -> str:
        """Columns by what they mean, where the campaign says so; else by their names."""
        meanings = one.get("meanings") or {}
        return " & ".join((meanings.get(name) or {}).get(lang) or name for name in names)

    def limit_name(one: Values, offers: Sequence[Values] = ()) -> str:
        return known(f"console.limit.{one['kind']}", one["kind"]) + _which(one, offers, lang)

    return {
        "columns": columns,
        "ended": _ended,
        "said": lambda block: said_of(block, lang),
        "rule_words": lambda block: rule_of(block, lang),
        "do_about": lambda block: done_about(block, lang),
        "role": role,
        "roles": lambda names: ", ".join(map(role, names)),
        "purpose": lambda term: purpose_words(term, lang),
        "money": lambda value, currency: money(round(value * MICRO), currency, lang),
        "share": lambda value: percent(value, lang, 0),
        "ratio": lambda value: number(value, lang, 2),
        "figure": lambda value: number(value, lang, 3),
        "amount": lambda value: number(value, lang, 0 if float(value) == int(value) else 2),
        "drop": lambda key: known(f"report.drop.{key}", key),
        "limit_name": limit_name,
        "limit_note": lambda one: known(f"console.limits.note.{one['note']}", ""),
        "at": at,
    }


def _which(one: Values, offers: Sequence[Values], lang: Lang) -> str:
    """Which of several limits of a kind: an offer's, by its text where that is known, or one between groups."""
    if one["kind"] in ("budget", "contacts"):
        return ""
    offer = one["id"].partition(":")[2]
    texts = {each["id"]: each["text"][lang] for each in offers}
    return f": {texts[offer]} ({offer})" if offer in texts else f": {offer or one['id']}"


def _ended(said: str) -> str:
    """What somebody typed as a sentence that ends, so that the next one does not run into it.

    >>> _ended("complaints"), _ended("Why?")
    ('complaints.', 'Why?')
    """
    return said if said[-1:] in (".", "!", "?", "\N{HORIZONTAL ELLIPSIS}") else f"{said}."


def _filled(template: str, frame: Frame, lang: Lang, **values: Any) -> str:
    """A page of this part, which shows the way to a new campaign only to whoever may make one."""
    may_make = frame.staff is not None and frame.staff.may(CHANGES)
    return _fill()(template, frame, lang, may_make=may_make, **_words(lang), **values)


@cache
def _fill() -> Callable[..., str]:
    return page_filler(files(__package__) / "page")

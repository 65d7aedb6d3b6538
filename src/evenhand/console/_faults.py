"""Fields of the form of a new campaign that cannot be right, so that the form says so itself and keeps what was typed.

The check of the campaign file decides; what it finds at a place that a field wrote is told beside that field. What it
finds anywhere else, or as a rule of the campaign as a whole, stands beside the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from evenhand.policy import read_campaign
from evenhand.terms import Severity

from ._draft import Options, draft_of, offers_used

__all__ = ["Fault", "faults_of"]

Kind = Literal["id", "text", "amount", "whole", "share", "offers"]
_FORM = frozenset({"EH-POL-004", "EH-POL-005", "EH-POL-006", "EH-POL-007"})
"""Checks of the form of one value: missing, of another kind, no word that is allowed, outside its bounds."""
_OF_OFFER: Mapping[object, Kind] = {"value": "amount", "cost": "amount", "capacity": "whole"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that cannot be right.

    Attributes:
        field: its name in the form.
        anchor: its id on the page.
        kind: what it must be, which says what to type.
        label: key of its name in the catalogue.
        about: the offer or the limit that it is of; "" = of the campaign.
    """

    field: str
    anchor: str
    kind: Kind
    label: str
    about: str = ""


def faults_of(options: Options, form: Mapping[str, Sequence[str]], *, at: datetime) -> tuple[Fault, ...]:
    """The fields of a form that cannot be right, in the order of the form, each once.

    Args:
        options: what the form asked.
        form: what was typed.
        at: now, as the checks take it.
    """
    draft = draft_of(options, form)
    offers = offers_used(options, form)
    _, found = read_campaign(draft, at=at)
    errors = [one.path for one in found if one.finding.severity is Severity.ERROR and one.finding.id in _FORM]
    faults = [fault for path in errors if (fault := _fault(path, options, offers)) is not None]
    return tuple({fault.field: fault for fault in faults}.values())


def _fault(path: tuple[str | int, ...], options: Options, offers: Sequence[int]) -> Fault | None:
    """The field that wrote a place of the file; None where none did."""
    match path:
        case ("campaign",):
            return Fault("id", "id", "id", "console.new.id")
        case ("offers",):
            return Fault("offer.0.use", "use-0", "offers", "console.new.use")
        case ("offers", int(number), "text", "nl" | "en" as lang):
            return _of_offer(options, offers[number], str(lang), "text", f"console.new.text-{lang}")
        case ("offers", int(number), "value" | "cost" | "capacity" as name):
            return _of_offer(options, offers[number], str(name), _OF_OFFER[name], f"console.new.{name}")
        case ("limits", "budget"):
            return Fault("budget", "budget", "amount", "console.limit.budget")
        case ("limits", "contacts", "total"):
            return Fault("contacts", "contacts", "whole", "console.limit.contacts")
        case ("limits", "disparity", int(number), "bound"):
            id = str(options.limits[number]["id"])
            return Fault(f"bound.{id}", f"bound-{number + 1}", "share", "console.limit.disparity", id)
    return None


def _of_offer(options: Options, place: int, name: str, kind: Kind, label: str) -> Fault:
    return Fault(f"offer.{place}.{name}", f"{name}-{place}", kind, label, str(options.base["offers"][place]["id"]))
